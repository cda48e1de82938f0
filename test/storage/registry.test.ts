import { afterEach, beforeEach, expect, it } from 'vitest'
import { CONSENT_TEXT_VERSION } from '../../shared/consent-text.ts'
import { giveConsent, hasConsent, withdrawConsent } from '../../server/storage/consent.ts'
import { consent, tenancy, vendor } from '../../server/storage/kit.sqlite.ts'
import { marketScope } from '../../server/storage/scope.ts'
import { registerStall, type Registration } from '../../server/storage/stall.ts'
import { MB, MORNING, openSmallMarket, seededRandom, type SmallMarket } from '../small-market.ts'
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
