// Plain JavaScript: this runs on whatever Node the machine has, before anything is installed.
// It installs the exact dependencies when they are missing or older than the lockfile, and nothing otherwise.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const installed = join(root, 'node_modules', '.package-lock.json')
const lock = join(root, 'package-lock.json')

if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
  console.log('Installing the exact dependencies of package-lock.json (once) …')
  // Dev dependencies too, also under NODE_ENV=production: the vendor's client is built on the first start.
  const { status } = spawnSync(
    'npm',
    ['ci', '--include=dev', '--loglevel=error', '--no-fund', '--no-audit'],
    {
      cwd: root,
      stdio: 'inherit',
      shell: process.platform === 'win32',
    },
  )
  if (status !== 0) {
    console.error(
      'npm ci failed. Check the network and that this folder is writable, then run the command again.',
    )
    process.exit(status ?? 1)
  }
}
