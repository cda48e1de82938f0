// Prints a one-time link that lets one person in:
//   npm run invite -- operator | board <market code> | vendor <stall code>
import { parseArgs } from 'node:util'
import { CODE_LIFETIME_MS, invite } from '../server/domain/sign-in.ts'
import type { Services } from '../server/services.ts'
import { findMarket, listMarkets } from '../server/storage/market.ts'
import { marketScope, operatorScope } from '../server/storage/scope.ts'
import type { Identity } from '../server/storage/session.ts'
import { isDemo } from '../server/storage/setting.ts'
import { findStall, vendorOf } from '../server/storage/stall.ts'
import { CommandError, configFromEnvironment, runCommand, withServices } from './command.ts'
import { servedDatabase } from './database.ts'

const USAGE = `Cách dùng:
  npm run invite -- operator              người vận hành
  npm run invite -- board <mã chợ>        ban quản lý của một chợ
  npm run invite -- vendor <mã sạp>       người bán của một sạp (in ở góc dưới tấm mã)`

async function findPerson(
  services: Services,
  role: string,
  code: string,
): Promise<[identity: Identity, who: string]> {
  const { store } = services
  if (role === 'operator' && code === '') return [{ role, marketId: 0, vendorId: null }, 'Người vận hành']
  if (role === 'board' && code !== '') {
    const market = await findMarket(store, code)
    if (market) return [{ role, marketId: market.id, vendorId: null }, `Ban quản lý ${market.name}`]
    const markets = await listMarkets(store, operatorScope())
    const known = markets.map((one) => `  ${one.code}  ${one.name}`).join('\n')
    throw new CommandError(`Không có chợ nào mã «${code}».${known && ` Đang có:\n${known}`}`)
  }
  if (role === 'vendor' && code !== '') {
    const listing = await findStall(store, code)
    if (!listing) throw new CommandError(`Không có sạp nào mã «${code}». Mã sạp in ở góc dưới tấm mã.`)
    const { market, stall } = listing
    const vendor = await store.read((tx) => vendorOf(tx, marketScope(market.id), stall.id))
    if (!vendor) throw new CommandError(`Sạp ${stall.name} chưa có ai đứng tên. Ghi tên người bán trước.`)
    const who = `${vendor.name}, ${market.stallWord} ${stall.name}, ${market.name}`
    return [{ role, marketId: market.id, vendorId: vendor.id }, who]
  }
  throw new CommandError(USAGE)
}

await runCommand(USAGE, async () => {
  const { positionals } = parseArgs({ allowPositionals: true })
  const [role = '', code = '', ...rest] = positionals
  if (rest.length > 0) throw new CommandError(USAGE)
  await withServices(await servedDatabase(configFromEnvironment()), async (services) => {
    const { config, store, now } = services
    const [identity, who] = await findPerson(services, role, code)
    const token = await invite(store, identity, 'npm run invite', now())
    const demo = (await isDemo(store)) ? ' (bản thử)' : ''
    console.log(`${who}${demo}, mở một lần trong ${CODE_LIFETIME_MS / 60_000} phút:
${config.publicUrl}/enter/${token}`)
  })
})
