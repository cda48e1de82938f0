import Database from 'better-sqlite3'
import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { dayOf, decide } from '../../server/domain/match.ts'
import { sameTransfer } from '../../server/domain/same-transfer.ts'
import { eraseDue } from '../../server/storage/erasure.ts'
import { prepareStatements } from '../../server/storage/statements.sqlite.ts'
import { credit, messageOf, openSmallMarket, type SmallMarket } from '../small-market.ts'

let market: SmallMarket
beforeEach(async () => void (market = await openSmallMarket('sqlite')))
afterEach(() => market.close())

const record = (told: { remittanceText: string; payerName?: string }) =>
  market.store.record([messageOf(credit({ accountNumber: market.lan.accountNumber, ...told }))], {
    decide,
    sameTransfer,
    dayOf,
  })

it('synchronous is FULL after the first write, in WAL mode', async () => {
  await record({ remittanceText: market.lan.reference })
  expect(market.store.db.get(sql`pragma synchronous`)).toEqual({ synchronous: 2 })
  expect(market.store.db.get(sql`pragma journal_mode`)).toEqual({ journal_mode: 'wal' })
})

it('the readiness probe fails where somebody weakened it', async () => {
  market.store.db.run(sql`pragma synchronous = NORMAL`)
  await expect(market.store.probe()).rejects.toThrow('not FULL')
})

it('what is erased is not even in free pages of the file', async () => {
  const secret = 'chi Lan tra tien ca'
  await record({ remittanceText: `${secret} ${market.lan.reference}`, payerName: 'TRAN THI KIN' })
  const bytes = () => {
    market.store.db.run(sql`pragma wal_checkpoint(truncate)`)
    return new Database(market.url.slice('file:'.length), { readonly: true }).serialize()
  }
  expect(bytes().includes(secret)).toBe(true)
  expect(await market.store.write((tx) => eraseDue(tx, '2027-02-21'))).toBe(2)
  expect(bytes().includes(secret)).toBe(false)
  expect(bytes().includes('TRAN THI KIN')).toBe(false)
})

it('a credit’s twin is looked up by account, amount and day, and not through the market’s whole ledger', () => {
  const file = new Database(market.url.slice('file:'.length))
  const { source: text } = prepareStatements(file, market.store.db).untold
  const asked = Array.from(text.matchAll(/\?/g), () => null)
  const plan = file.prepare<null[], { detail: string }>(`explain query plan ${text}`).all(...asked)
  file.close()
  expect(plan.map(({ detail }) => detail)).toContainEqual(
    expect.stringContaining(
      'bank_transaction_natural (market_id=? AND business_day=? AND account_number=? AND amount_vnd=?)',
    ),
  )
})
