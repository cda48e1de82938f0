// Draws the posters of a market as one PDF:
//   npm run posters -- <market code> --size a6|a5|a4x4 --out posters.pdf [--section <name>]
import { open, rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { SingleBar } from 'cli-progress'
import { cardsOf, type Card } from '../server/http/board/card-view.ts'
import { drawPosters, POSTER_SIZES } from '../server/http/board/poster-set.ts'
import { asPrinted } from '../server/http/board/posters.ts'
import type { Services } from '../server/services.ts'
import { findMarket, listMarkets, type Market } from '../server/storage/market.ts'
import { marketScope, operatorScope } from '../server/storage/scope.ts'
import { isDemo } from '../server/storage/setting.ts'
import { listStalls, type StallEntry } from '../server/storage/stall.ts'
import { CommandError, configFromEnvironment, runCommand, withServices } from './command.ts'
import { servedDatabase } from './database.ts'

const USAGE = `Cách dùng: npm run posters -- <mã chợ> [--size a6|a5|a4x4] [--out posters.pdf] [--section <tên dãy>]
  a6, a5   mỗi trang một tấm
  a4x4     giấy A4, bốn tấm A6, có vạch để cắt`

const WHY = { closed: 'đã đóng', no_account: 'chưa có tài khoản' }

async function getMarket({ store }: Services, code: string): Promise<Market> {
  const market = await findMarket(store, code)
  if (market) return market
  const markets = await listMarkets(store, operatorScope())
  const known = markets.map((one) => `  ${one.code}  ${one.name}`).join('\n')
  throw new CommandError(`Không có chợ nào mã «${code}».${known && ` Đang có:\n${known}`}`)
}

function ofSection(entries: StallEntry[], wanted: string | undefined): StallEntry[] {
  if (wanted === undefined) return entries
  const found = entries.filter((entry) => entry.section.normalize('NFC') === wanted.normalize('NFC'))
  if (found.length > 0) return found
  const known = [...new Set(entries.map((entry) => `  ${entry.section}`))].join('\n')
  throw new CommandError(`Không có dãy nào tên «${wanted}».${known && ` Đang có:\n${known}`}`)
}

/** The cards as they are, a bar on the terminal growing with each one taken. */
async function* counted(cards: AsyncIterable<Card>, total: number): AsyncGenerator<Card> {
  const format = 'Đang vẽ {bar} {value}/{total} tấm'
  const bar = new SingleBar({ format, clearOnComplete: true, stream: process.stderr })
  bar.start(total, 0)
  try {
    for await (const card of cards) {
      yield card
      bar.increment()
    }
  } finally {
    bar.stop()
  }
}

/** Under another name until it is whole, so that nobody prints half of it; opened first, so that nothing is noted in vain. */
async function writeWhole(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const unfinished = `${path}.part`
  const file = await open(unfinished, 'w').catch((error: Error) => {
    throw new CommandError(`Không ghi được tệp «${path}». Xem lại thư mục và quyền ghi.\n(${error.message})`)
  })
  try {
    await pipeline(pieces, file.createWriteStream())
    await rename(unfinished, path)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
}

await runCommand(USAGE, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      size: { type: 'string', default: 'a6' },
      out: { type: 'string', default: 'posters.pdf' },
      section: { type: 'string' },
    },
  })
  const [code, ...rest] = positionals
  const size = POSTER_SIZES.find((one) => one === values.size)
  if (code === undefined || rest.length > 0 || !size) throw new CommandError(USAGE)
  await withServices(await servedDatabase(configFromEnvironment()), async (services) => {
    const { store, now } = services
    const market = await getMarket(services, code)
    const scope = marketScope(market.id)
    const entries = ofSection(await listStalls(store, scope), values.section)
    const { cards, leftOut } = cardsOf(market, entries)
    for (const { entry, why } of leftOut) {
      console.error(`Không vẽ ${market.stallWord} ${entry.stall.name}: ${WHY[why]}.`)
    }
    if (cards.length === 0) throw new CommandError(`${market.name} chưa có tấm nào để vẽ.`)

    const set = { size, title: `Thẻ ${market.name}`, at: now(), demo: await isDemo(store) }
    const pieces = drawPosters(counted(asPrinted(services, scope, cards), cards.length), set)
    await writeWhole(values.out, pieces)
    console.log(`${cards.length} tấm của ${market.name}, khổ ${size}: ${values.out}`)
  })
})
