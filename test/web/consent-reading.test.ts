import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CONSENT_TEXT, CONSENT_TEXT_VERSION, consentSpeech } from '../../shared/consent-text.ts'

const voice = join(import.meta.dirname, '../../web/voice')
const reading: { textVersion: string; textSha256: string; durationMs: number } = JSON.parse(
  readFileSync(join(voice, 'consent.json'), 'utf8'),
)

test('what is read aloud is the text as it is now: if not, run `npm run voice`', () => {
  expect(reading.textVersion).toBe(CONSENT_TEXT_VERSION)
  expect(reading.textSha256).toBe(createHash('sha256').update(consentSpeech()).digest('hex'))
})

test('every sentence is in it, word by word', () => {
  const said = consentSpeech().replaceAll('bốn chấm không', '4.0')
  for (const { question, answer } of CONSENT_TEXT) {
    expect(said).toContain(question)
    expect(said).toContain(answer)
  }
})

test('the clip is as long as it says, under a minute, at 16 kbit/s', () => {
  const bytes = readFileSync(join(voice, 'consent.mp3')).length
  const lengthMs = (bytes * 8) / 16
  expect(Math.abs(lengthMs - reading.durationMs)).toBeLessThan(300)
  expect(reading.durationMs).toBeLessThan(60_000)
})
