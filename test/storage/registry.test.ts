import { desc, eq } from 'drizzle-orm'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CONSENT_TEXT_VERSION } from '../../shared/consent-text.ts'
import { giveConsent, hasConsent, withdrawConsent } from '../../server/storage/consent.ts'
import { consent, payeeAccount, stall, tenancy, vendor } from '../../server/storage/kit.sqlite.ts'
import { openStore } from '../../server/storage/engine.ts'
import { updateMarket } from '../../server/storage/market.ts'
import { currentRegistry, type Registry } from '../../server/storage/registry.ts'
import { marketScope, operatorScope } from '../../server/storage/scope.ts'
import { addSource, bindAccounts, removeSource, unbindAccount } from '../../server/storage/source.ts'
import type { Store } from '../../server/storage/store.ts'
import { rows } from '../../server/storage/unit.ts'
import { RULES } from '../../server/domain/recording-rules.ts'
import { execute } from '../test-store.ts'
import { closeStall, registerStall, type Registration } from '../../server/storage/stall.ts'
import {
  credit,
  MB,
  messageOf,
  MORNING,
  openSmallMarket,
  seededRandom,
  SOURCE,
  type SmallMarket,
} from '../small-market.ts'
import { mintStall } from '../../server/domain/registration.ts'

let market: SmallMarket
beforeEach(async () => void (market = await openSmallMarket()))
afterEach(() => market.close())

const registration = (more: Partial<Registration> = {}): Registration => ({
  section: 'Dãy A',
  stall: 'C1',
  vendor: 'Cô Mười',
  phone: '0900000009',
  account: {
    bankBin: MB,
    accountNumber: 'MUOI0001',
    accountName: 'LE THI MUOI',
    virtualAccount: null,
    holder: 'vendor',
    holderType: 'individual',
    sellingOnly: false,
  },
  consentAt: MORNING,
  consentTextVersion: CONSENT_TEXT_VERSION,
  ...more,
})
const random = seededRandom(11)
const register = (row: Registration, mint = () => mintStall(random), now = MORNING) =>
  market.store.changeRegistry((tx) => registerStall(tx, marketScope(market.marketId), row, mint, 'test', now))

it('registering the same stall twice changes nothing the second time', async () => {
  expect((await register(registration())).changed).toEqual(['stall', 'vendor', 'account', 'consent'])
  expect((await register(registration())).changed).toEqual([])
})

it('a taken reference or code is never given to a second stall', async () => {
  const { code, reference } = market.lan
  let tries = 0
  const stubborn = () => {
    tries += 1
    return tries < 3
      ? { code: `${code}${tries}`, reference }
      : tries < 5
        ? { code, reference: `ZQK${tries}` }
        : mintStall(random)
  }
  const { stallId } = await register(registration(), stubborn)
  expect(tries).toBe(5)
  const { stallsByReference } = await market.store.registry()
  expect(stallsByReference.get(reference)!.stallId).toBe(market.lan.id)
  expect([...stallsByReference.values()].map((facts) => facts.stallId)).toContain(stallId)
})

it('a new telephone number keeps the vendor and her consent; a new name is a new vendor who is yet to be asked', async () => {
  await register(registration())
  const people = async () => (await market.store.db.select().from(vendor)).length
  const before = await people()
  expect((await register(registration({ phone: '0911111111', consentAt: null }))).changed).toEqual(['phone'])
  expect(await people()).toBe(before)
  const next = await register(registration({ vendor: 'Cô Bảy', consentAt: null }))
  expect(next.changed).toEqual(['vendor'])
  const tenancies = (await market.store.db.select().from(tenancy)).filter(
    (row) => row.stallId === next.stallId,
  )
  expect(tenancies.map((row) => row.endedAt === null)).toEqual([false, true])
  const holding = (await market.store.registry()).holdings.get(`${MB}:MUOI0001`)!
  expect(holding[0]!.stall.consentedAt).toBeNull()
})

it('agreeing again to a newer text keeps the day of the first agreement', async () => {
  await register(registration())
  const [given] = (await market.store.db.select().from(consent)).slice(-1)
  const { vendorId, marketId } = given!
  const again = { vendorId, marketId, textVersion: 'a newer text', by: 'test', at: MORNING + 5_000 }
  expect(await market.store.changeRegistry((tx) => giveConsent(tx, again))).toBe(true)
  expect(await market.store.changeRegistry((tx) => giveConsent(tx, { ...again, at: MORNING + 6_000 }))).toBe(
    false,
  )
  const holding = (await market.store.registry()).holdings.get(`${MB}:MUOI0001`)!
  expect(holding[0]!.stall.consentedAt).toBe(MORNING)
})

it('a paper older than her withdrawal does not bring her consent back', async () => {
  await register(registration())
  const [given] = (await market.store.db.select().from(consent)).slice(-1)
  const { vendorId, marketId } = given!
  const said = (at: number) => ({ vendorId, marketId, textVersion: CONSENT_TEXT_VERSION, by: 'test', at })
  await market.store.changeRegistry((tx) => withdrawConsent(tx, said(MORNING + 1_000)))
  expect((await register(registration())).changed).toEqual([])
  expect(await market.store.read((tx) => hasConsent(tx, vendorId))).toBe(false)
  await market.store.changeRegistry((tx) => giveConsent(tx, said(MORNING + 2_000)))
  expect(await market.store.read((tx) => hasConsent(tx, vendorId))).toBe(true)
})

/** What a registry says, whatever it was read from. */
const contents = ({ version, holdings, stallsByReference, bindings }: Registry) => ({
  version,
  holdings: Object.fromEntries(holdings.entries()),
  stalls: Object.fromEntries(stallsByReference.entries()),
  bindings: Object.fromEntries(
    [...bindings.entries()].map(([number, list]) => [
      number,
      list.map(({ sourceId, bankBin }) => `${sourceId} ${bankBin}`).sort(),
    ]),
  ),
})
const readWhole = async () => contents(await market.store.read((tx) => currentRegistry(tx, undefined)))

describe('after any changes', () => {
  const one = (below: number) => fc.nat({ max: below - 1 })
  const does = <const Does extends string>(name: Does) => fc.constant(name)
  const registering = { stall: one(3), vendor: one(3), account: one(2), agrees: fc.boolean() }
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ does: does('register'), ...registering }) },
    { weight: 4, arbitrary: fc.record({ does: does('pay'), stall: one(3) }) },
    { weight: 3, arbitrary: fc.record({ does: does('bind'), account: one(2) }) },
    { weight: 2, arbitrary: fc.record({ does: does('agree'), vendor: one(3) }) },
    fc.record({ does: does('withdraw'), vendor: one(3) }),
    fc.record({ does: does('unbind'), account: one(2) }),
    fc.record({ does: does('close'), stall: one(3) }),
    fc.record({ does: does('hour'), minutes: one(1440) }),
  )
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
  const numberOf = (account: number) => `RIENG${account}`

  it('a registry that read them one by one equals one read whole, in two processes', async () => {
    const other = await openStore(market.url)
    const stores = [market.store, other]
    const scope = marketScope(market.marketId)
    let clock = MORNING
    let run = 0
    // Of its own in each run: what one run closed is closed for good.
    const nameOf = (told: { stall: number }) => `S${run}.${told.stall}`
    const change = async (store: Store, told: Step): Promise<void> => {
      clock += 1_000
      const at = clock
      if (told.does === 'pay') await pay(store, nameOf(told))
      else
        await store.changeRegistry(function* (tx) {
          const account = 'account' in told ? { bankBin: MB, accountNumber: numberOf(told.account) } : null
          const [who] =
            'vendor' in told
              ? yield* rows(
                  tx
                    .select()
                    .from(vendor)
                    .where(eq(vendor.name, `Cô ${told.vendor}`))
                    .limit(1),
                )
              : []
          const said = { vendorId: who?.id ?? 0, marketId: market.marketId, textVersion: `${at}`, by: '', at }
          switch (told.does) {
            case 'register': {
              const row = registration({ stall: nameOf(told), vendor: `Cô ${told.vendor}` })
              const named = {
                ...row,
                consentAt: told.agrees ? at : null,
                account: { ...row.account, ...account },
              }
              yield* registerStall(tx, scope, named, () => mintStall(random), 'test', at)
              break
            }
            case 'agree':
              if (who) yield* giveConsent(tx, said)
              break
            case 'withdraw':
              if (who) yield* withdrawConsent(tx, said)
              break
            case 'close': {
              const named = eq(stall.name, nameOf(told))
              const [found] = yield* rows(tx.select().from(stall).where(named))
              if (found) yield* closeStall(tx, scope, found.id, at)
              break
            }
            case 'hour': {
              const hour = { dayStartsAtMinutes: told.minutes, marketDays: 'daily', stallWord: 'sạp' }
              yield* updateMarket(tx, operatorScope(), market.marketId, { name: 'Chợ', ...hour })
              break
            }
            case 'bind':
              yield* bindAccounts(tx, operatorScope(), SOURCE, [account!], at)
              break
            case 'unbind':
              yield* unbindAccount(tx, operatorScope(), SOURCE, account!)
              break
          }
        })
    }
    // The first credit with the stall's reference proves its account.
    const pay = async (store: Store, named: string) => {
      const [found] = await store.db
        .select()
        .from(stall)
        .innerJoin(payeeAccount, eq(payeeAccount.stallId, stall.id))
        .where(eq(stall.name, named))
        .orderBy(desc(payeeAccount.id))
      if (!found) return
      const { accountNumber } = found.payee_account
      const paid = credit({ accountNumber, remittanceText: found.stall.reference, bookedAt: clock })
      await store.record([messageOf(paid)], RULES)
    }
    let proven = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(step, step, one(3)), { minLength: 6, maxLength: 10 }),
        async (rounds) => {
          run += 1
          for (const [mine, theirs, reader] of rounds) {
            // What a round may not do (a stall that is closed takes no registration) it leaves.
            await Promise.allSettled([change(market.store, mine), change(other, theirs)])
            if (reader < 2) await stores[reader]!.registry()
          }
          const whole = await readWhole()
          for (const store of stores) expect(contents(await store.registry())).toEqual(whole)
          proven += Object.values(whole.holdings)
            .flat()
            .filter(({ state }) => state === 'active').length
        },
      ),
      { numRuns: 8, seed: 20261123 },
    )
    // Recording had its part in it too.
    expect(proven).toBeGreaterThan(0)
    await other.close()
  })
})

it('accounts that the same sources may speak for share one list, and one that is bound anew leaves it', async () => {
  const { store, lan, hoa } = market
  const before = (await store.registry()).bindings
  const listOf = (bindings: Registry['bindings'], one: typeof lan) => bindings.get(one.accountNumber)
  expect(listOf(before, lan)).toBe(listOf(before, hoa))
  const account = { bankBin: MB, accountNumber: lan.accountNumber }
  await store.changeRegistry(function* (tx) {
    const row = { id: 'another', kind: 'casso', mode: 'v2', label: 'Casso', apiToken: null, secret: 's' }
    yield* addSource(tx, operatorScope(), row, MORNING)
    yield* bindAccounts(tx, operatorScope(), row.id, [account], MORNING)
  })
  const { bindings } = await store.registry()
  expect(listOf(bindings, lan)).toEqual([...listOf(before, lan)!, { sourceId: 'another', bankBin: MB }])
  expect(listOf(bindings, hoa)).toBe(listOf(before, hoa))
})

it('a change that is undone leaves nothing, and a registry once read stays as it was', async () => {
  const { store, lan, hoa } = market
  const before = await store.registry()
  const said = contents(before)
  const undone = store.changeRegistry(function* (tx) {
    yield* closeStall(tx, marketScope(market.marketId), lan.id, MORNING)
    throw new Error('undone')
  })
  await expect(undone).rejects.toThrow('undone')
  expect(await store.registry()).toBe(before)

  await store.changeRegistry((tx) => closeStall(tx, marketScope(market.marketId), lan.id, MORNING))
  const after = await store.registry()
  expect(after.stallsByReference.get(lan.reference)!.closed).toBe(true)
  expect(contents(before)).toEqual(said)
  expect(before.stallsByReference.get(lan.reference)!.closed).toBe(false)
  // Of what did not change nothing was read.
  expect(after.stallsByReference.get(hoa.reference)).toBe(before.stallsByReference.get(hoa.reference))
})

it('after an upgrade, which knows no version of what is there, nobody is bound twice, or still bound when let go', async () => {
  for (const table of ['stall', 'source_account'])
    await execute(market.url, `update ${table} set version = null`)
  const upgraded = await openStore(market.url)
  await upgraded.registry()
  await upgraded.changeRegistry((tx) =>
    bindAccounts(tx, operatorScope(), SOURCE, [{ bankBin: MB, accountNumber: 'MOI1' }], MORNING),
  )
  const now = contents(await upgraded.registry())
  expect(now).toEqual(await readWhole())
  expect(Object.values(now.bindings)).toEqual([[`${SOURCE} ${MB}`], [`${SOURCE} ${MB}`], [`${SOURCE} ${MB}`]])

  await upgraded.changeRegistry((tx) => removeSource(tx, operatorScope(), SOURCE, MORNING))
  expect(contents(await upgraded.registry()).bindings).toEqual({})
  await upgraded.close()
})
