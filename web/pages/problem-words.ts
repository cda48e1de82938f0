/** What is wrong with a field, in words that say what to write instead. */
const WORDS = {
  missing: 'Chỗ này còn trống.',
  too_long: 'Dài quá, ghi gọn lại.',
  unknown_bank: 'Không có ngân hàng nào tên như vậy. Chọn trong danh sách.',
  bank_takes_no_transfers: 'Ngân hàng này không nhận chuyển khoản nhanh. Chọn ngân hàng khác.',
  bad_account_number: 'Ghi lại số tài khoản: chỉ chữ số và chữ cái, nhiều nhất 19 ký tự.',
  bad_phone: 'Ghi lại số điện thoại: bắt đầu bằng 0 hoặc +84, ví dụ 0901234567.',
  bad_choice: 'Chọn một trong các mục có sẵn.',
  bad_time: 'Ghi lại cho đúng, không sau hôm nay.',
  no_account_code: 'Mã này không chuyển vào tài khoản nào. Gõ số tài khoản ở dưới.',
} as const

export type ProblemWord = keyof typeof WORDS

/** Field → what is wrong with it. */
export type FieldErrors<Field extends string = string> = Partial<Record<Field, string>>

export const problemWords = (code: ProblemWord): string => WORDS[code]

export const fieldErrors = <Field extends string>(
  problems: readonly { field: Field; code: ProblemWord }[],
): FieldErrors<Field> => {
  const errors: FieldErrors<Field> = {}
  for (const { field, code } of problems) errors[field] ??= problemWords(code)
  return errors
}
