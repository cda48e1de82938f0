import { chromium as playwright, type Browser } from 'playwright-core'

/** Before the import below: on a bare machine the package then brings its own system libraries. */
process.env['AWS_LAMBDA_JS_RUNTIME'] ??= 'nodejs22.x'

export async function unpackBrowser(): Promise<string> {
  const { default: chromium } = await import('@sparticuz/chromium')
  return chromium.executablePath()
}

/** A real Chromium from npm. None of that package's arguments: they switch web security off. */
export async function launchBrowser(): Promise<Browser> {
  return playwright.launch({ executablePath: await unpackBrowser() })
}
