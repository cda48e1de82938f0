import { beforeEach, expect, test } from 'vitest'
import { Announcer, LONG_QUEUE, OLD_NEWS_MS } from '../../web/client/announcer.ts'
import type { Classification, VendorChange } from '../../shared/wire.ts'
import type { Utterance } from '../../web/client/announcer.ts'

const NOW = 1_800_000_000_000

let told: number
let maySpeak: boolean
let sounding: number
let mostAtOnce: number
let said: Utterance[]
let endSound: (() => void)[]

const mark = { read: () => told, write: (seq: number) => (told = Math.max(told, seq)) }

const newAnnouncer = (words = (amountVnd: number) => ['da-nhan', String(amountVnd)]) =>
  new Announcer({
    now: () => NOW,
    maySpeak: () => maySpeak,
    mark,
    words,
    say: async (utterance) => {
      said.push(utterance)
      mostAtOnce = Math.max(mostAtOnce, ++sounding)
      await new Promise<void>((resolve) => endSound.push(resolve))
      sounding--
    },
  })

/** Lets every sound that is or will be playing come to its end. */
const finishAll = async () => {
  for (let i = 0; i < 50; i++) {
    endSound.shift()?.()
    await Promise.resolve()
  }
}

const credit = (
  seq: number,
  amountVnd: number,
  more: Partial<VendorChange> = {},
  classification?: Classification,
) =>
  ({
    seq,
    kind: 'credit',
    recordedAt: NOW,
    payment: {
      transactionSeq: seq,
      amountVnd,
      time: '10:42',
      memo: '',
      payerName: '',
      classification: classification ?? 'sale',
    },
    takings: { businessDay: '2026-11-22', totalVnd: 0, saleCount: 0, unclearCount: 0 },
    ...more,
  }) satisfies VendorChange

beforeEach(() => {
  told = 0
  maySpeak = true
  sounding = 0
  mostAtOnce = 0
  said = []
  endSound = []
})

test('says every credit in order, one at a time', async () => {
  const announcer = newAnnouncer()
  announcer.hear(credit(1, 50_000))
  announcer.hear(credit(3, 20_000))
  announcer.hear(credit(2, 10_000))
  await finishAll()
  expect(said.map(({ words }) => words[1])).toEqual(['50000', '10000', '20000'])
  expect(mostAtOnce).toBe(1)
})

test('a change heard twice, or told by another tab meanwhile, is said once', async () => {
  const announcer = newAnnouncer()
  announcer.hear(credit(1, 50_000))
  announcer.hear(credit(1, 50_000))
  announcer.hear(credit(2, 60_000))
  told = 2
  await finishAll()
  expect(said.map(({ seq }) => seq)).toEqual([1])
})

test('is marked as told before it sounds, so that a reload in the middle does not repeat it', () => {
  newAnnouncer().hear(credit(7, 50_000))
  expect(sounding).toBe(1)
  expect(told).toBe(7)
})

test('waits while it may not speak, then tells what is still news', async () => {
  maySpeak = false
  const announcer = newAnnouncer()
  announcer.hear(credit(1, 50_000))
  await finishAll()
  expect(said).toEqual([])
  maySpeak = true
  void announcer.speak()
  await finishAll()
  expect(said.map(({ seq }) => seq)).toEqual([1])
})

test('old news is not read aloud', async () => {
  const announcer = newAnnouncer()
  announcer.hear(credit(1, 50_000, { recordedAt: NOW - OLD_NEWS_MS - 1 }))
  announcer.hear(credit(2, 60_000, { recordedAt: NOW - OLD_NEWS_MS }))
  await finishAll()
  expect(said.map(({ seq }) => seq)).toEqual([2])
})

test('a long queue is one sum, without what is unclear', async () => {
  const announcer = newAnnouncer()
  maySpeak = false
  for (let seq = 1; seq <= LONG_QUEUE; seq++) announcer.hear(credit(seq, 10_000))
  announcer.hear(credit(LONG_QUEUE + 1, 9_000_000, {}, 'unclear'))
  maySpeak = true
  void announcer.speak()
  await finishAll()
  expect(said).toEqual([{ seq: LONG_QUEUE + 1, words: ['da-nhan', String(LONG_QUEUE * 10_000)] }])
})

test('an unclear credit gets the chime alone, and so does everything when she chose the chime', async () => {
  const announcer = newAnnouncer()
  announcer.hear(credit(1, 12_000_000, {}, 'unclear'))
  await finishAll()
  const quiet = newAnnouncer(() => [])
  quiet.hear(credit(2, 50_000))
  await finishAll()
  expect(said).toEqual([
    { seq: 1, words: [] },
    { seq: 2, words: [] },
  ])
})

test('changing what a credit was makes no sound', async () => {
  newAnnouncer().hear(credit(1, 50_000, { kind: 'classified' }))
  await finishAll()
  expect(said).toEqual([])
})

test('what was undone before it was told is not told, and its going makes no sound', async () => {
  maySpeak = false
  const announcer = newAnnouncer()
  announcer.hear(credit(1, 50_000))
  announcer.hear(credit(2, 20_000))
  announcer.hear({ ...credit(3, 50_000, { kind: 'undone' }), payment: credit(1, 50_000).payment })
  maySpeak = true
  void announcer.speak()
  await finishAll()
  expect(said.map(({ seq }) => seq)).toEqual([2])
})

test('a sound that fails does not silence the next one', async () => {
  let first = true
  const announcer = new Announcer({
    now: () => NOW,
    maySpeak: () => true,
    mark,
    words: () => [],
    say: (utterance) => {
      said.push(utterance)
      if (!first) return Promise.resolve()
      first = false
      return Promise.reject(new Error('the sound card is gone'))
    },
  })
  announcer.hear(credit(1, 1000))
  await finishAll()
  announcer.hear(credit(2, 1000))
  await finishAll()
  expect(said.map(({ seq }) => seq)).toEqual([1, 2])
})
