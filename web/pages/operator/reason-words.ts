/** Why nobody has decided whose money it is. */
const EXCEPTIONS = {
  unreadable: 'Tin báo không đọc được',
  content_changed: 'Tin báo lại cùng một khoản nhưng khác nội dung',
  conflicting_evidence: 'Tài khoản ảo của một sạp, nội dung lại ghi mã sạp khác',
  two_references: 'Nội dung có mã của hai sạp',
  wrong_account: 'Nội dung ghi mã của một sạp không nhận tiền ở tài khoản này',
  closed_stall: 'Sạp đã đóng',
  unproven_account: 'Tài khoản mới đề xuất, chưa có khách chuyển bằng mã của sạp',
  no_reference: 'Nhiều sạp chung tài khoản này, nội dung không có mã sạp',
  perhaps_told_before: 'Có thể là khoản đã báo rồi: cùng tài khoản, số tiền, ngày, khác nội dung hoặc mã',
  match_reversed: 'Đã ghi rồi gỡ ra, chờ ghi lại',
} as const

/** Why money is seen but not counted. */
const NOT_COUNTED = {
  test: 'Tin thử của nguồn, hoặc tiền thử để chứng minh tài khoản',
  outgoing: 'Tiền ra',
  unknown_account: 'Tài khoản không có trong danh sách sạp',
  source_not_allowed: 'Nguồn này chưa được phép báo tài khoản đó',
  no_consent: 'Người bán chưa đồng ý',
  retired_account: 'Tài khoản đã thôi dùng',
} as const

export const exceptionWords = (reason: keyof typeof EXCEPTIONS): string => EXCEPTIONS[reason]
export const notCountedWords = (reason: keyof typeof NOT_COUNTED): string => NOT_COUNTED[reason]
