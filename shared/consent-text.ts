/**
 * What a vendor agrees to, in words that can be read aloud to her. A consent is stored with the version she saw:
 * change a sentence and the version must change with it, and she is asked again.
 */
export const CONSENT_TEXT_VERSION = '2026-11-2'

/** The versions whose words tell her that the board may know whether her stall receives transfers at all. */
const TELL_OF_VISITS = new Set([CONSENT_TEXT_VERSION])
/** When the first of them was written; a paper signed earlier cannot have said it. */
const TOLD_SINCE = Date.parse('2026-11-22T00:00:00+07:00')
const PAPER = 'paper, '

/** Whether a consent to that text, given at `at`, lets the board know yes or no of her own stall. */
export function tellsOfVisits(textVersion: string, at: number): boolean {
  return textVersion.startsWith(PAPER)
    ? TELL_OF_VISITS.has(textVersion.slice(PAPER.length)) && at >= TOLD_SINCE
    : TELL_OF_VISITS.has(textVersion)
}

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
      'Từng khoản tiền: chỉ sạp mình thấy, và người vận hành khi phải dò một khoản bị lạc. Ban quản lý chợ không thấy số tiền của sạp, chỉ biết trong 30 ngày qua sạp mình có khách chuyển khoản hay không, để đến giúp sạp nào chưa có. Ra ngoài chợ thì chỉ nói cả chợ, cả dãy có bao nhiêu sạp nhận chuyển khoản.',
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

/** The same text as a voice reads it: one line, with numbers written as they are said where a voice would stumble. */
export function consentSpeech(): string {
  return CONSENT_TEXT.map(({ question, answer }) => `${question} ${answer}`)
    .join(' ')
    .replaceAll('4.0', 'bốn chấm không')
}
