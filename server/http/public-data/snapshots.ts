import { AppError } from '../../../shared/app-error.ts'
import { DEFINITIONS, DEFINITIONS_VERSION, lastClosedDay } from '../../domain/adoption.ts'
import { FEWEST_STALLS } from '../../domain/disclosure.ts'
import { publishSnapshot, type PublishedFigures } from '../../domain/snapshot.ts'
import { findMarket } from '../../storage/market.ts'
import { listPublicKeys } from '../../storage/snapshot.ts'
import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'
import { OPENAPI } from './openapi.ts'
import { snapshotCsv } from './snapshot-csv.ts'

/** `2026-11-21.json`, or `latest.json` for the last day that is over. */
const FILE = /^(\d{4}-\d{2}-\d{2}|latest)\.(json|csv|jws)$/

/**
 * What machines of the commune and the province fetch: counts of stalls, never any money, nothing of fewer than ten.
 * Open, so that nobody has to hand out and rotate passwords for numbers anybody may see.
 */
export function publishData(doors: Doors, services: Services): void {
  const { store, now } = services

  doors.open.get('/data/definitions.json', (c) =>
    c.json(
      { definitionsVersion: DEFINITIONS_VERSION, fewestStalls: FEWEST_STALLS, definitions: DEFINITIONS },
      200,
    ),
  )

  doors.open.get('/data/:market/:file', async (c) => {
    const [, asked, kind] = FILE.exec(c.req.param('file') ?? '') ?? []
    const market = await findMarket(store, c.req.param('market') ?? '')
    if (!asked || !market) throw new AppError('not_found', 'no such market, or no such file')
    const day = asked === 'latest' ? lastClosedDay(now(), market.dayStartsAtMinutes) : asked
    const snapshot = await publishSnapshot(services, market, day)
    // A day's file never changes; which day is the latest does.
    c.header('cache-control', asked === 'latest' ? 'no-cache' : 'public, max-age=86400, immutable')
    if (kind === 'jws') return c.body(snapshot.signature, 200, { 'content-type': 'application/jose' })
    if (kind === 'json')
      return c.body(snapshot.figures, 200, { 'content-type': 'application/json; charset=utf-8' })
    return c.body(snapshotCsv(JSON.parse(snapshot.figures) as PublishedFigures), 200, {
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': `attachment; filename="${market.code}-${day}.csv"`,
    })
  })

  doors.open.get('/.well-known/jwks.json', async (c) => {
    const keys = await listPublicKeys(store)
    c.header('cache-control', 'public, max-age=300')
    return c.json({ keys: keys.map((key) => JSON.parse(key.publicJwk) as object) }, 200)
  })

  doors.open.get('/openapi.json', (c) => c.json(OPENAPI, 200))
}
