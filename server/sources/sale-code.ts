import type { Seal } from '../domain/seal.ts'
import { payableNumber } from '../domain/payable-number.ts'
import type { PayeeAccount } from '../storage/account.ts'
import { listSecrets } from '../storage/source.ts'
import type { Store } from '../storage/store.ts'
import { listSpeakers, openAccess } from './instance.ts'
import { getSource } from './registry.ts'
import type { WantedCode } from './source.ts'

/** A shopper stands there: past this her vendor's phone shows its own code. */
const ANSWER_TIMEOUT_MS = 1_500

/** A source that makes the codes of sales paid into one account. */
interface CodeMaker {
  sourceId: string
  /** The payload of a code for just that. Throws an Error where there is none within a second and a half. */
  make(wanted: Omit<WantedCode, 'payee'>): Promise<string>
  /** The code shall not be paid any more. Throws an Error where the source does not say so in the same time. */
  withdraw(code: Pick<WantedCode, 'reference' | 'part'>): Promise<void>
}

/** The source that the operator told to make the codes of sales paid there; undefined: phones make their own. */
export async function findCodeMaker(
  store: Store,
  seal: Seal,
  account: PayeeAccount,
  now: number,
): Promise<CodeMaker | undefined> {
  for await (const row of listSpeakers(store, [account])) {
    const { codes } = getSource(row.kind)
    if (!codes || !row.makesCodes || row.apiToken === null) continue
    const open = async () => {
      const [newest] = await listSecrets(store, row.id, now)
      const access = await openAccess(seal, row)
      if (newest === undefined || access === null) throw new Error('the source was removed meanwhile')
      return { access, secret: await seal.open(newest), signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) }
    }
    const payee = { bankBin: account.bankBin, accountNumber: payableNumber(account) }
    return {
      sourceId: row.id,
      async make(wanted) {
        const { access, secret, signal } = await open()
        return codes.make(access, secret, { ...wanted, payee }, signal)
      },
      async withdraw(code) {
        const { access, signal } = await open()
        return codes.withdraw(access, code, signal)
      },
    }
  }
  return undefined
}
