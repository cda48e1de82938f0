// The keys that sign the daily figures:
//   node scripts/keys.ts list     which there are
//   node scripts/keys.ts rotate   sign with a new one from now on
import { parseArgs } from 'node:util'
import { rotateSigningKey } from '../server/domain/snapshot.ts'
import { listPublicKeys } from '../server/storage/snapshot.ts'
import { CommandError, configFromEnvironment, runCommand, withServices } from './command.ts'

const USAGE = `Cách dùng:
  node scripts/keys.ts list      các khoá ký số liệu
  node scripts/keys.ts rotate    từ nay ký bằng khoá mới; khoá cũ vẫn công bố để kiểm số liệu cũ`

await runCommand(USAGE, async () => {
  const { positionals } = parseArgs({ allowPositionals: true })
  const [verb, ...rest] = positionals
  if (rest.length > 0 || (verb !== 'list' && verb !== 'rotate')) throw new CommandError(USAGE)
  await withServices(configFromEnvironment(), async (services) => {
    if (verb === 'rotate') console.log(`Khoá mới: ${await rotateSigningKey(services)}`)
    for (const { kid, retiredAt } of await listPublicKeys(services.store))
      console.log(`${kid}  ${retiredAt === null ? 'đang ký' : 'đã thôi ký'}`)
  })
})
