import { AppError } from '../../shared/app-error.ts'
import type { IncomingMessage, Published } from '../storage/decision.ts'
import type { Store } from '../storage/store.ts'
import { RULES } from './recording-rules.ts'

/** One commit carries at most this many messages. */
const MAX_BATCH = 256
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
  let running: Promise<void> | undefined

  async function commitWaiting(): Promise<void> {
    // One turn of the event loop, in which everything that has already arrived joins the batch.
    await new Promise(setImmediate)
    while (waiting.length > 0) {
      const batch = waiting.splice(0, MAX_BATCH)
      try {
        await commit(batch)
      } catch {
        for (const one of batch) {
          await commit([one]).catch(one.settle)
          // A ledger that stays locked costs seconds for each: who is refused hears it now, not after the last.
          await new Promise(setImmediate)
        }
      }
      await new Promise(setImmediate)
    }
    running = undefined
  }

  async function commit(batch: readonly Waiting[]): Promise<void> {
    const news = await store.record(
      batch.map((one) => one.message),
      RULES,
    )
    for (const one of batch) one.settle()
    publish(news)
  }

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
        running ??= commitWaiting()
      })
    },
    waiting: () => waiting.length,
    async drain() {
      await running
    },
  }
}
