import type { Frame } from '../../../web/pages/layout.ts'
import { sourceSecretPage } from '../../../web/pages/operator/source-secret.ts'
import { sourcesPage, type SourcesView } from '../../../web/pages/operator/sources.ts'
import { addInstance } from '../../sources/instance.ts'
import { getSource } from '../../sources/registry.ts'
import type { OperatorScope } from '../../storage/scope.ts'
import { listSources } from '../../storage/source.ts'
import { readTyped } from '../board/typed-text.ts'
import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'
import { secretProblem, tokenProblem } from './secret-problem.ts'
import { showSource } from './source.ts'

const KIND = 'sepay'
const MAX_LABEL_LENGTH = 60

/** Who tells us of money, and how another is added. A secret is on the page that made it, and on no later one. */
export function showSources(doors: Doors, services: Services, frame: Frame): void {
  const { config, store, seal, now } = services

  const view = async (
    scope: OperatorScope,
    form: Pick<SourcesView, 'typed' | 'errors' | 'removed'>,
  ): Promise<SourcesView> => ({
    sources: (await listSources(store, scope)).map((row) => ({ ...row, accountCount: row.accounts.length })),
    publicUrl: config.publicUrl,
    ...form,
  })

  doors.operation('source.manage').get('/operator/sources', async ({ c, scope }) => {
    const removed = c.req.query('removed') !== undefined
    c.header('cache-control', 'no-store')
    return c.html(sourcesPage(frame, await view(scope, { typed: {}, errors: {}, removed })), 200)
  })

  doors.operation('source.manage').post('/operator/sources', async ({ c, scope }) => {
    const typed = await readTyped(c, ['label', 'mode', 'secret', 'apiToken'])
    const label = typed.label.trim()
    const [secret, apiToken] = [typed.secret.trim(), typed.apiToken.trim()]
    const errors: SourcesView['errors'] = {}
    if (label === '') errors.label = 'Chỗ này còn trống.'
    if (label.length > MAX_LABEL_LENGTH) errors.label = 'Dài quá, ghi gọn lại.'
    if (!getSource(KIND).modes.includes(typed.mode)) errors.mode = 'Chọn một trong hai cách.'
    const wrongSecret = secretProblem(secret)
    if (wrongSecret !== undefined) errors.secret = wrongSecret
    const wrongToken = tokenProblem(apiToken)
    if (wrongToken !== undefined) errors.apiToken = wrongToken
    c.header('cache-control', 'no-store')
    if (Object.keys(errors).length > 0) {
      // They are not said back, so they must be pasted again.
      if (secret !== '') errors.secret ??= 'Dán lại khoá: trang không giữ khoá đã gõ.'
      if (apiToken !== '') errors.apiToken ??= 'Dán lại token: trang không giữ token đã gõ.'
      const { mode } = typed
      return c.html(
        sourcesPage(frame, await view(scope, { typed: { label, mode }, errors, removed: false })),
        400,
      )
    }
    const made = await addInstance(
      store,
      seal,
      scope,
      { kind: KIND, mode: typed.mode, label, apiToken: apiToken || null, secret: secret || null },
      now(),
    )
    return c.html(
      sourceSecretPage(frame, {
        ...made,
        label,
        mode: typed.mode,
        publicUrl: config.publicUrl,
        address: `${config.publicUrl}/notifications/${made.id}`,
        hasApiToken: apiToken !== '',
      }),
      200,
    )
  })

  showSource(doors, services, frame)
}
