// The product in a process of its own. Its variants are the floors it is compared with: the same server, only the
// intake replaced.
import { startServer } from '../../server/main.ts'
import { readConfig } from '../../server/config.ts'
import { RULES } from '../../server/domain/recording-rules.ts'
import { pino } from 'pino'
import { reportTo } from './side.ts'

const variant = process.argv[2]
const { services, port, close } = await startServer(readConfig(process.env), {
  log: pino({ level: 'warn' }, pino.destination(2)),
})
const { intake, store, feed } = services
// Verified, read and answered, and nothing kept.
if (variant === 'ceiling') intake.submit = async () => {}
// Every message a commit of its own, as most receivers do it.
if (variant === 'single_commit') {
  intake.submit = async (message) => feed.publish(await store.record([message], RULES))
}
reportTo(process, port, close)
