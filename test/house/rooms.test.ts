import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const files = globSync('{server,web,shared,scripts}/**/*.ts', { cwd: root }).map((file) => ({
  file,
  text: readFileSync(join(root, file), 'utf8'),
}))

/** The room of a file, and what it may import besides itself: downward only. */
const ROOMS: { room: string; holds: RegExp; mayImport: string[] }[] = [
  { room: 'shared', holds: /^shared\//, mayImport: [] },
  { room: 'storage', holds: /^server\/storage\//, mayImport: ['shared'] },
  { room: 'web', holds: /^web\//, mayImport: ['shared'] },
  { room: 'domain', holds: /^server\/domain\//, mayImport: ['shared', 'storage'] },
  { room: 'sources', holds: /^server\/sources\//, mayImport: ['shared', 'storage', 'domain'] },
  {
    room: 'composition',
    holds: /^server\/(config|services)\.ts$/,
    mayImport: ['shared', 'storage', 'domain', 'sources'],
  },
  {
    room: 'http',
    holds: /^server\/http\//,
    mayImport: ['shared', 'storage', 'web', 'domain', 'sources', 'composition'],
  },
  {
    room: 'main',
    holds: /^server\/(main|chores)\.ts$/,
    mayImport: ['shared', 'storage', 'web', 'domain', 'sources', 'composition', 'http'],
  },
  {
    room: 'scripts',
    holds: /^scripts\//,
    mayImport: ['shared', 'storage', 'web', 'domain', 'sources', 'composition', 'http', 'main', 'test'],
  },
  { room: 'test', holds: /^test\//, mayImport: [] },
]
const roomOf = (file: string) => ROOMS.find(({ holds }) => holds.test(file))

const importsOf = ({ file, text }: { file: string; text: string }) =>
  [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)]
    .map((found) => found[1]!)
    .map((path) => ({
      path,
      target: path.startsWith('.')
        ? normalize(join(dirname(file), path))
        : path === '@vietqr/core'
          ? 'shared/vietqr/index.ts'
          : undefined,
    }))

/** Proofs and bench look at databases from outside, by the bare driver, and share none of the product's reading. */
const isOfTheEngine = (path: string, file: string) =>
  path.startsWith('drizzle-orm') ||
  (/^(better-sqlite3|pg)$/.test(path) && !/^scripts\/(prove|bench)\//.test(file))

describe('the rooms', () => {
  it('hold every file, and imports run downward only', () => {
    const wrong: string[] = []
    for (const one of files) {
      const here = roomOf(one.file)
      if (!here) {
        wrong.push(`${one.file} is in no room`)
        continue
      }
      for (const { path, target } of importsOf(one)) {
        if (!target) continue
        const there = roomOf(target)?.room
        if (there !== here.room && !here.mayImport.includes(there ?? '')) {
          wrong.push(`${one.file} (${here.room}) imports ${path} (${there})`)
        }
      }
    }
    expect(wrong).toEqual([])
  })

  it('let only a storage room see drizzle, and domain and sources see only the types and units of storage', () => {
    const wrong = files
      .filter(({ file }) => !file.startsWith('server/storage/'))
      .filter((one) => importsOf(one).some(({ path }) => isOfTheEngine(path, one.file)))
    expect(wrong.map(({ file }) => file)).toEqual([])
  })

  it('keep shared/ and the phone free of Node', () => {
    const wrong = files
      .filter(({ file }) => /^(shared|web)\//.test(file))
      .filter((one) => importsOf(one).some(({ path }) => path.startsWith('node:')))
    expect(wrong.map(({ file }) => file)).toEqual([])
  })

  it.each([
    [
      'a synchronous drizzle call outside the SQLite driver',
      /\.(get|all|run)\(\s*(\{|\))/,
      /^server\/(?!storage\/\w*\.?sqlite\.ts)/,
    ],
    ['a clock of its own in the domain', /new Date\(\)|Date\.now\(\)/, /^server\/(domain|sources)\//],
    ['the environment outside the composition root', /process\.env/, /^(server\/(?!config\.ts)|web|shared)/],
    [
      'a route beside the doors',
      /\bapp\.(get|post|put|delete|patch|all|on)\(/,
      /^server\/http\/(?!door\.ts)/,
    ],
    [
      'innerHTML or eval',
      /innerHTML|outerHTML|insertAdjacentHTML|\beval\(|new Function\(/,
      /^(web|shared|server)\//,
    ],
    [
      'a colour of trust compared with ===',
      /(signature|hmac|secret|token)\w*\s*[!=]==?\s*(?!undefined|null|''|"")\w/i,
      /^server\/(http|sources)\//,
    ],
  ])('have no %s', (_, banned, where) => {
    const wrong = files
      .filter(({ file }) => where.test(file))
      .flatMap(({ file, text }) =>
        text
          .split('\n')
          .flatMap((line, index) => (banned.test(line) ? [`${file}:${index + 1} ${line.trim()}`] : [])),
      )
    expect(wrong).toEqual([])
  })

  it('print the ten longest files, for whoever tidies next', () => {
    const longest = files
      .map(({ file, text }) => ({ file, lines: text.split('\n').length }))
      .sort((a, b) => b.lines - a.lines)
      .slice(0, 10)
    console.log(longest.map(({ file, lines }) => `${String(lines).padStart(5)} ${file}`).join('\n'))
    expect(longest).toHaveLength(10)
  })
})
