/** By what a credit was matched. */
const RULES = {
  virtual_account: 'tài khoản ảo',
  reference: 'mã trong nội dung',
  sale_reference: 'mã lần bán trong nội dung',
  source_code: 'mã do nguồn đọc ra',
  sole_stall: 'tài khoản chỉ của một chỗ bán',
  assigned: 'người ghi',
  split: 'người ghi',
  not_a_sale: 'người ghi',
} as const

export const ruleWords = (rule: keyof typeof RULES): string => RULES[rule]
