import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../../shared/app-error.ts'
import type { IncomingMessage, Published } from '../storage/decision.ts'
import type { Store } from '../storage/store.ts'
import { RULES } from './recording-rules.ts'

/** One commit carries at most this many messages. */
const MAX_BATCH = 256
/** Under way at the disk, and handed over already. */
const MAX_COMMITS = 2
/** More than this waiting, and the source is asked to come again: it will, memory will not. */
const MAX_WAITING = 4_096

interface Waiting {
  message: IncomingMessage
  settle: (error?: unknown) => void
}

export interface Intake {
  /**
   * Resolves once the message is on the disk: only then may it be acknowledged. Rejects with `unavailable` when too
   * many are waiting, or with what went wrong; then nothing of it was counted.
   */
  submit(message: IncomingMessage): Promise<void>
  /** How many wait for a commit. */
  waiting(): number
  /** Resolves when nothing is waiting any more. */
  drain(): Promise<void>
}

/**
 * Group commit: whatever arrives while a commit runs goes into the next one. No timer: a lone message waits for
 * nobody. A message that cannot be recorded never fails its neighbours.
 */
export function createIntake(store: Store, publish: (news: readonly Published[]) => void): Intake {
  const waiting: Waiting[] = []
  const atDisk = new Set<readonly Waiting[]>()
  let lastSize = 0
  let isDue = false

  function handOverSoon(): void {
    if (isDue) return
    isDue = true
    // One turn of the event loop, in which everything that has already arrived joins the batch.
    setImmediate(() => {
      isDue = false
      handOver()
    })
  }

  /**
   * While the disk has a batch it gets a second one that is no smaller: then it never waits for us, and no commit is
   * paid for a few.
   */
  function handOver(): void {
    const isBusy = atDisk.size === MAX_COMMITS || (atDisk.size > 0 && waiting.length < lastSize)
    if (waiting.length === 0 || isBusy) return
    const batch = waiting.splice(0, MAX_BATCH)
    lastSize = batch.length
    atDisk.add(batch)
    void commit(batch)
  }

  async function commit(batch: readonly Waiting[]): Promise<void> {
    const news = await record(batch).catch(() => undefined)
    if (!news) await recordOneByOne(batch)
    atDisk.delete(batch)
    // The next ones before these are answered.
    handOver()
    if (news) answer(batch, news)
  }

  async function recordOneByOne(batch: readonly Waiting[]): Promise<void> {
    for (const one of batch) {
      await record([one]).then((news) => answer([one], news), one.settle)
      // A ledger that stays locked costs seconds for each: who is refused hears it now, not after the last.
      await new Promise(setImmediate)
    }
  }

  function answer(batch: readonly Waiting[], news: readonly Published[]): void {
    for (const one of batch) one.settle()
    publish(news)
  }

  const record = async (batch: readonly Waiting[]): Promise<Published[]> =>
    store.record(
      batch.map((one) => one.message),
      RULES,
    )

  return {
    submit(message) {
      if (waiting.length >= MAX_WAITING) {
        return Promise.reject(new AppError('unavailable', 'too many notifications are waiting'))
      }
      return new Promise((resolve, reject) => {
        waiting.push({
          message,
          settle: (error) => (error === undefined ? resolve() : reject(error)),
        })
        handOverSoon()
      })
    },
    waiting: () => waiting.length,
    async drain() {
      while (waiting.length > 0 || atDisk.size > 0) await sleep(1)
    },
  }
}
