import { AppError } from '../../shared/app-error.ts'
import type { IncomingMessage, Published } from '../storage/decision.ts'
import type { Store } from '../storage/store.ts'
import { RULES } from './recording-rules.ts'

/** One commit carries at most this many messages. */
const MAX_BATCH = 256
/** While the disk has one, the next is handed over, so that it never waits for us. */
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
  const committing = new Set<Promise<void>>()

  async function commitWaiting(): Promise<void> {
    do {
      // One turn of the event loop, in which everything that has already arrived joins the batch.
      await new Promise(setImmediate)
      const batch = waiting.splice(0, MAX_BATCH)
      await record(batch).then(
        (news) => answer(batch, news),
        () => recordOneByOne(batch),
      )
    } while (waiting.length > 0)
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
    batch.length === 0
      ? []
      : store.record(
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
        if (committing.size === MAX_COMMITS) return
        const commits = commitWaiting()
        committing.add(commits)
        void commits.then(() => committing.delete(commits))
      })
    },
    waiting: () => waiting.length,
    async drain() {
      await Promise.all(committing)
    },
  }
}
