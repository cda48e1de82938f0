// `npm run bench`: how fast it is beside its floors and its peers, all in one run (docs/performance.md).
import { parseArgs } from 'node:util'
import { json, table, type Figure } from './bench/figure.ts'
import { codecNames, measureCodec } from './bench/codec.ts'
import { followerNames, measureFollower } from './bench/follower.ts'
import { ingestNames, measureIngest } from './bench/ingest.ts'
import { matchingNames, measureMatching } from './bench/matching.ts'
import { measurePhones, phoneNames } from './bench/phones.ts'
import { measureReads, readNames } from './bench/reads.ts'
import { FULL, QUICK, type Size } from './bench/size.ts'
import { buildAssets } from './build.ts'
import { CommandError, runCommand } from './command.ts'

const USAGE = `npm run bench -- [--only <figure>] [--quick] [--json]

  --only <figure>  this one figure alone
  --quick          everything tiny and without PostgreSQL: whether it runs, not how fast
  --json           one JSON object of all figures as the last line`

interface Chapter {
  names: readonly string[]
  measure(size: Size, wanted: (name: string) => boolean): Figure[] | Promise<Figure[]>
}

const CHAPTERS: readonly Chapter[] = [
  { names: codecNames, measure: measureCodec },
  { names: readNames, measure: measureReads },
  { names: phoneNames, measure: measurePhones },
  { names: ingestNames, measure: measureIngest },
  { names: matchingNames, measure: measureMatching },
  { names: followerNames, measure: measureFollower },
]

await runCommand(USAGE, async () => {
  const { values: options } = parseArgs({
    options: { json: { type: 'boolean' }, quick: { type: 'boolean' }, only: { type: 'string' } },
  })
  const wanted = (name: string) => options.only === undefined || name === options.only
  const chapters = CHAPTERS.filter(({ names }) => names.some(wanted))
  if (chapters.length === 0) {
    const names = CHAPTERS.flatMap((one) => one.names).join(', ')
    throw new CommandError(`Không có số nào tên ${options.only}. Có: ${names}`)
  }
  await buildAssets()
  const figures: Figure[] = []
  for (const { measure } of chapters) {
    figures.push(...(await measure(options.quick ? QUICK : FULL, wanted)))
  }
  const told = figures.filter(({ name }) => wanted(name))
  console.log(table(told))
  if (options.json) console.log(json(told))
})
