import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { buildAssets } from '../../scripts/build.ts'

const assets = join(import.meta.dirname, '../../dist/assets')
const manifest = await buildAssets()
const file = (name: string) => readFileSync(join(assets, manifest[name] ?? `no ${name}`))

test('every asset a page asks for is built under a hashed name', () => {
  for (const name of [
    'main.css',
    'print.css',
    'vendor.ts',
    'copy.ts',
    'print.ts',
    'clips.mp3',
    'clips.json',
    'consent.mp3',
    'enrolment.css',
    'enrolment.ts',
    'consent-reading.ts',
  ]) {
    expect(manifest[name]).toMatch(/^[\w-]+-[\w-]{8}\.\w+$/)
    expect(file(name).length).toBeGreaterThan(0)
  }
})

test('the phone loads little: 8 KB of script for the vendor, 6 KB of style, 70 KB of voice', () => {
  expect(gzipSync(file('vendor.ts')).length).toBeLessThanOrEqual(8 * 1024)
  expect(gzipSync(file('main.css')).length).toBeLessThanOrEqual(6.5 * 1024)
  expect(file('clips.mp3').length).toBeLessThanOrEqual(70 * 1024)
})

test('she who enrols loads little: 4 KB of script, 3 KB of style; the reading of 110 KB only when she asks', () => {
  expect(gzipSync(file('enrolment.ts')).length).toBeLessThanOrEqual(4 * 1024)
  expect(gzipSync(file('enrolment.css')).length).toBeLessThanOrEqual(3 * 1024)
  expect(file('consent.mp3').length).toBeLessThanOrEqual(110 * 1024)
})

test('what was built from the same inputs is not built again', async () => {
  const writtenAt = () => statSync(join(assets, 'manifest.json')).mtimeMs
  const before = writtenAt()
  expect(await buildAssets()).toEqual(manifest)
  expect(writtenAt()).toBe(before)
})
