import { AppError } from '../../../shared/app-error.ts'
import { countRecentOutcomes } from '../../storage/adoption.ts'
import { listBehind } from '../../storage/rollup.ts'
import { operatorScope } from '../../storage/scope.ts'
import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'

/**
 * What a collector on this machine reads, as Prometheus text 0.0.4. To everybody else there is no such address: in a
 * market of a few stalls, counts that are asked every second would tell when somebody was paid. Never any money, any
 * stall or any secret.
 */
export function showMetrics(doors: Doors, services: Services): void {
  const { store, meter, intake, now } = services

  doors.open.get('/metrics', async (c) => {
    const address = c.env.incoming.socket?.remoteAddress ?? ''
    const isForwarded = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].some((name) =>
      c.req.header(name),
    )
    if (!/^(127\.|::1$|::ffff:127\.)/.test(address) || isForwarded)
      throw new AppError('not_found', 'no such address')

    const outcomes = await countRecentOutcomes(store, operatorScope(), now())
    const behind = await listBehind(store)
    const { bounds, counts, count, seconds } = meter.commits
    const text = [
      family(
        'cho_credits_7d',
        'gauge',
        'Incoming credits booked in the last 7 days, by source kind and outcome.',
        outcomes.map(({ kind, outcome, n }): Sample => [{ source_kind: kind, outcome }, n]),
      ),
      family(
        'cho_refusals_total',
        'counter',
        'Requests refused or failed, by code; bad_signature is a forged notification.',
        [...meter.refusals].map(([code, n]): Sample => [{ code }, n]),
      ),
      family(
        'cho_sale_codes_total',
        'counter',
        'Codes of sales asked of a source; of one that was missed the phone showed its own.',
        Object.entries(meter.codes).map(([outcome, n]): Sample => [{ outcome }, n]),
      ),
      family('cho_notifications_waiting', 'gauge', 'Notifications that wait for a commit.', [
        [{}, intake.waiting()],
      ]),
      family('cho_commit_seconds', 'histogram', 'Commits of recorded notifications.', [
        ...bounds.map((bound, index): Sample => [{ le: String(bound) }, counts[index]!, '_bucket']),
        [{ le: '+Inf' }, count, '_bucket'],
        [{}, seconds, '_sum'],
        [{}, count, '_count'],
      ]),
      family(
        'cho_rollup_lag_seconds',
        'gauge',
        'Age of the oldest entry that no rollup has counted, of each market that is behind.',
        behind.map(({ marketId, oldestAt }): Sample => [
          { market: String(marketId) },
          oldestAt === null ? 0 : Math.max(0, now() - oldestAt) / 1_000,
        ]),
      ),
      family(
        'cho_rollup_lag_entries',
        'gauge',
        'Ledger entries not followed yet, of each market that is behind.',
        behind.map(({ marketId, entries }): Sample => [{ market: String(marketId) }, entries]),
      ),
      family('cho_open_streams', 'gauge', 'Pages that listen now: phones, their tabs, tablets.', [
        [{}, meter.openStreams],
      ]),
      family('process_resident_memory_bytes', 'gauge', 'Memory of this process.', [
        [{}, process.memoryUsage.rss()],
      ]),
      family('process_start_time_seconds', 'gauge', 'When this process started, in Unix time.', [
        [{}, Math.round(now() / 1_000 - process.uptime())],
      ]),
    ]
    c.header('cache-control', 'no-store')
    c.header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
    return c.body(text.join(''))
  })
}

type Sample = [labels: Record<string, string>, value: number, suffix?: string]

/** One metric with its samples, in Prometheus' text format 0.0.4. */
function family(name: string, type: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value, suffix = '']) => {
    const told = Object.entries(labels).map(
      ([label, text]) => `${label}="${text.replace(/[\\"\n]/g, '\\$&')}"`,
    )
    return `${name}${suffix}${told.length > 0 ? `{${told.join(',')}}` : ''} ${value}\n`
  })
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}
