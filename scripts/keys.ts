// The keys that sign the daily figures, and the one that seals secrets:
//   npm run keys -- list     which there are
//   npm run keys -- rotate   sign with a new one from now on
//   npm run keys -- adopt    the key that sealed this database's secrets is lost: use this machine's from now on
import { parseArgs } from 'node:util'
import type { Config } from '../server/config.ts'
import { openSeal } from '../server/domain/seal.ts'
import { rotateSigningKey } from '../server/domain/snapshot.ts'
import { openStore } from '../server/storage/engine.ts'
import { replaceSealKey } from '../server/storage/setting.ts'
import { listPublicKeys } from '../server/storage/snapshot.ts'
import { CommandError, configFromEnvironment, runCommand, withServices } from './command.ts'

const USAGE = `Cách dùng:
  npm run keys -- list      các khoá ký số liệu
  npm run keys -- rotate    từ nay ký bằng khoá mới; khoá cũ vẫn công bố để kiểm số liệu cũ
  npm run keys -- adopt     seal.key cũ đã mất: từ nay dùng seal.key của máy này`

await runCommand(USAGE, async () => {
  const { positionals } = parseArgs({ allowPositionals: true })
  const [verb, ...rest] = positionals
  if (rest.length > 0 || !['list', 'rotate', 'adopt'].includes(verb ?? '')) throw new CommandError(USAGE)
  const config = configFromEnvironment()
  if (verb === 'adopt') return adopt(config)
  await withServices(config, async (services) => {
    if (verb === 'rotate') console.log(`Khoá mới: ${await rotateSigningKey(services)}`)
    for (const { kid, retiredAt } of await listPublicKeys(services.store))
      console.log(`${kid}  ${retiredAt === null ? 'đang ký' : 'đã thôi ký'}`)
  })
})

async function adopt(config: Config): Promise<void> {
  const { databaseUrl, dataDir } = config
  const { fingerprint } = openSeal(dataDir)
  const store = await openStore(databaseUrl)
  await store.changeRegistry((tx) => replaceSealKey(tx, fingerprint))
  await store.close()
  await withServices(config, rotateSigningKey)
  console.log(`Từ nay chợ này dùng seal.key trong ${dataDir}. Nhập lại bí mật và mã API của từng nguồn:
  npm run source -- rotate <mã nguồn>
  npm run source -- token <mã nguồn>`)
}
