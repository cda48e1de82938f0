import type { PublishedCounts, PublishedFigures } from '../../domain/snapshot.ts'

const COUNTS = [
  'operating',
  'agreed',
  'held',
  'printed',
  'everPaid',
  'active30d',
  'regular',
  'withheld',
] as const satisfies (keyof PublishedCounts)[]

/** Begins, for a spreadsheet, a formula; also in its full-width form, and after spaces. */
const FORMULA = /^[\s\0]*[=+\-@\t]/

/** The figures as a table for spreadsheets: RFC 4180, with the mark by which they know it for UTF-8. */
export function snapshotCsv(figures: PublishedFigures): string {
  const { market, businessDay, definitionsVersion, demo } = figures
  const head = ['businessDay', 'definitionsVersion', 'demo', 'market', 'marketName', 'level', 'section']
  const line = (level: 'market' | 'section', section: string, counts: PublishedCounts) => [
    businessDay,
    definitionsVersion,
    demo ? 'yes' : 'no',
    market.code,
    market.name,
    level,
    section,
    ...COUNTS.map((key) => counts[key] ?? ''),
  ]
  const lines = [
    [...head, ...COUNTS],
    line('market', '', figures.whole),
    ...figures.sections.map(({ name, ...counts }) => line('section', name, counts)),
  ]
  return `\uFEFF${lines.map((cells) => `${cells.map(cell).join(',')}\r\n`).join('')}`
}

function cell(value: string | number): string {
  if (typeof value === 'number') return String(value)
  const harmless = FORMULA.test(value.normalize('NFKC')) ? `'${value}` : value
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
