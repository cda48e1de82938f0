/**
 * What a vendor agrees to, in words that can be read aloud to her. A consent is stored with the version she saw:
 * change a sentence and the version must change with it, and she is asked again.
 */
export const CONSENT_TEXT_VERSION = '2026-11-1'

export interface ConsentPoint {
  question: string
  answer: string
}

export const CONSENT_TEXT: readonly ConsentPoint[] = [
  {
    question: 'Chợ 4.0 đọc gì?',
    answer:
      'Chỉ đọc tin ngân hàng báo có tiền vào tài khoản nhận tiền của sạp: số tiền, giờ, nội dung chuyển khoản, tên người chuyển (nếu có). Ngân hàng có báo cả tiền ra thì chỉ giữ số tiền và giờ. Không rút, không chuyển được tiền của cô chú.',
  },
  {
    question: 'Để làm gì?',
    answer: 'Để đọc to số tiền khi khách chuyển, và cộng sổ tiền bán trong ngày cho sạp.',
  },
  {
    question: 'Ai thấy gì?',
    answer:
      'Từng khoản tiền: chỉ sạp mình thấy, và người vận hành khi phải dò một khoản bị lạc. Ban quản lý chợ không thấy số tiền của sạp, chỉ biết cả chợ có bao nhiêu sạp đang nhận chuyển khoản.',
  },
  {
    question: 'Giữ bao lâu?',
    answer:
      'Nội dung chuyển khoản và tên người chuyển xoá sau 90 ngày. Số tiền và giờ giữ lại làm sổ của sạp.',
  },
  {
    question: 'Đổi ý thì sao?',
    answer:
      'Thôi lúc nào cũng được: nói với ban quản lý hoặc người hướng dẫn là dừng ngay. Mã của sạp vẫn nhận tiền như thường, chỉ là loa không đọc nữa.',
  },
]
