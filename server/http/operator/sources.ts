import { shortNameOf } from '@vietqr/core'
import { AppError } from '../../../shared/app-error.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import { newSourcePage, type NewSourceView } from '../../../web/pages/operator/new-source.ts'
import { sourceSecretPage } from '../../../web/pages/operator/source-secret.ts'
import { sourcesPage } from '../../../web/pages/operator/sources.ts'
import { alarmWays, operatorUrl } from '../../sources/alarm.ts'
import { accessProblems, secretProblem } from '../../sources/credential.ts'
import { addInstance } from '../../sources/instance.ts'
import { getSource, modeOf, sourceOf, sources } from '../../sources/registry.ts'
import { readHealth } from '../../domain/source-health.ts'
import { listSources } from '../../storage/source.ts'
import { listOpenAlarms } from '../../storage/source-alarm.ts'
import { readTyped } from '../board/typed-text.ts'
import type { Services } from '../../services.ts'
import type { Doors, OperationVisit } from '../door.ts'
import { readAccess, secretView, showSource } from './source.ts'

const MAX_LABEL_LENGTH = 60

const trialOf = (word: string | undefined) => (word === 'told' || word === 'failed' ? word : undefined)

/** Who tells us of money, and how another is added. A secret is on the page that made it, and on no later one. */
export function showSources(doors: Doors, services: Services, frame: Frame): void {
  const { config, store, seal, sourceHealth, now, log } = services
  const ways = alarmWays(config.alarm)
  const route = doors.operation('source.manage')

  const kindOf = ({ c }: OperationVisit) => {
    const source = sourceOf(c.req.param('kind') ?? '')
    if (!source) throw new AppError('not_found', 'no such kind of source')
    return source
  }

  route.get('/operator/sources', async ({ c, scope }) => {
    // What was heard a moment ago is on the page.
    await sourceHealth.save()
    const rows = await listSources(store, scope)
    const healthOf = await readHealth(store, scope, now())
    const alarms = await listOpenAlarms(store)
    c.header('cache-control', 'no-store')
    return c.html(
      sourcesPage(frame, {
        sources: rows.map((row) => {
          const source = getSource(row.kind)
          return {
            ...row,
            kind: source.name,
            mode: modeOf(source, row.mode).words,
            accountCount: row.accounts.length,
            ...healthOf(row.id),
            alarms: alarms
              .filter(({ sourceId }) => sourceId === row.id)
              .map(({ bankBin, ...alarm }) => ({
                ...alarm,
                bankShortName: bankBin === null ? undefined : shortNameOf(bankBin),
              })),
          }
        }),
        kinds: sources,
        publicUrl: config.publicUrl,
        ways: ways.map((way) => ({ ...way, trial: trialOf(c.req.query(way.name)) })),
        removed: c.req.query('removed') !== undefined,
      }),
      200,
    )
  })

  route.post('/operator/sources/alarm-trial', async ({ c }) => {
    const news = { event: 'trial', at: now(), url: operatorUrl(config.publicUrl) } as const
    const outcomes = ways.map(async (way) => {
      try {
        await way.tell(news, news.at, c.req.raw.signal)
        return [way.name, 'told']
      } catch (error) {
        log.error({ way: way.name, err: error }, 'trial alarm not told')
        return [way.name, 'failed']
      }
    })
    const query = new URLSearchParams(await Promise.all(outcomes))
    return c.redirect(`/operator/sources?${query}`, 303)
  })

  route.get('/operator/sources/add/:kind', async (visit) => {
    visit.c.header('cache-control', 'no-store')
    const { publicUrl } = config
    const view = { source: kindOf(visit), publicUrl, typed: {}, errors: {} }
    return visit.c.html(newSourcePage(frame, view), 200)
  })

  route.post('/operator/sources/add/:kind', async (visit) => {
    const { c, scope } = visit
    const source = kindOf(visit)
    const typed = await readTyped(c, ['label', 'mode', 'secret'])
    const label = typed.label.trim()
    const secret = typed.secret.trim()
    const access = await readAccess(c, source)
    const errors: NewSourceView['errors'] = accessProblems(source, access)
    const wrongSecret = secretProblem(source, secret)
    if (label === '') errors['label'] = 'Chỗ này còn trống.'
    if (label.length > MAX_LABEL_LENGTH) errors['label'] = 'Dài quá, ghi gọn lại.'
    const mode = source.modes.find((one) => one.id === typed.mode)
    if (!mode) errors['mode'] = 'Chọn một trong các cách.'
    if (wrongSecret !== undefined) errors['secret'] = wrongSecret
    c.header('cache-control', 'no-store')
    if (!mode || Object.keys(errors).length > 0) {
      // They are not said back, so they must be pasted again.
      if (secret !== '') errors['secret'] ??= 'Dán lại khoá: trang không giữ khoá đã gõ.'
      for (const { name, label: word } of source.access) {
        if (access[name] !== '') errors[name] ??= `Dán lại ${word}: trang không giữ những gì đã gõ.`
      }
      const { publicUrl } = config
      const view = { source, publicUrl, typed: { label, mode: typed.mode }, errors }
      return c.html(newSourcePage(frame, view), 400)
    }
    const given = Object.values(access).some((value) => value !== '') ? access : null
    const wanted = { kind: source.kind, mode: mode.id, label, access: given, secret: secret || null }
    const made = await addInstance(store, seal, scope, wanted, now())
    const row = { ...made, kind: source.kind, label, mode: mode.id }
    return c.html(
      sourceSecretPage(frame, {
        ...secretView(config, row),
        secret: made.secret,
        hasAccess: given !== null,
      }),
      200,
    )
  })

  showSource(doors, services, frame)
}
