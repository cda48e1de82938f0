import { randomUUID } from 'node:crypto'
import type { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { compress } from 'hono/compress'
import { secureHeaders } from 'hono/secure-headers'
import { AppError } from '../../shared/app-error.ts'
import type { Frame } from '../../web/pages/layout.ts'
import type { Services } from '../services.ts'
import { serveAssets } from './assets.ts'
import { printPosters } from './board/posters.ts'
import { showAdoption } from './board/adoption.ts'
import { showBoard } from './board/registry.ts'
import { createDoors, type Doors, type Env } from './door.ts'
import { fail } from './failure.ts'
import { showDecided } from './operator/decided.ts'
import { showInbox } from './operator/inbox.ts'
import { showOperation } from './operator/operation.ts'
import { showProofs } from './operator/proofs.ts'
import { showSources } from './operator/sources.ts'
import { showStatements } from './operator/statements.ts'
import { refuseForeignOrigins } from './origin.ts'
import { showStalls } from './shopper/stall.ts'
import { publishData } from './public-data/snapshots.ts'
import { showRowSpeaker } from './speaker/page.ts'
import { streamRow } from './speaker/stream.ts'
import { UPLOAD_PATH } from './statement-upload.ts'
import { hearSources } from './source/notifications.ts'
import { showHealth } from './system/health.ts'
import { showMetrics } from './system/metrics.ts'
import { serveApp } from './vendor/app-manifest.ts'
import { showVendorBook } from './vendor/book.ts'
import { linkBank } from './vendor/bank-link.ts'
import { showCharge } from './vendor/sale.ts'
import { showVendorHome } from './vendor/home.ts'
import { managePhones } from './vendor/phones.ts'
import { proveAccounts } from './vendor/proof.ts'
import { showVendorSettings } from './vendor/settings.ts'
import { showVendorStand } from './vendor/stand.ts'
import { compareStatements } from './vendor/statement.ts'
import { streamChanges } from './vendor/stream.ts'
import { enrolVendors } from './visitor/enrolment.ts'
import { letIn } from './visitor/enter.ts'
import { welcome } from './visitor/welcome.ts'

/** Forms are short. */
const MAX_FORM_BYTES = 16 * 1024

/** The whole server as one Hono app. `demo` puts «BẢN THỬ — TIỀN GIẢ» on every page. */
export function createApp(
  services: Services,
  demo: boolean,
): { app: Hono<Env>; policies: Doors['policies'] } {
  const doors = createDoors(services)
  const { app } = doors

  app.use(async (c, next) => {
    c.set('requestId', randomUUID().slice(0, 8))
    await next()
  })
  // Before everything that is there for browsers, which would cost a notification more than recording it.
  hearSources(doors, services)
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        mediaSrc: ["'self'"],
        connectSrc: ["'self'"],
        manifestSrc: ["'self'"],
        workerSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
      strictTransportSecurity: services.config.publicUrl.startsWith('https:') ? 'max-age=31536000' : false,
    }),
  )
  app.use(compress())
  app.use(refuseForeignOrigins(services.config))
  const limitForms = bodyLimit({
    maxSize: MAX_FORM_BYTES,
    onError: () => {
      throw new AppError('too_large', `a form has at most ${MAX_FORM_BYTES} bytes`)
    },
  })
  app.use((c, next) => {
    // A statement is counted by its own route, and read only after its door.
    return UPLOAD_PATH.test(c.req.path) ? next() : limitForms(c, next)
  })

  const frame: Frame = { demo, assets: serveAssets(doors) }
  welcome(doors, services, frame)
  letIn(doors, services, frame)
  enrolVendors(doors, services, frame)
  showStalls(doors, services, frame)
  showVendorHome(doors, services, frame)
  showCharge(doors, services, frame)
  showVendorBook(doors, services, frame)
  compareStatements(doors, services, frame)
  showVendorStand(doors, services, frame)
  showVendorSettings(doors, services, frame)
  linkBank(doors, services, frame)
  managePhones(doors, services)
  proveAccounts(doors, services, frame)
  serveApp(doors, frame)
  streamChanges(doors, services)
  showRowSpeaker(doors, services, frame)
  streamRow(doors, services)
  showAdoption(doors, services, frame)
  showBoard(doors, services, frame)
  printPosters(doors, services, frame)
  showOperation(doors, services, frame)
  showSources(doors, services, frame)
  showStatements(doors, services, frame)
  showInbox(doors, services, frame)
  showDecided(doors, services, frame)
  showProofs(doors, services, frame)
  publishData(doors, services)
  showHealth(doors, services)
  showMetrics(doors, services)

  app.onError((error, c) => fail(services, frame, error, c))
  app.notFound((c) => fail(services, frame, new AppError('not_found', 'no such address'), c))
  return { app, policies: doors.policies }
}
