import { join, resolve } from 'node:path'
import { z } from 'zod'
import type { SmtpServer } from './sources/alarm-mail.ts'
import type { AlarmConfig } from './sources/alarm.ts'

export interface Config {
  port: number
  /** Where shoppers, phones and sources reach this server; links and printed addresses begin with it. */
  publicUrl: string
  dataDir: string
  /** `file:` and an absolute path, or `postgres://…`. */
  databaseUrl: string
  /** Whether the operator named a database, rather than leaving it to us. */
  databaseGiven: boolean
  /** Where the operator is told that a source is silent or late, beside the page and the log. */
  alarm: AlarmConfig
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
  ALARM_SMTP_URL: z
    .string()
    .transform((text, context): SmtpServer => {
      const server = smtpServer(text)
      if (server) return server
      context.addIssue('smtps://user:password@host is wanted; what is no letter or digit is written as %40')
      return z.NEVER
    })
    .optional(),
  ALARM_MAIL_FROM: z.email().optional(),
  ALARM_MAIL_TO: z.email().optional(),
})

/** What makes sense only together. */
const GROUPS = [
  ['ALARM_URL', 'ALARM_SECRET'],
  ['ALARM_SMTP_URL', 'ALARM_MAIL_FROM', 'ALARM_MAIL_TO'],
] as const

const schema = variables.superRefine((env, context) => {
  for (const names of GROUPS) {
    const missing = names.filter((name) => env[name] === undefined)
    if (missing.length === 0 || missing.length === names.length) continue
    const message = `${names.join(', ')} are given together or not at all`
    for (const name of missing) context.addIssue({ code: 'custom', path: [name], message })
  }
})

/** Reads the environment, once. Throws one Error that names every variable that is wrong. */
export function readConfig(env: Record<string, string | undefined>): Readonly<Config> {
  const parsed = schema.safeParse(env)
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw new Error(`The environment is not right.\n  ${problems.join('\n  ')}`)
  }
  const { PORT, PUBLIC_URL, DATA_DIR, DATABASE_URL, ALARM_URL, ALARM_SECRET } = parsed.data
  const { ALARM_SMTP_URL, ALARM_MAIL_FROM, ALARM_MAIL_TO } = parsed.data
  const dataDir = resolve(DATA_DIR)
  return Object.freeze({
    port: PORT,
    publicUrl: (PUBLIC_URL ?? `http://localhost:${PORT}`).replace(/\/+$/, ''),
    dataDir,
    databaseUrl: absolute(DATABASE_URL ?? `file:${join(dataDir, 'market.db')}`),
    databaseGiven: DATABASE_URL !== undefined,
    alarm: {
      webhook: ALARM_URL && ALARM_SECRET ? { url: ALARM_URL, secret: ALARM_SECRET } : null,
      mail:
        ALARM_SMTP_URL && ALARM_MAIL_FROM && ALARM_MAIL_TO
          ? { server: ALARM_SMTP_URL, from: ALARM_MAIL_FROM, to: ALARM_MAIL_TO }
          : null,
    },
  })
}

/** Undefined of what is no `smtp[s]://[user:password@]host[:port]`. */
function smtpServer(text: string): SmtpServer | undefined {
  try {
    const url = new URL(text)
    const secure = url.protocol === 'smtps:'
    if ((!secure && url.protocol !== 'smtp:') || url.hostname === '') return undefined
    if (!/^\/?$/.test(url.pathname) || url.search !== '' || url.hash !== '') return undefined
    return {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
      secure,
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
    }
  } catch {
    return undefined
  }
}

function absolute(databaseUrl: string): string {
  return databaseUrl.startsWith('file:') ? `file:${resolve(databaseUrl.slice('file:'.length))}` : databaseUrl
}
