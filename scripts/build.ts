import { createHash } from 'node:crypto'
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const out = join(root, 'dist', 'assets')
const manifestFile = join(out, 'manifest.json')
const stampFile = join(out, 'inputs.sha256')

/** What pages ask for by name. */
const ENTRIES = [
  'web/client/vendor.ts',
  'web/client/app.ts',
  'web/client/book.ts',
  'web/client/stand.ts',
  'web/client/row-speaker.ts',
  'web/client/service-worker.ts',
  'web/client/inbox.ts',
  'web/client/copy.ts',
  'web/client/check-code.ts',
  'web/client/enrolment.ts',
  'web/client/consent-reading.ts',
  'web/client/print.ts',
  'web/client/proof.ts',
  'web/styles/main.css',
  'web/styles/shopper.css',
  'web/styles/enrolment.css',
  'web/styles/print.css',
  'web/styles/speaker.css',
]
const COPIED = [
  'web/voice/clips.mp3',
  'web/voice/clips.json',
  'web/voice/consent.mp3',
  'web/icons/app.svg',
  'web/icons/app-192.png',
  'web/icons/app-512.png',
]

/** Everything the result depends on; too much costs half a second, too little a stale phone. */
const INPUTS = ['web/**/*.{ts,css,mp3,json,svg,png}', 'shared/*.ts', 'scripts/build.ts', 'package-lock.json']

/** Logical name → file name in dist/assets. */
export type AssetManifest = Record<string, string>

const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('base64url').slice(0, 8)

function stampOfInputs(): string {
  const hash = createHash('sha256')
  for (const file of globSync(INPUTS, { cwd: root }).sort()) {
    hash.update(`${file}\0`).update(readFileSync(join(root, file)))
  }
  return hash.digest('hex')
}

async function bundle(): Promise<AssetManifest> {
  // Not at the top: a start that builds nothing need not load it.
  const { build } = await import('vite')
  const result = await build({
    root,
    configFile: false,
    envFile: false,
    publicDir: false,
    logLevel: 'error',
    build: {
      outDir: out,
      emptyOutDir: true,
      assetsDir: '',
      modulePreload: false,
      reportCompressedSize: false,
      // Phones of 2020 and later; the voice needs what Safari has had since 14.1.
      target: ['chrome87', 'safari14.1', 'firefox88'],
      rolldownOptions: {
        input: ENTRIES.map((entry) => join(root, entry)),
        output: { entryFileNames: '[name]-[hash].js', assetFileNames: '[name]-[hash][extname]' },
      },
    },
  })
  const manifest: AssetManifest = {}
  for (const { output } of Array.isArray(result) ? result : 'output' in result ? [result] : []) {
    for (const file of output) {
      if (file.type === 'asset')
        manifest[basename(file.originalFileNames[0] ?? file.fileName)] = file.fileName
      else manifest[basename(file.facadeModuleId ?? file.fileName)] = file.fileName
    }
  }
  return manifest
}

/** Copied as they are: a voice is recorded and an icon drawn, not built. */
function copyFiles(): AssetManifest {
  return Object.fromEntries(
    COPIED.map((file) => {
      const extension = extname(file)
      const hashed = `${basename(file, extension)}-${hashOf(readFileSync(join(root, file)))}${extension}`
      cpSync(join(root, file), join(out, hashed))
      return [basename(file), hashed]
    }),
  )
}

/** Builds what browsers fetch into dist/assets, unless what is there was built from these very inputs. */
export async function buildAssets(): Promise<AssetManifest> {
  const stamp = stampOfInputs()
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) {
    const manifest: AssetManifest = JSON.parse(readFileSync(manifestFile, 'utf8'))
    return manifest
  }
  mkdirSync(out, { recursive: true })
  const manifest = { ...(await bundle()), ...copyFiles() }
  writeFileSync(manifestFile, JSON.stringify(manifest, null, 2))
  // Last: a build cut off in the middle is not taken for a whole one.
  writeFileSync(stampFile, stamp)
  return manifest
}

if (import.meta.main) {
  const manifest = await buildAssets()
  for (const [name, file] of Object.entries(manifest)) console.log(`${name} → dist/assets/${file}`)
}
