import type { AlarmTelling } from '../storage/source-alarm.ts'

/** One thing to tell the operator. Nothing in it is money, an account or a memo; instants are epoch milliseconds. */
export type AlarmNews =
  | {
      event: 'source_silent' | 'source_late'
      state: AlarmTelling['state']
      alarmId: number
      sourceId: string
      /** The operator's own name of the source, as typed. */
      label: string
      /** The one bank of it that is meant, and its short name; both null where it is the whole source. */
      bankBin: string | null
      bankName: string | null
      since: number
      at: number
      /** The page to look at. */
      url: string
    }
  | { event: 'trial'; at: number; url: string }

/** A way to reach the operator. */
export interface AlarmWay {
  name: AlarmTelling['way']
  /** Where to, for the operator's eyes: no secret. */
  address: string
  /** Resolves once the other side has taken it. Throws an Error that quotes neither a secret nor an answer. */
  tell(news: AlarmNews, now: number, signal: AbortSignal): Promise<void>
}
