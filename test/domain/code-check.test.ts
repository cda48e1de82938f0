import { encode } from '@vietqr/core'
import { describe, expect, it } from 'vitest'
import { checkCode, isRight, type CheckedStall, type CodeVerdict } from '../../server/domain/code-check.ts'
import { payableCode } from '../../server/sources/payable-code.ts'
import { PersistentMap } from '../../server/storage/persistent-map.ts'
import type { AccountHolding, StallFacts } from '../../server/storage/registry.ts'
import { mintReference } from '../../shared/reference.ts'
import { MB, seededRandom } from '../small-market.ts'
import { vectors } from '../vietqr/vectors.ts'

const random = seededRandom(5)
const [OURS, THEIRS, SALE, THEIR_SALE, NOBODYS] = Array.from({ length: 5 }, () => mintReference(random)) as [
  string,
  string,
  string,
  string,
  string,
]
const VCB = '970436'
const VIETIN = '970415'
const holder = { holderType: 'individual' as const }
const inUse = { bankBin: MB, accountNumber: '0123456789', virtualAccount: null, ...holder }
const proposed = { bankBin: VCB, accountNumber: '1019999999', virtualAccount: null, ...holder }
const virtual = { bankBin: MB, accountNumber: '7777', virtualAccount: 'VQR77', ...holder }
const sticker = encode({ bankBin: MB, accountNumber: '0123456789', purpose: 'cam on quy khach' })
const sheGaveUp = encode({ bankBin: MB, accountNumber: '0444444444' })
const stall: CheckedStall = {
  stallId: 1,
  accounts: [inUse, proposed],
  bankIssued: [sticker, sheGaveUp],
}

const facts = (stallId: number): StallFacts => ({
  stallId,
  marketId: 1,
  dayStartsAtMinutes: 0,
  closed: false,
  consentedAt: 0,
})
const holding = (stallId: number, state: AccountHolding['state'] = 'active'): AccountHolding => ({
  accountId: stallId,
  stall: facts(stallId),
  state,
  sellingOnly: false,
  virtualAccount: null,
})
const known = {
  registry: {
    stallsByReference: new PersistentMap([
      [OURS, facts(1)],
      [THEIRS, facts(2)],
    ]),
    holdings: new PersistentMap<readonly AccountHolding[]>([
      [`${MB}:0123456789`, [holding(1)]],
      [`${MB}:0222222222`, [holding(2)]],
      [`${MB}:0333333333`, [holding(2, 'retired')]],
      [`${MB}:0444444444`, [holding(1, 'retired')]],
    ]),
  },
  saleStalls: new Map([
    [SALE, 1],
    [THEIR_SALE, 2],
  ]),
}
const check = (payload: string, one = stall) => checkCode(payload, one, known)
const code = (accountNumber: string, purpose?: string, bankBin = MB) =>
  encode({ bankBin, accountNumber, ...(purpose === undefined ? {} : { purpose }) })
const kindOf = (kind: string) => vectors.find((one) => one.kind === kind)!.payload
const differs = (kind: 'other_bank' | 'other_account', bankBin: string, accountNumber: string) => ({
  kind,
  bankBin,
  accountNumber,
})
const own = code('0123456789', OURS)

describe('whether a code is the stall’s', () => {
  it.each<[string, string, CodeVerdict]>([
    ['its printed card', payableCode(inUse, OURS), { kind: 'this_stall', amountVnd: null }],
    ['its card with an amount', payableCode(inUse, OURS, 50_000), { kind: 'this_stall', amountVnd: 50_000 }],
    ['the card of its newest proposal', payableCode(proposed, OURS), { kind: 'this_stall', amountVnd: null }],
    ['a sale of its vendor', payableCode(inUse, SALE, 1), { kind: 'this_stall', amountVnd: 1 }],
    [
      'a purpose with words around',
      code('0123456789', `tra ${OURS}`),
      { kind: 'this_stall', amountVnd: null },
    ],
    ['with spaces around it, pasted', `\n ${own} \n`, { kind: 'this_stall', amountVnd: null }],
    ['the code her bank gave her, which we know', sticker, { kind: 'this_stall', amountVnd: null }],
    [
      'that code with an amount put in',
      encode({
        bankBin: MB,
        accountNumber: '0123456789',
        purpose: 'cam on quy khach',
        amountVnd: 90_000,
      }),
      { kind: 'right_account', amountVnd: 90_000 },
    ],
    ['her bank’s code for what she gave up', sheGaveUp, differs('other_account', MB, '0444444444')],
    [
      'its bank’s own code, which we do not know',
      code('0123456789'),
      { kind: 'right_account', amountVnd: null },
    ],
    ['a purpose of words only', code('0123456789', 'mua rau'), { kind: 'right_account', amountVnd: null }],
    ['a reference nobody issued', code('0123456789', NOBODYS), { kind: 'right_account', amountVnd: null }],
    ['another stall’s reference, her account', code('0123456789', THEIRS), { kind: 'other_stall' }],
    ['another stall’s sale, her account', code('0123456789', THEIR_SALE), { kind: 'other_stall' }],
    ['both stalls’ references', code('0123456789', `${OURS} ${THEIRS}`), { kind: 'other_stall' }],
    ['another stall’s card', code('0222222222', THEIRS), { kind: 'other_stall' }],
    ['another stall’s account, this reference', code('0222222222', OURS), { kind: 'other_stall' }],
    ['a stranger’s, with her reference', code('0999', OURS), differs('other_account', MB, '0999')],
    ['a stranger’s, without', code('0999'), differs('other_account', MB, '0999')],
    ['one digit off', code('0123456780', OURS), differs('other_account', MB, '0123456780')],
    ['another bank', code('0123456789', OURS, '970418'), differs('other_bank', '970418', '0123456789')],
    ['her other bank’s digits', code('0123456789', OURS, VCB), differs('other_account', VCB, '0123456789')],
    ['what another stall gave up', code('0333333333'), differs('other_account', MB, '0333333333')],
    ['what she gave up', code('0444444444', OURS), differs('other_account', MB, '0444444444')],
    [
      'somebody’s card with the same digits',
      encode({ bankBin: MB, accountNumber: '0123456789', purpose: OURS, service: 'QRIBFTTC' }),
      differs('other_account', MB, '0123456789'),
    ],
    ['VNPAY-QR', kindOf('vnpayqr'), { kind: 'not_vietqr', scheme: 'vnpayqr' }],
    ['VNPAY’s wallet', kindOf('vnpay-wallet'), { kind: 'not_vietqr', scheme: 'vnpay_wallet' }],
    ['PromptPay', kindOf('promptpay-th'), { kind: 'not_vietqr', scheme: 'promptpay' }],
    ['Pix', kindOf('pix-br'), { kind: 'not_vietqr', scheme: 'pix' }],
    ['KHQR', kindOf('khqr-kh'), { kind: 'not_vietqr', scheme: 'khqr' }],
    ['a link', 'https://evil.example/pay', { kind: 'not_vietqr', scheme: null }],
    ['nothing', '', { kind: 'not_vietqr', scheme: null }],
    ['too much', 'x'.repeat(10_000), { kind: 'not_vietqr', scheme: null }],
    ['half of it', own.slice(0, 60), { kind: 'damaged' }],
    ['one digit changed without its CRC', own.replace('0123456789', '0123456780'), { kind: 'damaged' }],
  ])('%s', (_, payload, verdict) => expect(check(payload)).toEqual(verdict))

  it('is compared by the virtual account where there is one', () => {
    const paid = { stallId: 1, accounts: [virtual], bankIssued: [] }
    expect(check(code('VQR77', OURS), paid).kind).toBe('this_stall')
    expect(check(code('vqr77', OURS), paid).kind).toBe('this_stall')
    expect(check(code('7777', OURS), paid).kind).toBe('other_account')
  })

  it('knows VietinBank’s word before the reference', () => {
    const vietin = { ...inUse, bankBin: VIETIN }
    const payload = payableCode({ ...vietin, holderType: 'individual' }, OURS)
    expect(check(payload, { stallId: 1, accounts: [vietin], bankIssued: [] }).kind).toBe('this_stall')
  })

  it('has an answer to every published code, and none of them is this stall’s', () => {
    for (const { payload } of vectors) expect(isRight(check(payload))).toBe(false)
  })
})
