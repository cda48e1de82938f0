import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { mailWay, type SmtpServer } from '../../server/sources/alarm-mail.ts'
import type { AlarmNews } from '../../server/sources/alarm-way.ts'
import { CERTIFICATE, openMailbox, type Mailbox } from '../smtp-server.ts'

const NOW = Date.parse('2026-11-22T09:10:00+07:00')
const PASSWORD = 'mat khau cua hop thu'
const news = {
  event: 'source_silent',
  state: 'raised',
  alarmId: 7,
  sourceId: 'sepay-1',
  label: 'SePay',
  bankBin: null,
  bankName: null,
  since: NOW - 600_000,
  at: NOW,
  url: 'https://cho.example.vn/operator/sources',
} as const

let mailbox: Mailbox
afterEach(() => mailbox.close())

const send = (
  told: AlarmNews = news,
  server: Partial<SmtpServer> = {},
  signal = new AbortController().signal,
) =>
  mailWay({
    server: {
      host: 'localhost',
      port: mailbox.port,
      secure: false,
      user: 'chợ@x',
      password: PASSWORD,
      ...server,
    },
    from: 'may@cho.example.vn',
    to: 'kythuat@xa.example.vn',
  }).tell(told, NOW, signal)

/** The header's lines, unfolded, and the text, decoded. */
function read(mail: string): { header: string[]; subject: string; text: string } {
  const [head = '', body = ''] = mail.split(/\r\n\r\n(.*)/s)
  const header = head.replaceAll(/\r\n[ \t]/g, ' ').split('\r\n')
  const subject = header.find((line) => line.startsWith('Subject: '))!.slice('Subject: '.length)
  const decoded = subject
    .replaceAll(/\?= =\?/g, '?==?')
    .replaceAll(/=\?UTF-8\?(.)\?(.*?)\?=/gi, (_, how: string, text: string) =>
      how === 'B' ? Buffer.from(text, 'base64').toString() : unquote(text.replaceAll('_', ' ')),
    )
  const isBase64 = header.some((line) => /^Content-Transfer-Encoding: base64$/i.test(line))
  return { header, subject: decoded, text: isBase64 ? Buffer.from(body, 'base64').toString() : unquote(body) }
}
const unquote = (text: string) =>
  Buffer.from(
    text
      .replaceAll(/=\r\n/g, '')
      .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  ).toString('utf8')

it('says in plain text what is wrong, since when, what to do, and where to look', async () => {
  mailbox = await openMailbox()
  await send()
  const { header, subject, text } = read(mailbox.mails[0]!)
  expect(subject).toBe('[Chợ 4.0] SePay im lâu hơn thường lệ')
  expect(text).toContain('Nguồn «SePay» không báo gì từ 09:00 ngày 22/11, lâu hơn thường lệ vào giờ này.')
  expect(text).toContain('Việc cần làm:')
  expect(text).toContain('https://cho.example.vn/operator/sources')
  expect(header).toEqual(
    expect.arrayContaining([
      'From: may@cho.example.vn',
      'To: kythuat@xa.example.vn',
      'Auto-Submitted: auto-generated',
      `Message-ID: <source_silent-raised-7-${NOW}@cho.example.vn>`,
      'Date: Sun, 22 Nov 2026 02:10:00 +0000',
      'Content-Type: text/plain; charset=utf-8',
    ]),
  )
  expect(mailbox.logins).toEqual([`chợ@x ${PASSWORD}`])
  await send({ ...news, state: 'ended', at: NOW + 120_000 })
  expect(read(mailbox.mails[1]!)).toMatchObject({
    subject: '[Chợ 4.0] Đã qua: SePay im lâu hơn thường lệ',
    text: expect.stringContaining(
      'báo lại như thường lệ từ 09:12 ngày 22/11 (có chuyện từ 09:00 ngày 22/11)',
    ),
  })
  await send({ ...news, event: 'source_late' })
  expect(read(mailbox.mails[2]!).text).toContain('chậm hơn thường lệ, từ 09:00 ngày 22/11.')
  await send({ event: 'trial', at: NOW, url: news.url })
  expect(read(mailbox.mails[3]!).subject).toBe('[Chợ 4.0] Thư thử')
})

it('says which bank of the source, where it is one', async () => {
  mailbox = await openMailbox()
  const ofBank = { ...news, bankBin: '970415', bankName: 'VietinBank' }
  await send(ofBank)
  await send({ ...ofBank, state: 'ended' })
  const [raised, ended] = mailbox.mails.map(read)
  expect(raised!.subject).toBe('[Chợ 4.0] VietinBank (SePay) im lâu hơn thường lệ')
  expect(raised!.text).toContain('Ngân hàng VietinBank, qua nguồn «SePay», không báo gì từ 09:00 ngày 22/11')
  expect(raised!.text).toContain('Tiểu thương có tài khoản VietinBank mà chỉ nguồn này báo đang đọc thấy')
  expect(ended!.subject).toBe('[Chợ 4.0] Đã qua: VietinBank (SePay) im lâu hơn thường lệ')
})

it('a source’s name adds neither a header nor a line', async () => {
  mailbox = await openMailbox()
  await send({ ...news, label: 'SePay\r\nBcc: ke-gian@example.com\r\n\r\nChuyển tiền tới\u2028đây' })
  const { header, subject, text } = read(mailbox.mails[0]!)
  expect(header.filter((line) => /^(bcc|cc|to):/i.test(line))).toEqual(['To: kythuat@xa.example.vn'])
  expect(subject).toContain('SePay Bcc: ke-gian@example.com Chuyển tiền tới đây')
  expect(text).not.toMatch(/^(Bcc|Chuyển|đây)/m)
})

it('what the server refuses is an error that repeats neither the password nor the server’s words', async () => {
  mailbox = await openMailbox({
    onAuth: ({ password }, _session, done) => done(new Error(`your password ${password} is wrong`)),
  })
  await expect(send()).rejects.toThrow(/^alarm mail: EAUTH \(SMTP 535\)$/)
  await mailbox.close()
  mailbox = await openMailbox()
  mailbox.refusal = new Error(`spam: ${PASSWORD}`)
  await expect(send()).rejects.toThrow(/^alarm mail: EMESSAGE \(SMTP 450\)$/)
})

it('a server that says nothing is given up on as soon as we stop', async () => {
  mailbox = await openMailbox({ onConnect: () => {} })
  const stopped = new AbortController()
  setTimeout(() => stopped.abort(), 20)
  await expect(send(news, {}, stopped.signal)).rejects.toThrow('EABORT')
})

describe('beyond this machine a mail goes out only under TLS that is trusted', () => {
  /** Reached like any other machine: only its name says that it is this one. */
  const AFAR = '0.0.0.0'
  const trust = () => {
    const before = getCACertificates('default')
    setDefaultCACertificates([...before, CERTIFICATE])
    return () => setDefaultCACertificates(before)
  }
  it.each<[string, Partial<SmtpServer>, Parameters<typeof openMailbox>[0]]>([
    ['from the first byte', { secure: true }, { secure: true }],
    ['by STARTTLS', { host: AFAR }, { disabledCommands: [] }],
  ])('%s', async (_, server, options) => {
    mailbox = await openMailbox(options)
    await expect(send(news, server)).rejects.toThrow('self-signed certificate')
    expect([mailbox.logins, mailbox.mails]).toEqual([[], []])
    const trustNoMore = trust()
    await send(news, server).finally(trustNoMore)
    expect(mailbox.mails).toHaveLength(1)
  })

  it('and not to a server that has none', async () => {
    mailbox = await openMailbox()
    await expect(send(news, { host: AFAR })).rejects.toThrow('alarm mail: ')
    expect([mailbox.logins, mailbox.mails]).toEqual([[], []])
  })
})
