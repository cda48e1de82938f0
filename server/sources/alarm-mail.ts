import { createTransport, type NodemailerError } from 'nodemailer'
import { businessDay, vietnamDate, vietnamTime } from '../../shared/business-day.ts'
import { displayText } from '../../shared/display-text.ts'
import type { AlarmNews, AlarmWay } from './alarm-way.ts'

/** Who sends the operator's mail on. Without a user it is not logged in to. */
export interface SmtpServer {
  host: string
  port: number
  /** TLS from the first byte; otherwise by STARTTLS, which is demanded of every machine but this one. */
  secure: boolean
  user: string
  password: string
}

export interface AlarmMail {
  server: SmtpServer
  from: string
  to: string
}

/** A server that trickles its answers is given up on too. */
const SENDING_MS = 30_000
const ANSWER_MS = 10_000
const MAX_LABEL_LENGTH = 60

/**
 * A plain text mail (RFC 5322, `Auto-Submitted` by RFC 3834) over SMTP, to one address. Its Message-ID is the news's
 * own, so that a mailbox may know one that was sent twice. Certificates are checked as Node does, `NODE_EXTRA_CA_CERTS`
 * included. Throws where the server did not take it for that address.
 */
export function mailWay({ server, from, to }: AlarmMail): AlarmWay {
  const { host, port, secure, user, password } = server
  const isThisMachine = /^(localhost|::1|127(\.\d{1,3}){3})$/.test(host)
  const transport = createTransport({
    host,
    port,
    secure,
    ...(isThisMachine ? { ignoreTLS: true } : { requireTLS: true }),
    ...(user === '' ? {} : { auth: { user, pass: password } }),
    dnsTimeout: ANSWER_MS,
    connectionTimeout: ANSWER_MS,
    greetingTimeout: ANSWER_MS,
    socketTimeout: ANSWER_MS,
  })
  return {
    name: 'mail',
    address: to,
    async tell(news, now, signal) {
      const what = news.event === 'trial' ? 'trial' : `${news.event}-${news.state}-${news.alarmId}`
      const mail = {
        from,
        to,
        ...wordsOf(news),
        messageId: `<${what}-${news.at}@${new URL(news.url).hostname}>`,
        date: new Date(now),
        headers: { 'auto-submitted': 'auto-generated' },
        signal: AbortSignal.any([signal, AbortSignal.timeout(SENDING_MS)]),
      }
      const problem = await transport.sendMail(mail).then(() => undefined, problemOf)
      if (problem !== undefined) throw new Error(`alarm mail: ${problem}`)
    },
  }
}

/** What a server answered is not quoted, nor is the error itself: some repeat the password that they refuse. */
const problemOf = ({ code, message, response, responseCode }: NodemailerError): string =>
  response === undefined ? `${code}, ${message}` : `${code} (SMTP ${responseCode})`

const when = (at: number): string => `${vietnamTime(at)} ngày ${vietnamDate(businessDay(at, 0))}`

const WRONG = {
  source_silent: {
    subject: 'im lâu hơn thường lệ',
    what: (since: string) => `không báo gì từ ${since}, lâu hơn thường lệ vào giờ này`,
    now: 'Máy chủ đã hỏi lại lịch sử của nguồn, nếu nguồn cho hỏi.',
  },
  source_late: {
    subject: 'báo chậm hơn thường lệ',
    what: (since: string) => `báo tiền về chậm hơn thường lệ, từ ${since}`,
    now: 'Tiền vẫn được ghi đủ, chỉ là đến trễ.',
  },
} as const

/** In the operator's words; a source's name is typed by a person and is one line. */
function wordsOf(news: AlarmNews): { subject: string; text: string } {
  if (news.event === 'trial') {
    return {
      subject: '[Chợ 4.0] Thư thử',
      text: `Đây là thư thử, gửi lúc ${when(news.at)}. Nhận được thư này là báo động qua thư đã chạy.\n\n${news.url}\n`,
    }
  }
  const { subject, what, now } = WRONG[news.event]
  const { bankName } = news
  const label = displayText(news.label, MAX_LABEL_LENGTH)
  const short = bankName === null ? label : `${bankName} (${label})`
  const speaker = bankName === null ? `Nguồn «${label}»` : `Ngân hàng ${bankName}, qua nguồn «${label}»,`
  if (news.state === 'ended') {
    return {
      subject: `[Chợ 4.0] Đã qua: ${short} ${subject}`,
      text: `${speaker} đã báo lại như thường lệ từ ${when(news.at)} (có chuyện từ ${when(news.since)}).
Không cần làm gì nữa.

${news.url}
`,
    }
  }
  const whose =
    bankName === null ? 'chỉ được nguồn này báo tiền' : `có tài khoản ${bankName} mà chỉ nguồn này báo`
  const look = bankName === null ? 'nơi nhận báo tiền (webhook) còn bật' : `các tài khoản ${bankName} còn nối`
  return {
    subject: `[Chợ 4.0] ${short} ${subject}`,
    text: `${speaker} ${what(when(news.since))}.
${now} Tiểu thương ${whose} đang đọc thấy «Ngân hàng ${bankName ?? '…'} đang báo chậm».

Việc cần làm:
1. Mở ${news.url} và xem nguồn này nghe lần cuối lúc nào.
2. Mở trang quản trị của nguồn, xem ${look} không, có báo lỗi không.
3. Nếu bên đó đang trục trặc, nhắc tiểu thương xem ứng dụng ngân hàng trước khi giao hàng.

Thư này gửi một lần. Khi hết chuyện sẽ có một thư nữa.
`,
  }
}
