import { readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import type { Doors } from './door.ts'

export const ASSETS_FOLDER = join(import.meta.dirname, '../../dist/assets')
const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.mp3': 'audio/mpeg',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
}

/** Serves what `scripts/build.ts` made, held in memory, under names that change with the content. */
export function serveAssets(doors: Doors): (name: string) => string {
  const manifest = JSON.parse(readFileSync(join(ASSETS_FOLDER, 'manifest.json'), 'utf8')) as Record<
    string,
    string
  >
  const files = new Map(
    Object.values(manifest).map((file) => [file, new Uint8Array(readFileSync(join(ASSETS_FOLDER, file)))]),
  )
  doors.open.get('/assets/:file', (c) => {
    const file = c.req.param('file')!
    const body = files.get(file)
    if (!body) return c.notFound()
    return c.body(body, 200, {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
      'cache-control': 'public, max-age=31536000, immutable',
    })
  })
  return (name) => {
    const file = manifest[name]
    if (file === undefined) throw new Error(`no asset ${name}: run scripts/build.ts`)
    return `/assets/${file}`
  }
}
