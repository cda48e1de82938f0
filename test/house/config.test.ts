import { expect, it } from 'vitest'
import { readConfig } from '../../server/config.ts'

const mail = {
  ALARM_SMTP_URL: 'smtps://may%40cho.vn:m%C3%A3%3A1@mail.cho.vn',
  ALARM_MAIL_FROM: 'may@cho.vn',
  ALARM_MAIL_TO: 'kythuat@xa.vn',
}
const mailOf = (env: object) => readConfig({ ...mail, ...env }).alarm.mail

it('an SMTP address is read with its password, and its port is the usual one', () => {
  const server = { host: 'mail.cho.vn', port: 465, secure: true, user: 'may@cho.vn', password: 'mã:1' }
  expect(mailOf({})).toEqual({ server, from: 'may@cho.vn', to: 'kythuat@xa.vn' })
  expect(mailOf({ ALARM_SMTP_URL: 'smtp://mail.cho.vn' })?.server).toMatchObject({ port: 587, secure: false })
  expect(mailOf({ ALARM_SMTP_URL: 'smtp://[::1]:25' })?.server).toMatchObject({ host: '::1', port: 25 })
  expect(readConfig({}).alarm).toEqual({ webhook: null, mail: null })
})

it.each([
  ['half of it', { ALARM_MAIL_TO: undefined }],
  ['two lines in an address', { ALARM_MAIL_FROM: 'may@cho.vn\r\nBcc: a@b.vn' }],
  [
    'a setting that would weaken TLS',
    { ALARM_SMTP_URL: `${mail.ALARM_SMTP_URL}?tls.rejectUnauthorized=false` },
  ],
  ['a password that is not encoded', { ALARM_SMTP_URL: 'smtps://may:100%@mail.cho.vn' }],
  ['another protocol', { ALARM_SMTP_URL: 'https://may:m%C3%A3@mail.cho.vn' }],
  ['no machine', { ALARM_SMTP_URL: 'smtps://' }],
])('%s is refused, and no password is repeated', (_, env) => {
  let refusal = ''
  try {
    readConfig({ ...mail, ...env })
  } catch (error) {
    refusal = String(error)
  }
  expect(refusal).toContain(Object.keys(env)[0])
  expect(refusal).not.toMatch(/100%|%C3%A3/)
})
