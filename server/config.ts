import { join, resolve } from 'node:path'
import { z } from 'zod'

export interface Config {
  port: number
  /** Where shoppers, phones and sources reach this server; links and printed addresses begin with it. */
  publicUrl: string
  dataDir: string
  /** `file:` and an absolute path, or `postgres://…`. */
  databaseUrl: string
  /** Whether the operator named a database, rather than leaving it to us. */
  databaseGiven: boolean
  /** Where the operator is told that a source is silent or late; null: only on the page and in the log. */
  alarm: { url: string; secret: string } | null
}

const variables = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(4040),
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  DATA_DIR: z.string().min(1).default('data'),
  DATABASE_URL: z
    .string()
    .regex(/^(file:.|postgres(ql)?:\/\/.)/, 'file:… or postgres://… is wanted')
    .optional(),
  ALARM_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** What its signature is made with: as long as SHA-256 is. */
  ALARM_SECRET: z.string().min(32).optional(),
})

const schema = variables.refine((env) => (env.ALARM_URL === undefined) === (env.ALARM_SECRET === undefined), {
  path: ['ALARM_SECRET'],
  message: 'ALARM_URL and ALARM_SECRET are given together or not at all',
})

/** Reads the environment, once. Throws one Error that names every variable that is wrong. */
export function readConfig(env: Record<string, string | undefined>): Readonly<Config> {
  const parsed = schema.safeParse(env)
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw new Error(`The environment is not right.\n  ${problems.join('\n  ')}`)
  }
  const { PORT, PUBLIC_URL, DATA_DIR, DATABASE_URL, ALARM_URL, ALARM_SECRET } = parsed.data
  const dataDir = resolve(DATA_DIR)
  return Object.freeze({
    port: PORT,
    publicUrl: (PUBLIC_URL ?? `http://localhost:${PORT}`).replace(/\/+$/, ''),
    dataDir,
    databaseUrl: absolute(DATABASE_URL ?? `file:${join(dataDir, 'market.db')}`),
    databaseGiven: DATABASE_URL !== undefined,
    alarm: ALARM_URL && ALARM_SECRET ? { url: ALARM_URL, secret: ALARM_SECRET } : null,
  })
}

function absolute(databaseUrl: string): string {
  return databaseUrl.startsWith('file:') ? `file:${resolve(databaseUrl.slice('file:'.length))}` : databaseUrl
}
