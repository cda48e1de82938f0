/** Why a credit is likely a stall's, as a person reads it before deciding, and as it is kept afterwards. */
const LIKELIHOODS = {
  decided_before: 'lần trước khoản giống vậy đã ghi ở đây',
  virtual_account: 'tiền vào đúng tài khoản ảo ở đây',
  sale_reference: 'nội dung có mã lần bán ở đây',
  reference: 'nội dung có mã ở đây',
  near_reference: 'nội dung có mã gần giống, sai một chữ',
  open_sale: 'vừa tính đúng số tiền này, chưa nhận được',
  same_payer: 'người này từng chuyển đến đây',
  account: 'nhận tiền ở tài khoản này',
} as const

export const likelihoodWords = (why: keyof typeof LIKELIHOODS): string => LIKELIHOODS[why]

/** What an undecided credit can be that is no sale, in the order of the keys. */
export const KINDS_NOT_A_SALE = ['family', 'loan', 'cash_back', 'refund', 'fee', 'test'] as const

const KINDS: Record<(typeof KINDS_NOT_A_SALE)[number], string> = {
  family: 'Người nhà',
  loan: 'Mượn, vay',
  cash_back: 'Đổi tiền mặt',
  refund: 'Hoàn tiền',
  fee: 'Phí chợ',
  test: 'Chuyển thử',
}

export const kindWords = (kind: keyof typeof KINDS): string => KINDS[kind]
