import { randomBytes } from 'node:crypto'
import { AppError } from '../../../shared/app-error.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import {
  statementSourcePage,
  type StatementSourceView,
} from '../../../web/pages/operator/statement-source.ts'
import { statementsPage, type StatementsView } from '../../../web/pages/operator/statements.ts'
import type { OperatorScope } from '../../storage/scope.ts'
import { STATEMENT } from '../../storage/source.ts'
import {
  addStatementSource,
  listStatementSources,
  STATEMENT_MODES,
  type StatementSource,
} from '../../storage/statement.ts'
import { MAX_FILE_BYTES } from '../../sources/statement/row.ts'
import { readTyped } from '../board/typed-text.ts'
import type { Services } from '../../services.ts'
import type { Doors, OperationVisit } from '../door.ts'
import { readUpload } from '../statement-upload.ts'
import { namedAccounts } from '../named-accounts.ts'
import { bindSources, boundCountOf } from './source-binding.ts'
import { showStatementFile } from './statement-file.ts'

const MAX_LABEL_LENGTH = 60

type Form = Pick<StatementSourceView, 'typed' | 'errors' | 'badLines'>
const EMPTY: Form = { typed: {}, errors: {}, badLines: [] }

/** «Sao kê»: whose statements are taken, for which accounts, and what became of each file. */
export function showStatements(doors: Doors, services: Services, frame: Frame): void {
  const { store, statements, now } = services
  const route = doors.operation('source.manage')

  const list = async (scope: OperatorScope, form: Pick<StatementsView, 'typed' | 'errors' | 'removed'>) => {
    const sources = await listStatementSources(store, scope)
    return statementsPage(frame, {
      sources: sources.map((row) => ({ ...row, accountCount: row.accounts.length })),
      ...form,
    })
  }
  const find = async ({ c, scope }: OperationVisit): Promise<StatementSource> => {
    const sources = await listStatementSources(store, scope)
    const found = sources.find(({ id }) => id === c.req.param('sourceId'))
    if (!found) throw new AppError('not_found', 'no such source of statements')
    return found
  }
  const page = async (visit: OperationVisit, row: StatementSource, form: Form, status: 200 | 400 | 413) => {
    const { c } = visit
    const { id, label, mode } = row
    c.header('cache-control', 'no-store')
    return c.html(
      statementSourcePage(frame, {
        id,
        label,
        mode,
        accounts: namedAccounts(row.accounts),
        boundCount: boundCountOf(visit),
        files: await statements.list(id),
        maxFileMegabytes: MAX_FILE_BYTES / 1024 / 1024,
        ...form,
      }),
      status,
    )
  }

  route.get('/operator/statements', async ({ c, scope }) => {
    c.header('cache-control', 'no-store')
    const removed = c.req.query('removed') !== undefined
    return c.html(await list(scope, { typed: {}, errors: {}, removed }), 200)
  })

  route.post('/operator/statements', async ({ c, scope }) => {
    const typed = await readTyped(c, ['label', 'mode'])
    const label = typed.label.trim()
    const mode = STATEMENT_MODES.find((one) => one === typed.mode)
    const errors: StatementsView['errors'] = {}
    if (label === '') errors.label = 'Chỗ này còn trống.'
    if (label.length > MAX_LABEL_LENGTH) errors.label = 'Dài quá, ghi gọn lại.'
    if (mode === undefined) errors.mode = 'Chọn một trong hai cách.'
    if (mode === undefined || errors.label !== undefined) {
      c.header('cache-control', 'no-store')
      return c.html(await list(scope, { typed, errors, removed: false }), 400)
    }
    const id = `${STATEMENT}-${randomBytes(6).toString('hex')}`
    await store.changeRegistry((tx) => addStatementSource(tx, scope, { id, label, mode }, now()))
    return c.redirect(`/operator/statements/${id}`, 303)
  })

  route.get('/operator/statements/:sourceId', async (visit) => page(visit, await find(visit), EMPTY, 200))

  route.post('/operator/statements/:sourceId/upload', async (visit) => {
    const { c } = visit
    const row = await find(visit)
    const file = await readUpload(c, MAX_FILE_BYTES)
    if (!(file instanceof File))
      return page(visit, row, { ...EMPTY, errors: { file: file.problem } }, file.status)
    const name = await statements.receive(row.id, file.name, new Uint8Array(await file.arrayBuffer()))
    return c.redirect(`/operator/statements/${row.id}/preview/${name}`, 303)
  })

  bindSources(doors, services, { list: '/operator/statements', find, page })
  showStatementFile(doors, services, frame, find)
}
