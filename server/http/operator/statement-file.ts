import { AppError } from '../../../shared/app-error.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import { statementFilePage } from '../../../web/pages/operator/statement-file.ts'
import { statementPreviewPage, type StatementPreview } from '../../../web/pages/operator/statement-preview.ts'
import type { StatementSource } from '../../storage/statement.ts'
import { COLUMNS, mappingProblem, type Header, type Mapping } from '../../sources/statement/layout.ts'
import {
  accountOf,
  checkedWords,
  rememberedMappings,
  rememberMapping,
} from '../../sources/statement/recording.ts'
import { StatementRefused } from '../../sources/statement/row.ts'
import { checkStatement, readHead, type StatementHead } from '../../sources/statement/statement.ts'
import { DATE_ORDERS } from '../../sources/statement/value.ts'
import type { AccountKey } from '../../storage/source.ts'
import type { Services } from '../../services.ts'
import type { Doors, OperationVisit } from '../door.ts'
import { namedAccounts } from '../named-accounts.ts'

/** One statement file: what is in it, which column is what, a yes, and how its recording goes. */
export function showStatementFile(
  doors: Doors,
  services: Services,
  frame: Frame,
  findSource: (visit: OperationVisit) => Promise<StatementSource>,
): void {
  const { store, statements, now, log } = services
  const route = doors.operation('source.manage')

  const findFile = async ({ c }: OperationVisit, sourceId: string) => {
    const filed = await statements.find(sourceId, c.req.param('file') ?? '')
    if (!filed) throw new AppError('not_found', 'no such statement')
    return filed
  }

  /** What was chosen among the columns, of a file whose layout nobody knows yet. */
  const chosenMapping = ({ proposed }: Header, chosen: Record<string, string>): Mapping => {
    if (!('dateOrder' in chosen)) return proposed
    const columns: Mapping['columns'] = {}
    for (const column of COLUMNS) {
      const index = chosen[column]
      if (index !== undefined && /^\d{1,2}$/.test(index)) columns[column] = Number(index)
    }
    return { columns, dateOrder: DATE_ORDERS.find((order) => order === chosen['dateOrder']) ?? 'dmy' }
  }

  const chosenAccount = (
    head: StatementHead,
    row: StatementSource,
    name: string,
    chosen: string | undefined,
  ) => {
    const named = row.accounts.find(({ bankBin, accountNumber }) => `${bankBin}-${accountNumber}` === chosen)
    return named ?? accountOf(head, name, row.accounts)
  }

  interface Look {
    header: Header
    mapping: Mapping
    account: AccountKey | undefined
    preview: StatementPreview
  }

  /** Everything a person must see before the yes; `problem` where there can be none yet. */
  const look = async (
    visit: OperationVisit,
    row: StatementSource,
    name: string,
    chosen: Record<string, string>,
  ): Promise<Look | StatementPreview> => {
    const path = statements.pathOf('preview', row.id, name)
    const empty: StatementPreview = {
      source: row,
      name,
      accounts: namedAccounts(row.accounts),
      chosenAccount: null,
      bankName: null,
      isMappingKnown: true,
      headerNames: [],
      columns: [],
      dateOrder: 'dmy',
      sample: [],
      checked: [],
    }
    try {
      const head = await readHead(path, await rememberedMappings(store, visit.scope, row.id))
      const { header, sample } = head
      const mapping = header.mapping ?? chosenMapping(header, chosen)
      const preview: StatementPreview = {
        ...empty,
        bankName: header.bank?.name ?? null,
        isMappingKnown: header.mapping !== null,
        headerNames: header.names,
        columns: COLUMNS.map((column) => ({ column, index: mapping.columns[column] ?? null })),
        dateOrder: mapping.dateOrder,
        sample: sample.map(({ line, cells }) => ({ line, cells: cells.map(String) })),
      }
      const seen: Look = { header, mapping, account: undefined, preview }
      try {
        const account = chosenAccount(head, row, name, chosen['account'])
        seen.account = account
        preview.chosenAccount = `${account.bankBin}-${account.accountNumber}`
        const problem = mappingProblem(mapping)
        if (problem !== undefined) throw new StatementRefused(problem)
        preview.checked = checkedWords(await checkStatement(path, header, mapping, account, now()))
      } catch (error) {
        if (!(error instanceof StatementRefused)) throw error
        preview.problem = error.message
      }
      return seen
    } catch (error) {
      if (!(error instanceof StatementRefused)) throw error
      return { ...empty, problem: error.message }
    }
  }

  route.get('/operator/statements/:sourceId/preview/:file', async (visit) => {
    const { c } = visit
    const row = await findSource(visit)
    const filed = await findFile(visit, row.id)
    if (filed.stage !== 'preview')
      return c.redirect(`/operator/statements/${row.id}/files/${filed.name}`, 303)
    const seen = await look(visit, row, filed.name, c.req.query())
    c.header('cache-control', 'no-store')
    return c.html(statementPreviewPage(frame, 'preview' in seen ? seen.preview : seen), 200)
  })

  route.post('/operator/statements/:sourceId/preview/:file', async (visit) => {
    const { c, scope } = visit
    const row = await findSource(visit)
    const filed = await findFile(visit, row.id)
    if (filed.stage !== 'preview') throw new AppError('conflict', 'this statement is on its way already')
    const form = await c.req.parseBody()
    const chosen = Object.fromEntries(
      Object.entries(form).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
    )
    const seen = await look(visit, row, filed.name, chosen)
    if (!('preview' in seen) || seen.preview.problem !== undefined || seen.account === undefined) {
      c.header('cache-control', 'no-store')
      return c.html(statementPreviewPage(frame, 'preview' in seen ? seen.preview : seen), 400)
    }
    if (seen.header.mapping === null) await rememberMapping(store, scope, row.id, seen.header, seen.mapping)
    const name = await statements.submit(row.id, filed.name, seen.account)
    // It goes on by itself; the page looks how far it is, and the minute's sweep finishes what this does not.
    statements
      .record(scope, row, name)
      .catch((error: unknown) => log.error({ err: error }, 'statement failed'))
    return c.redirect(`/operator/statements/${row.id}/files/${name}`, 303)
  })

  route.get('/operator/statements/:sourceId/files/:file', async (visit) => {
    const { c } = visit
    const row = await findSource(visit)
    const { stage, ...filed } = await findFile(visit, row.id)
    if (stage === 'preview') return c.redirect(`/operator/statements/${row.id}/preview/${filed.name}`, 303)
    c.header('cache-control', 'no-store')
    // Without script: the page asks for itself again until the file has come to its end.
    if (stage === 'in' || stage === 'working') c.header('refresh', '2')
    return c.html(statementFilePage(frame, { source: row, stage, ...filed }), 200)
  })
}
