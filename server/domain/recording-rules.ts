import type { RecordingRules } from '../storage/decision.ts'
import { dayOf, decide } from './match.ts'
import { sameTransfer } from './same-transfer.ts'

/** What recording asks the domain, and where a thread of its own finds it. */
export const RULES: RecordingRules = { decide, sameTransfer, dayOf, module: import.meta.url }
