import { join } from 'node:path'
import { pino, type Logger } from 'pino'
import { createChangeFeed, type ChangeFeed } from './domain/change-feed.ts'
import { createIntake, type Intake } from './domain/intake.ts'
import { createMeter, type Meter } from './domain/meter.ts'
import { openSeal, requireSameKey, type Seal } from './domain/seal.ts'
import { createSourceHealth, type SourceHealth } from './domain/source-health.ts'
import { instanceDirectory, type FindInstance } from './sources/instance.ts'
import { openStatementDesk, type StatementDesk } from './sources/statement/desk.ts'
import { openServing } from './storage/engine.ts'
import type { Store } from './storage/store.ts'
import type { Config } from './config.ts'

/** The clock and the log; tests hand in their own. */
export interface Surroundings {
  /** Epoch milliseconds. */
  now: () => number
  log: Logger
}

/** What everything above the storage room works with; made once, here. */
export interface Services extends Surroundings {
  config: Config
  store: Store
  seal: Seal
  feed: ChangeFeed
  meter: Meter
  intake: Intake
  sourceHealth: SourceHealth
  findInstance: FindInstance
  statements: StatementDesk
  close(): Promise<void>
}

/** Opens the database and everything that works on it. Throws `DatabaseRefused` if it is not for this server. */
export async function startServices(
  config: Config,
  surroundings: Partial<Surroundings> = {},
): Promise<Services> {
  const services = openServices(await openServing(config.databaseUrl), config, surroundings)
  try {
    await requireSameKey(services.store, services.seal)
    return services
  } catch (error) {
    await services.close()
    throw error
  }
}

export function openServices(
  store: Store,
  config: Config,
  surroundings: Partial<Surroundings> = {},
): Services {
  const { now = Date.now, log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }) } =
    surroundings
  const seal = openSeal(config.dataDir)
  const feed = createChangeFeed(store.shareNews)
  const meter = createMeter(() => performance.now())
  const sourceHealth = createSourceHealth(store)
  const intake = createIntake(sourceHealth.listening(meter.timed(store)), feed.publish)
  return {
    config,
    store,
    seal,
    feed,
    meter,
    intake,
    sourceHealth,
    findInstance: instanceDirectory(store, seal),
    statements: openStatementDesk({ store, intake, folder: join(config.dataDir, 'statements'), now, log }),
    log,
    now,
    async close() {
      await intake.drain()
      await sourceHealth
        .save()
        .catch((error: unknown) => log.error({ err: error }, 'last heard was not written down'))
      await store.close()
    },
  }
}
