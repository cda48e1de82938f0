import { addDays } from '../../shared/business-day.ts'

/** A market's day as the ledger has it. */
export interface AuditedDay {
  /** Its stalls with a sale, each with the section it is in now. */
  stalls: ReadonlyMap<number, number>
  /** The accounts that paid for a sale. */
  payers: ReadonlySet<string>
  /** The follower has not been here since the day's last entry. */
  isPending: boolean
  /** Of some sale nobody can say any more whose it was. */
  isErased: boolean
}

/** The 30 days up to one. */
export interface AuditedWindow {
  activeStalls: number
  activeBySection: ReadonlyMap<number, number>
  payers: number
  repeatPayers: number
  isPending: boolean
  isErased: boolean
}

export const WINDOW_DAYS = 30

/** Slides over a market's days, which are entered in their order, by adding and dropping whole days. */
export function createWindow(): { enter(day: string, one: AuditedDay): AuditedWindow } {
  const held: [day: string, one: AuditedDay][] = []
  const stallDays = new Map<number, number>()
  const activeBySection = new Map<number, number>()
  const payerDays = new Map<string, number>()
  let repeatPayers = 0

  /** Returns how many days it is there now. */
  function count<Key>(days: Map<Key, number>, key: Key, step: 1 | -1): number {
    const now = (days.get(key) ?? 0) + step
    if (now === 0) days.delete(key)
    else days.set(key, now)
    return now
  }

  function move({ stalls, payers }: AuditedDay, by: 1 | -1): void {
    for (const [stallId, sectionId] of stalls) {
      const isFirstOrLast = count(stallDays, stallId, by) === (by === 1 ? 1 : 0)
      if (isFirstOrLast) count(activeBySection, sectionId, by)
    }
    for (const payer of payers) {
      const isSecondOrBackToOne = count(payerDays, payer, by) === (by === 1 ? 2 : 1)
      if (isSecondOrBackToOne) repeatPayers += by
    }
  }

  return {
    enter(day, one) {
      const first = addDays(day, 1 - WINDOW_DAYS)
      while (held.length > 0 && held[0]![0] < first) move(held.shift()![1], -1)
      held.push([day, one])
      move(one, 1)
      return {
        activeStalls: stallDays.size,
        activeBySection: new Map(activeBySection),
        payers: payerDays.size,
        repeatPayers,
        isPending: held.some(([, it]) => it.isPending),
        isErased: held.some(([, it]) => it.isErased),
      }
    },
  }
}
