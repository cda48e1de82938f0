import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  dayBeforeWindow,
  DEFINITIONS,
  DEFINITIONS_VERSION,
  lastClosedDay,
  questionOf,
  trendDays,
} from '../../server/domain/adoption.ts'

const at = (time: string) => Date.parse(`2026-11-22T${time}+07:00`)

describe('the last day counted', () => {
  it('is never today, and waits an hour for what the bank still has to tell of yesterday', () => {
    expect(lastClosedDay(at('23:59:59'), 0)).toBe('2026-11-21')
    expect(lastClosedDay(at('01:00:00'), 0)).toBe('2026-11-21')
    expect(lastClosedDay(at('00:59:59'), 0)).toBe('2026-11-20')
  })

  it('of a night market ends with its night', () => {
    // Its day begins at 15:00; at 15:59 the night of the 21st is still settling.
    expect(lastClosedDay(at('15:59:59'), 900)).toBe('2026-11-20')
    expect(lastClosedDay(at('16:00:00'), 900)).toBe('2026-11-21')
  })
})

describe('what is asked', () => {
  it('of a daily market is India’s rule as it stands: 50 receipts on 10 days of 90', () => {
    expect(questionOf('2026-11-21', 'daily')).toMatchObject({
      activeFrom: '2026-10-23',
      regularFrom: '2026-08-24',
      regularDays: 10,
      regularReceipts: 50,
    })
  })

  it('of a market of Mondays and Thursdays shrinks with its 26 market days', () => {
    const question = questionOf('2026-11-21', '1,4')
    expect(question).toMatchObject({ regularDays: 3, regularReceipts: 15 })
    expect(question.isMarketDay('2026-11-16')).toBe(true)
    expect(question.isMarketDay('2026-11-22')).toBe(false)
  })

  it('of a Sunday market counts Sundays', () => {
    expect(questionOf('2026-11-21', '7').isMarketDay('2026-11-22')).toBe(true)
  })

  it('over eight weeks is eight days, a week apart; the window before ends where this one begins', () => {
    const days = trendDays('2026-11-21')
    expect(days).toHaveLength(8)
    expect(days[0]).toBe('2026-10-03')
    expect(days.at(-1)).toBe('2026-11-21')
    expect(dayBeforeWindow('2026-11-21')).toBe('2026-10-22')
  })
})

it('docs/metrics.md says what the server counts, word for word', async () => {
  const lines = DEFINITIONS.map(
    (one) => `| \`${one.id}\` | ${one.name} | ${one.numerator} | ${one.denominator} | ${one.window} |`,
  )
  await expect(`# The figures, version ${DEFINITIONS_VERSION}

Kept equal to \`server/domain/adoption.ts\` by a test (\`vitest -u\` writes it anew). Change a sentence or a number and
the version changes with it; every published figure names the version it was counted by, and a snapshot once published
under a version never changes. In Vietnamese, as the board and the province read them.

| key | tên | đếm | trong số | khoảng ngày |
|---|---|---|---|---|
${lines.join('\n')}

A *sale credit* is an incoming credit that was matched to the stall, whose match stands, and whose newest
classification is "sale": family, loans, cash back, fees, refunds, tests and what is still unclear do not count. The
reference metric leaves out credits below 1.000đ; these figures do not, for a day's takings keep no single amounts.

*Regular* is the Reserve Bank of India's PIDF rule (50 transactions in 90 days, on 10 of them), scaled to the market's
own days: a market that meets on M of the 90 days asks for ⌈50·M/90⌉ sale credits on ⌈10·M/90⌉ different market days.
The threshold is the market's, not the stall's: one that opened last week is not regular yet.

A day is the market's own (it may begin in the afternoon), is never today, and is taken as over one hour after its end.
A stall counts with the vendor who holds it on that day; what an earlier vendor received is not hers. A stall that
closes stays among the operating ones until its last day has left the window of 30 days. Whoever withdraws is in no
figure counted from then on.

No count is shown that covers fewer than ten stalls, or from which one could be worked out: \`fewer_than_10_stalls\`
and, for a section withheld to keep another one safe, \`protects_another\`. Money is in no figure.
`).toMatchFileSnapshot(join(import.meta.dirname, '../../docs/metrics.md'))
})
