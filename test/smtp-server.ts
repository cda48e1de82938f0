import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

const read = (name: string) => readFileSync(join(import.meta.dirname, 'fixtures', 'tls', name), 'utf8')
export const CERTIFICATE = read('certificate.pem')

export interface Mailbox {
  port: number
  /** Every mail that was taken, as it came. */
  mails: string[]
  /** Who logged in, with what. */
  logins: string[]
  /** What each mail is answered with: null is taken. */
  refusal: Error | null
  close(): Promise<void>
}

/** A real SMTP server on this machine, without TLS unless `options` say otherwise, that lets everybody in. */
export async function openMailbox(options: SMTPServerOptions = {}): Promise<Mailbox> {
  const mailbox: Mailbox = { port: 0, mails: [], logins: [], refusal: null, close: async () => {} }
  const server = new SMTPServer({
    key: read('key.pem'),
    cert: CERTIFICATE,
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth({ username, password }, _session, done) {
      mailbox.logins.push(`${username} ${password}`)
      done(null, { user: username })
    },
    onData(stream, _session, done) {
      let mail = ''
      stream.setEncoding('utf8')
      stream.on('data', (part: string) => void (mail += part))
      stream.on('end', () => {
        if (!mailbox.refusal) mailbox.mails.push(mail)
        done(mailbox.refusal)
      })
    },
    ...options,
  })
  // A client that does not trust us is no failure of ours.
  server.on('error', () => {})
  const listening = server.listen(0)
  await once(listening, 'listening')
  mailbox.port = (listening.address() as AddressInfo).port
  mailbox.close = () => new Promise((done) => server.close(() => done()))
  return mailbox
}
