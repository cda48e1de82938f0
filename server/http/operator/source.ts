import { AppError } from '../../../shared/app-error.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import { sourceSecretPage } from '../../../web/pages/operator/source-secret.ts'
import { sourcePage, type SourceView } from '../../../web/pages/operator/source.ts'
import type { Config } from '../../config.ts'
import { accessProblems, secretProblem } from '../../sources/credential.ts'
import { giveAccess, rotateInstance } from '../../sources/instance.ts'
import { getSource, modeOf } from '../../sources/registry.ts'
import type { Access, Source } from '../../sources/source.ts'
import { listSources, setMakesCodes, type SourceListing } from '../../storage/source.ts'
import { readTyped } from '../board/typed-text.ts'
import type { Services } from '../../services.ts'
import type { Doors, OperationVisit } from '../door.ts'
import { namedAccounts } from '../named-accounts.ts'
import { bindSources, boundCountOf } from './source-binding.ts'
import { listUnheardAccounts } from './unheard-accounts.ts'

/** The next ones are shown when these are done. */
const MAX_UNHEARD_SHOWN = 100

type Form = Pick<SourceView, 'typed' | 'errors' | 'badLines'>
const EMPTY: Form = { typed: {}, errors: {}, badLines: [] }

/** One source: what it may speak for, its secret, its end. */
export function showSource(doors: Doors, services: Services, frame: Frame): void {
  const { config, store, seal, sourceHealth, now } = services

  const find = async ({ c, scope }: OperationVisit): Promise<SourceListing> => {
    await sourceHealth.save()
    const rows = await listSources(store, scope)
    const found = rows.find((row) => row.id === c.req.param('sourceId'))
    if (!found) throw new AppError('not_found', 'no such source')
    return found
  }

  const page = async (visit: OperationVisit, row: SourceListing, form: Form, status: 200 | 400) => {
    const { c, actor, scope } = visit
    const unheard = await listUnheardAccounts(store, actor, scope)
    const { id, label, mode, createdAt, lastHeardAt, backfilledAt, apiToken } = row
    const source: Source = getSource(row.kind)
    c.header('cache-control', 'no-store')
    return c.html(
      sourcePage(frame, {
        id,
        label,
        source,
        mode: modeOf(source, mode).words,
        address: addressOf(config, id),
        createdAt,
        lastHeardAt,
        backfilledAt,
        hasAccess: apiToken !== null,
        isAskable: source.backfill !== undefined,
        accounts: namedAccounts(row.accounts),
        codes: source.codes && (row.makesCodes ? 'source' : 'phone'),
        unheard: unheard.slice(0, MAX_UNHEARD_SHOWN),
        unheardCount: unheard.length,
        tokenSaved: status === 200 && c.req.query('token') !== undefined,
        boundCount: boundCountOf(visit),
        ...form,
      }),
      status,
    )
  }
  const route = doors.operation('source.manage')

  route.get('/operator/sources/:sourceId', async (visit) => page(visit, await find(visit), EMPTY, 200))

  route.post('/operator/sources/:sourceId/rotate', async (visit) => {
    const { c, scope } = visit
    const row = await find(visit)
    const given = (await readTyped(c, ['secret'])).secret.trim()
    const wrong = secretProblem(getSource(row.kind), given)
    if (wrong !== undefined) return page(visit, row, { ...EMPTY, errors: { secret: wrong } }, 400)
    const made = await rotateInstance(store, seal, scope, row, given || null, now())
    c.header('cache-control', 'no-store')
    const view = { ...secretView(config, row), hasAccess: row.apiToken !== null, ...made }
    return c.html(sourceSecretPage(frame, view), 200)
  })

  route.post('/operator/sources/:sourceId/token', async (visit) => {
    const { c, scope } = visit
    const row = await find(visit)
    const source = getSource(row.kind)
    const access = await readAccess(c, source)
    const errors = accessProblems(source, access)
    for (const { name } of source.access) if (access[name] === '') errors[name] = 'Chỗ này còn trống.'
    if (Object.keys(errors).length > 0) return page(visit, row, { ...EMPTY, errors }, 400)
    await giveAccess(store, seal, scope, row, access)
    return c.redirect(`/operator/sources/${row.id}?token`, 303)
  })

  route.post('/operator/sources/:sourceId/codes', async (visit) => {
    const { c, scope } = visit
    const row = await find(visit)
    const { by } = await readTyped(c, ['by'])
    await store.write((tx) => setMakesCodes(tx, scope, row.id, by === 'source'))
    return c.redirect(`/operator/sources/${row.id}`, 303)
  })

  bindSources(doors, services, { list: '/operator/sources', find, page })
}

function addressOf({ publicUrl }: Config, id: string): string {
  return `${publicUrl}/notifications/${id}`
}

/** What calling the source's API takes, as a form sent it. */
export async function readAccess(c: OperationVisit['c'], { access }: Source): Promise<Access> {
  const typed = await readTyped(
    c,
    access.map(({ name }) => name),
  )
  return Object.fromEntries(Object.entries(typed).map(([name, text]) => [name, text.trim()]))
}

/** What the page that shows a secret says besides it. */
export function secretView(config: Config, row: Pick<SourceListing, 'id' | 'kind' | 'label' | 'mode'>) {
  const source = getSource(row.kind)
  const mode = modeOf(source, row.mode)
  const address = addressOf(config, row.id)
  const { id, label } = row
  const steps = source.setup({ sourceId: id, address, label, mode })
  return { id, label, source, mode: mode.words, publicUrl: config.publicUrl, address, steps }
}
