/**
 * Keeps a vendor's pages on her phone: the network first, what was kept where there is none. Only pages that the
 * server marks are kept, for the sign-in they were made for, and only as long as it says. Never the stream.
 */
interface KeepRequest {
  /** Kept anew, or only if it is not there yet. */
  kind: 'refresh' | 'complete'
  urls: string[]
}
interface WorkerEvent extends Event {
  waitUntil(work: Promise<unknown>): void
}
interface FetchEvent extends WorkerEvent {
  readonly request: Request
  respondWith(answer: Promise<Response>): void
}
interface WorkerScope extends EventTarget {
  skipWaiting(): Promise<void>
  clients: { claim(): Promise<void> }
  location: Location
}

/** The server writes this line in front of the script. */
declare const BUILD: { version: string; files: string[]; style: string }

const worker = globalThis as unknown as WorkerScope
const FILES = `files-${BUILD.version}`
const PAGES = `pages-${BUILD.version}-`
const MAX_PAGES = 40
/** A network that says nothing for so long is none: she sees what was kept. */
const PATIENCE_MS = 4000
const VIETNAM_MS = 7 * 3_600_000

interface WorkerEvents {
  install: WorkerEvent
  activate: WorkerEvent
  fetch: FetchEvent
  message: MessageEvent<KeepRequest> & WorkerEvent
}
const on = <T extends keyof WorkerEvents>(type: T, hear: (event: WorkerEvents[T]) => void) =>
  worker.addEventListener(type, (event) => hear(event as WorkerEvents[T]))

on('install', (event) => {
  event.waitUntil(
    caches
      .open(FILES)
      .then((cache) => cache.addAll(BUILD.files))
      .then(() => worker.skipWaiting()),
  )
})

on('activate', (event) => {
  const isOld = (name: string) => name !== FILES && !name.startsWith(PAGES)
  event.waitUntil(forget(isOld).then(() => worker.clients.claim()))
})

on('fetch', (event) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== worker.location.origin) return
  // Their names change with their content: what is kept is what the network would give.
  if (pathname.startsWith('/assets/')) event.respondWith(keptFile(request))
  else if (request.mode === 'navigate' && pathname.startsWith('/vendor/')) {
    event.respondWith(page(request, (work) => event.waitUntil(work)))
  }
})

on('message', (event) => {
  const { kind, urls } = event.data
  event.waitUntil(
    Promise.all(
      urls.map(async (url) => {
        if (kind === 'complete' && (await keptPage(url))) return
        const answer = await fetch(url, { redirect: 'manual', headers: { accept: 'text/html' } })
        await settle(url, answer)
      }),
    ).catch(() => {}),
  )
})

async function keptFile(request: Request): Promise<Response> {
  return (await caches.match(request)) ?? fetch(request)
}

async function page(request: Request, meanwhile: (work: Promise<unknown>) => void): Promise<Response> {
  const { url } = request
  const fresh = fetch(request).then((answer) => {
    // What is not hers any more is not hers offline either.
    meanwhile(answer.status === 404 ? forgetPages() : settle(url, answer.clone()))
    return answer
  })
  // What comes after patience has ended is kept for the next time; a failure then is heard by nobody.
  meanwhile(fresh.catch(() => {}))
  const patience = new Promise<undefined>((resolve) => setTimeout(resolve, PATIENCE_MS))
  const first = await Promise.race([fresh, patience]).catch(() => undefined)
  if (first && first.status < 500) return first
  const kept = await keptPage(url)
  if (kept) return asOf(kept)
  try {
    return await fresh
  } catch {
    return notKept(url)
  }
}

/** What an answer means for what is kept: a marked page is; a door that is shut ends all of it. */
async function settle(url: string, answer: Response): Promise<void> {
  if (answer.status === 401) return forgetPages()
  const holder = answer.headers.get('x-keep-for')
  if (answer.status !== 200 || answer.redirected || !holder) return
  // Another sign-in on this phone: nothing of the one before is shown again.
  await forget((name) => name.startsWith('pages-') && name !== PAGES + holder)
  const cache = await caches.open(PAGES + holder)
  await cache.put(url, answer)
  const keys = await cache.keys()
  await Promise.all(keys.slice(0, -MAX_PAGES).map((key) => cache.delete(key)))
}

async function keptPage(url: string): Promise<Response | undefined> {
  const name = (await caches.keys()).find((one) => one.startsWith(PAGES))
  if (name === undefined) return undefined
  const cache = await caches.open(name)
  const kept = await cache.match(url)
  const until = Number(kept?.headers.get('x-keep-until') ?? Infinity)
  if (kept && Date.now() < until) return kept
  await cache.delete(url)
  return undefined
}

const forgetPages = () => forget((name) => name.startsWith('pages-'))

async function forget(which: (name: string) => boolean): Promise<void> {
  const names = await caches.keys()
  await Promise.all(names.filter(which).map((name) => caches.delete(name)))
}

/** The kept page, saying of when it is before any script runs. */
async function asOf(kept: Response): Promise<Response> {
  const at = Date.parse(kept.headers.get('date') ?? '')
  const [day = '', clock = ''] = new Date(at + VIETNAM_MS).toISOString().split('T')
  const isToday = day === new Date(Date.now() + VIETNAM_MS).toISOString().slice(0, 10)
  const when = `${clock.slice(0, 5)}${isToday ? '' : ` ngày ${day.slice(8)}/${day.slice(5, 7)}`}`
  const text = (await kept.text())
    .replace('data-link="up"', `data-link="down" data-since="${at}"`)
    .replace('data-field="link">', `data-field="link">Mất mạng — số liệu lúc ${when}`)
  return new Response(text, { headers: kept.headers })
}

function notKept(url: string): Response {
  const stallCode = /^\/vendor\/([\w-]+)/.exec(new URL(url).pathname)?.[1]
  const code = stallCode
    ? `<a class="button wide primary" href="/vendor/${stallCode}/code">Mã QR sạp</a>`
    : ''
  const html = `<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>Mất mạng · Chợ 4.0</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="${BUILD.style}"></head>
<body><main><div class="lone"><h1>Mất mạng</h1><p>Trang này chưa có trong máy. Có mạng lại thì mở lại.</p>${code}</div></main></body></html>`
  return new Response(html, { status: 503, headers: { 'content-type': 'text/html; charset=utf-8' } })
}
