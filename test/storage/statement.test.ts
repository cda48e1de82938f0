import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createIntake } from '../../server/domain/intake.ts'
import { recordStatement } from '../../server/sources/statement/recording.ts'
import { bankTransaction, erasable } from '../../server/storage/kit.sqlite.ts'
import { operatorScope } from '../../server/storage/scope.ts'
import { bindAccounts } from '../../server/storage/source.ts'
import { addStatementSource } from '../../server/storage/statement.ts'
import { temporaryFolder } from '../scripts/child.ts'
import { MORNING, openSmallMarket, type SmallMarket } from '../small-market.ts'
import { banks, csvOf } from '../statement-files.ts'

const VIETCOMBANK = '970436'
let market: SmallMarket
beforeEach(async () => {
  market = await openSmallMarket()
})
afterEach(() => market.close())

it('U+0000 in any cell of a statement becomes U+FFFD, which both engines take', async () => {
  const { store } = market
  const stall = await market.addStall({ name: 'V1', bankBin: VIETCOMBANK })
  const account = { bankBin: VIETCOMBANK, accountNumber: stall.accountNumber }
  const source = { id: 'statement-v', label: 'Sao kê', mode: 'counts' as const, accounts: [account] }
  await store.changeRegistry(function* (tx) {
    yield* addStatementSource(tx, operatorScope(), source, MORNING)
    yield* bindAccounts(tx, operatorScope(), source.id, [account], MORNING)
  })
  const at = '2026-11-22 00:00:00'
  const entries = [
    { at, amount: 50_000, memo: `${stall.reference} a\u0000b`, reference: '5213.1\u0000' },
    { at, amount: -7_000, memo: 'c\u0000d', reference: '5213\u0000.2' },
  ]
  const path = join(temporaryFolder(), 'statement')
  writeFileSync(path, csvOf(banks.vietcombank(stall.accountNumber, entries)))
  const needs = { store, intake: createIntake(store, () => {}), now: () => MORNING }
  const words = await recordStatement(needs, operatorScope(), source, path, 'x')
  expect(words).toContain('Mới: 1 khoản đã rõ của ai, 0 khoản chờ người xem')
  const texts = await store.db.select().from(erasable)
  expect(texts.map((row) => row.remittanceText)).toEqual([`${stall.reference} a\uFFFDb`])
  const booked = await store.db.select().from(bankTransaction)
  expect(booked.map((row) => row.bankReference)).toEqual(['5213.1\uFFFD', '5213\uFFFD.2'])
})
