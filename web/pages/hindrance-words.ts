/** What of the bank itself keeps an account from being heard. */
export type HearingHindrance = 'bank_not_heard' | 'needs_virtual_account'
/** What keeps an account from being heard. */
export type Hindrance = HearingHindrance | 'not_bound'

/** Each in words, and what to do about it; read by the board and by the vendor herself. */
export const HINDRANCES: Record<Hindrance, { words: string; remedy: string }> = {
  bank_not_heard: {
    words: 'Ngân hàng này chưa báo tiền về được',
    remedy: 'Mã vẫn nhận tiền, nhưng loa không đọc. Muốn có loa thì mở tài khoản ở ngân hàng báo được.',
  },
  needs_virtual_account: {
    words: 'Ngân hàng này chỉ báo qua tài khoản ảo',
    remedy:
      'Mã vẫn nhận tiền, nhưng loa chưa đọc. Xin ngân hàng cấp tài khoản ảo, rồi ban quản lý ghi thêm vào danh sách.',
  },
  not_bound: {
    words: 'Chưa nguồn nào được phép báo tài khoản này',
    remedy: 'Nhờ người vận hành cho phép nguồn báo tiền đọc tài khoản này.',
  },
}
