import { sql, type SQL } from 'drizzle-orm'
import type { Figures, Tally } from './audited-figures.ts'

/** A sale whose payer's account is still known. */
export interface PayerSale {
  day: string
  seq: number
  payerAccount: string
  eraseOn: string
}

export type CountedPayerSale = Omit<PayerSale, 'payerAccount'> & { payerKey: string }

export const payerKeys = (within: SQL) => sql`
  select business_day as day, transaction_seq as seq, payer_key as "payerKey", erase_on as "eraseOn"
  from payer_sale where ${within}`

/** Payers get numbers: neither their accounts nor our keys for them are told. */
export function createPayerNames() {
  const accounts = new Map<string, number>()
  const keys = new Map<string, number>()
  const haveKey = new Set<number>()

  return {
    /** Both sides, a row a sale; a key stands for the account it was first seen with. */
    tally(sales: readonly PayerSale[], counted: readonly CountedPayerSale[]): [Tally, Tally] {
      const keyOf = new Map(counted.map((row) => [row.seq, row.payerKey]))
      const recomputed = new Map<string, Figures>()
      for (const { day, seq, payerAccount, eraseOn } of sales) {
        const payer = accounts.get(payerAccount) ?? accounts.size + 1
        accounts.set(payerAccount, payer)
        const key = keyOf.get(seq)
        if (key !== undefined && !keys.has(key) && !haveKey.has(payer)) {
          keys.set(key, payer)
          haveKey.add(payer)
        }
        recomputed.set(`day ${day}, transaction ${seq}`, { payer, 'erased on': eraseOn })
      }
      const told = counted.map(({ day, seq, payerKey, eraseOn }): [string, Figures] => {
        const payer = keys.get(payerKey) ?? 'of no sale'
        return [`day ${day}, transaction ${seq}`, { payer, 'erased on': eraseOn }]
      })
      return [recomputed, new Map(told)]
    },
  }
}
