import { readFileSync } from 'node:fs'
import { decode, encode } from '@vietqr/core'
import { QRPay } from 'vietnam-qr-pay'
import { findReferences, mintReference } from '../../shared/reference.ts'
import { seededRandom } from '../../test/small-market.ts'
import { figure, type Figure } from './figure.ts'
import type { Size } from './size.ts'

const MEMOS = new URL('../../test/fixtures/memos.jsonl', import.meta.url)
const ENCODE = 'encode_over_peer'
const DECODE = 'decode_over_peer'
const REFERENCES = 'references_per_s'

export const codecNames: readonly string[] = [ENCODE, DECODE, REFERENCES]

/** The codec beside the package most Vietnamese shops use, and how fast memos are read. */
export function measureCodec(size: Size, wanted: (name: string) => boolean): Figure[] {
  const { rounds, codecCalls: calls } = size
  const random = seededRandom(7)
  const transfers = Array.from({ length: 1_000 }, () => ({
    bankBin: '970422',
    accountNumber: String(1_000_000_000 + random(1e9)),
    amountVnd: 1_000 * (1 + random(500)),
    purpose: mintReference(random),
  }))
  const ours = () => transfers.map(encode)
  const peers = () =>
    transfers.map(({ bankBin, accountNumber, amountVnd, purpose }) =>
      QRPay.initVietQR({ bankBin, bankNumber: accountNumber, amount: String(amountVnd), purpose }).build(),
    )
  const payloads = ours()
  for (const [index, theirs] of peers().entries()) {
    if (theirs !== payloads[index]) throw new Error(`the peer writes ${theirs}, we ${payloads[index]}`)
  }
  for (const [index, payload] of payloads.entries()) {
    const { bankBin, accountNumber, amountVnd, purpose } = decode(payload)
    const expected = JSON.stringify(transfers[index])
    const theirs = new QRPay(payload)
    const they = {
      bankBin: theirs.consumer.bankBin,
      accountNumber: theirs.consumer.bankNumber,
      amountVnd: Number(theirs.amount),
      purpose: theirs.additionalData.purpose,
    }
    if (
      JSON.stringify({ bankBin, accountNumber, amountVnd, purpose }) !== expected ||
      JSON.stringify(they) !== expected
    ) {
      throw new Error(`${payload} is read as something else`)
    }
  }

  const compare = (name: string, told: string, us: () => unknown, them: () => unknown): Figure[] => {
    if (!wanted(name)) return []
    const perSecond = [us, them].map(() => [] as number[])
    // The first round is the compiler's.
    for (let round = 0; round <= rounds; round += 1) {
      for (const [index, work] of [us, them].entries()) {
        perSecond[index]![round] = (calls * transfers.length) / secondsOf(() => times(calls, work))
      }
    }
    const [mine, theirs] = perSecond.map((samples) => samples.slice(1))
    const samples = mine!.map((one, round) => one / theirs![round]!)
    return [
      figure(
        name,
        '×',
        samples,
        `${told}, ${Math.round(mine!.at(-1)!)}/s ÷ ${Math.round(theirs!.at(-1)!)}/s`,
      ),
    ]
  }
  return [
    ...compare(ENCODE, 'vietnam-qr-pay writing the same codes', ours, peers),
    ...compare(
      DECODE,
      'vietnam-qr-pay reading the same codes',
      () => payloads.map(decode),
      () => payloads.map((payload) => new QRPay(payload)),
    ),
    ...(wanted(REFERENCES) ? [measureReferences(size, random)] : []),
  ]
}

function measureReferences({ rounds, codecCalls: calls }: Size, random: (below: number) => number): Figure {
  const memos = readFileSync(MEMOS, 'utf8')
    .trim()
    .split('\n')
    .map((line) => String(JSON.parse(line).content))
  const reference = mintReference(random)
  const texts = memos.map((memo) => `${memo} ${reference}.CT tu 0123456789`)
  if (!texts.every((text) => findReferences(text).join() === reference))
    throw new Error('a reference was missed')
  const samples = Array.from({ length: rounds + 1 }, () => {
    const seconds = secondsOf(() => times(calls * 10, () => texts.map(findReferences)))
    return (calls * 10 * texts.length) / seconds
  })
  return figure(REFERENCES, '/s', samples.slice(1), 'memos searched, each bearing one reference')
}

function times(count: number, work: () => unknown): void {
  for (let done = 0; done < count; done += 1) work()
}

function secondsOf(work: () => void): number {
  const begunAt = performance.now()
  work()
  return (performance.now() - begunAt) / 1_000
}
