import { buildAssets } from '../scripts/build.ts'
import { unpackBrowser } from './chromium.ts'

/** Once before all tests: what browsers fetch is built, and the browser is unpacked (two first starts at once race). */
export default async function setup(): Promise<void> {
  await buildAssets()
  await unpackBrowser()
}
