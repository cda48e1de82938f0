import { serve } from '@hono/node-server'
import { createApp } from './http/app.ts'
import { RULES } from './domain/recording-rules.ts'
import { startServices, type Services, type Surroundings } from './services.ts'
import { startChores } from './chores.ts'
import { isDemo } from './storage/setting.ts'
import type { Config } from './config.ts'

export interface RunningServer {
  services: Services
  port: number
  /** Cuts every open connection, as a bad network does; phones come back by themselves. */
  dropConnections(): void
  close(): Promise<void>
}

/** Opens everything and listens. Resolves when requests are answered. */
export async function startServer(
  config: Config,
  surroundings: Partial<Surroundings> = {},
): Promise<RunningServer> {
  const services = await startServices(config, surroundings)
  const { app } = createApp(services, await isDemo(services.store))
  await services.store.probe()
  // Whoever records is awake before the first notification.
  await services.store.record([], RULES)
  const stopChores = startChores(services)
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const server = serve({ fetch: app.fetch, port: config.port }, (info) => resolve(info.port))
  server.once('error', reject)
  const port = await promise
  const dropConnections = () => {
    if ('closeAllConnections' in server) server.closeAllConnections()
  }
  return {
    services,
    port,
    dropConnections,
    async close() {
      stopChores()
      const closed = new Promise((done) => server.close(done))
      // What is being answered gets half a second; streams would never end by themselves.
      setTimeout(dropConnections, 500)
      await closed
      await services.close()
    },
  }
}
