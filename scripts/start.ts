// Serves the market that is there, or a demo market with a bank that invents money:
//   npm start
import { networkInterfaces } from 'node:os'
import { relative } from 'node:path'
import type { Config } from '../server/config.ts'
import { CODE_LIFETIME_MS, invite } from '../server/domain/sign-in.ts'
import { startServer, type RunningServer } from '../server/main.ts'
import { isPostgres } from '../server/storage/engine.ts'
import { hasOperator } from '../server/storage/session.ts'
import { isDemo, isEmpty } from '../server/storage/setting.ts'
import { buildAssets } from './build.ts'
import { CommandError, configFromEnvironment, runCommand, withServices } from './command.ts'
import { demoDatabase, hasRealMarket } from './database.ts'
import { demoLinks, openDemoBank, runDemoBank, seedDemo, tellPast } from './demo.ts'

const USAGE = 'Cách dùng: npm start'
const CODE_MINUTES = CODE_LIFETIME_MS / 60_000
/** Ctrl-C reaches us twice under npm, from the terminal and from npm itself; that is one person pressing once. */
const SAME_SIGNAL_MS = 500

async function listen(config: Config): Promise<RunningServer> {
  try {
    return await startServer(config)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'EADDRINUSE') {
      throw new CommandError(
        `Cổng ${config.port} đang có chương trình khác dùng (có khi Chợ 4.0 đang chạy sẵn).
Tắt chương trình đó, hoặc chọn cổng khác: PORT=${config.port + 1} npm start`,
      )
    }
    if (code === 'EACCES') {
      throw new CommandError(
        `Không được phép mở cổng ${config.port}. Chọn cổng trên 1024: PORT=4040 npm start`,
      )
    }
    throw error
  }
}

/** Where this server is reached; a port of 0 is known only once it listens. */
function baseUrl({ publicUrl, port }: Config, running: RunningServer): string {
  return port === 0 && publicUrl === 'http://localhost:0' ? `http://localhost:${running.port}` : publicUrl
}

/** As somebody standing in this folder would write it; a server's address holds a password and is not printed. */
function shortUrl(databaseUrl: string): string {
  if (isPostgres(databaseUrl)) return 'postgres://…'
  const path = databaseUrl.slice('file:'.length)
  const fromHere = relative('', path)
  return `file:${fromHere.startsWith('..') ? path : fromHere}`
}

/** What to say to somebody who wants to hear it on a real phone. */
function phoneHint(base: string): string {
  const { hostname, port } = new URL(base)
  const here = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)
  if (hostname !== 'localhost' || !here) return ''
  return `\nMở bằng điện thoại cùng Wi-Fi: thay localhost:${port} bằng ${here.address}:${port}.`
}

async function runDemo(
  realConfig: Config,
  running: RunningServer,
  isFirstTime: boolean,
  stopping: AbortSignal,
): Promise<void> {
  const base = baseUrl(realConfig, running)
  const bank = await openDemoBank(running.services, `http://localhost:${running.port}`)
  if (isFirstTime) {
    console.log('Đang dựng chợ thử và sổ của mấy tuần trước …')
    await tellPast(running.services, bank)
  }
  const links = await demoLinks(running.services, base)
  void runDemoBank(bank, stopping)
  console.log(`
Chợ 4.0 — BẢN THỬ, TIỀN GIẢ
${links.stallCount} sạp, và một ngân hàng giả cứ vài giây lại báo có khách chuyển khoản. Không đồng nào là thật.

  Khách đi chợ       ${links.shopper}
  Tiểu thương        ${links.vendor}
                     (${links.vendorName}, sạp ${links.stallName}: bật loa, đợi vài giây)
  Ban quản lý chợ    ${links.board}
  Người vận hành     ${links.operator}

Ba đường dẫn sau mỗi cái mở được một lần trong ${CODE_MINUTES} phút; mỗi người một trình duyệt (hoặc cửa sổ ẩn danh).${phoneHint(base)}
Cần cái mới thì chạy lại npm start, hoặc ở cửa sổ lệnh khác:
  npm run invite -- operator
  npm run invite -- board ${links.marketCode}
  npm run invite -- vendor ${links.stallCode}

Mở chợ thật:
  1. Nhập danh sách sạp:  npm run import -- danh-sach-sap.csv
     (hoặc mở chợ trống rồi thêm sạp trên trang:  DATABASE_URL=${shortUrl(realConfig.databaseUrl)} npm start)
  2. Tắt rồi chạy lại:    npm start   (từ đó mở chợ thật, không mở bản thử này nữa)
  3. Nối SePay:           npm run source -- add sepay --accounts market:<mã chợ>

Bấm Ctrl-C để tắt.`)
}

async function announceMarket(config: Config, running: RunningServer): Promise<void> {
  const { store, now } = running.services
  const base = baseUrl(config, running)
  const demo = (await isDemo(store)) ? ' — BẢN THỬ, TIỀN GIẢ (lần này không có ngân hàng giả)' : ''
  console.log(`Chợ 4.0 đang chạy ở ${base}${demo}`)
  if (await hasOperator(store)) {
    if (await isEmpty(store))
      console.log('Chưa có chợ nào. Đường dẫn cho người vận hành: npm run invite -- operator')
  } else {
    const identity = { role: 'operator', marketId: 0, vendorId: null } as const
    const code = await invite(store, identity, 'first start', now())
    const ask = `${config.databaseGiven ? `DATABASE_URL=${shortUrl(config.databaseUrl)} ` : ''}npm run invite -- operator`
    console.log(`
Chưa có người vận hành. Mở đường dẫn này, một lần, trong ${CODE_MINUTES} phút:
  ${base}/enter/${code}
Đường dẫn này chỉ in lần đầu. Để lỡ thì xin cái mới: ${ask}`)
  }
}

/** Closes in order at the first signal, at once at the second. */
function closeOnSignal(running: RunningServer, stop: () => void): void {
  let firstAt = 0
  const close = () => {
    if (firstAt > 0) {
      if (Date.now() - firstAt > SAME_SIGNAL_MS) process.exit(1)
      return
    }
    firstAt = Date.now()
    console.log('Đang tắt …')
    stop()
    running.close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error)
        process.exit(1)
      },
    )
  }
  process.on('SIGINT', close)
  process.on('SIGTERM', close)
}

await runCommand(USAGE, async () => {
  const config = configFromEnvironment()
  await buildAssets()
  const isReal = await hasRealMarket(config)
  const served = isReal ? config : { ...config, databaseUrl: demoDatabase(config) }
  const isFirstTime = !isReal && (await withServices(served, seedDemo))
  const stopping = new AbortController()
  try {
    const running = await listen(served)
    closeOnSignal(running, () => stopping.abort())
    await (isReal ? announceMarket(config, running) : runDemo(config, running, isFirstTime, stopping.signal))
  } catch (error) {
    // Whatever had begun already must not keep a failed start alive.
    setImmediate(() => process.exit(1))
    throw error
  }
})
