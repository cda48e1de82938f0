import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Frame } from '../../../web/pages/layout.ts'
import { stallTitle } from '../../../web/pages/stall.ts'
import { ASSETS_FOLDER } from '../assets.ts'
import type { Doors } from '../door.ts'
import { stallSign } from '../stall-sign.ts'

/** What makes a stall's pages an app on her phone, and what keeps them there without network. */
export function serveApp(doors: Doors, frame: Frame): void {
  doors.stall('takings.view').get('/vendor/:stallCode/app.webmanifest', ({ c, listing }) => {
    const sign = stallSign(listing)
    const home = `/vendor/${sign.stallCode}`
    const icon = (name: string, sizes: string, type: string, purpose = 'any') => ({
      src: frame.assets(name),
      sizes,
      type,
      purpose,
    })
    const manifest = {
      id: home,
      name: `${stallTitle(sign)} · ${sign.market}`,
      short_name: stallTitle(sign),
      description: 'Nghe tiền vào, xem sổ bán hàng.',
      lang: 'vi',
      dir: 'ltr',
      start_url: home,
      scope: '/vendor/',
      display: 'standalone',
      background_color: '#ffffff',
      theme_color: '#0a5c2f',
      icons: [
        icon('app.svg', 'any', 'image/svg+xml'),
        icon('app-192.png', '192x192', 'image/png'),
        icon('app-512.png', '512x512', 'image/png'),
        icon('app-512.png', '512x512', 'image/png', 'maskable'),
      ],
      shortcuts: [
        { name: 'Sổ bán hàng', url: `${home}/book` },
        { name: 'Mã QR sạp', url: `${home}/code` },
      ],
    }
    c.header('cache-control', 'no-store')
    return c.body(JSON.stringify(manifest), 200, { 'content-type': 'application/manifest+json' })
  })

  const serviceWorker = readServiceWorker(frame)
  doors.open.get('/service-worker.js', (c) =>
    c.body(serviceWorker, 200, {
      'content-type': 'text/javascript; charset=utf-8',
      // Browsers ask for it again by themselves; a stale one would keep a phone on an old build.
      'cache-control': 'no-cache',
    }),
  )
}

/** What her pages run; the chunks they import come with them. */
const ENTRIES = ['vendor.ts', 'app.ts', 'book.ts', 'charge.ts', 'stand.ts']
const OTHERS = ['main.css', 'clips.mp3', 'clips.json']

/** The built worker behind one line that names the build and its files: another build is another worker. */
function readServiceWorker(frame: Frame): string {
  const read = (file: string) => readFileSync(join(ASSETS_FOLDER, file), 'utf8')
  const manifest = JSON.parse(read('manifest.json')) as Record<string, string>
  const named = (names: string[]) => names.flatMap((name) => manifest[name] ?? [])
  const files = new Set(named(ENTRIES))
  // A set is walked on into what is added meanwhile.
  for (const file of files) {
    for (const [, chunk] of read(file).matchAll(/["'`]\.\/([\w.-]+\.js)["'`]/g)) files.add(chunk!)
  }
  for (const file of named(OTHERS)) files.add(file)
  const script = basename(frame.assets('service-worker.ts'))
  const version = createHash('sha256')
    .update([script, ...files].join(' '))
    .digest('hex')
    .slice(0, 8)
  const build = {
    version,
    files: [...files].map((file) => `/assets/${file}`),
    style: frame.assets('main.css'),
  }
  return `const BUILD = ${JSON.stringify(build)}\n${read(script)}`
}
