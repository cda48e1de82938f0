import { openServices, type Services } from '../../server/services.ts'
import { readConfig } from '../../server/config.ts'
import { mintStall } from '../../server/domain/registration.ts'
import { addInstance } from '../../server/sources/instance.ts'
import { openStore } from '../../server/storage/engine.ts'
import { addMarket } from '../../server/storage/market.ts'
import { marketScope, operatorScope } from '../../server/storage/scope.ts'
import { bindAccounts } from '../../server/storage/source.ts'
import { registerStall } from '../../server/storage/stall.ts'
import { CONSENT_TEXT_VERSION } from '../../shared/consent-text.ts'
import { pino } from 'pino'
import { MB, MORNING, seededRandom } from '../../test/small-market.ts'
import { SECRET } from '../../test/sepay.ts'

/** A stall as whoever pays it knows it. */
export interface Payee {
  stallId: number
  /** Its public code. */
  code: string
  accountNumber: string
  reference: string
}

export interface BenchMarket {
  marketId: number
  sourceId: string
  payees: Payee[]
}

/** Opens what `env` names (`DATA_DIR`, `DATABASE_URL`), silent. */
export async function openBenchServices(env: Record<string, string | undefined>): Promise<Services> {
  const config = readConfig(env)
  return openServices(await openStore(config.databaseUrl), config, { log: pino({ level: 'silent' }) })
}

/**
 * One market of that many consenting stalls, each with an account of its own that one SePay source may speak for.
 * The same numbers and references come out every time, so that every side is paid by the same credits.
 */
export async function registerMarket(
  { store, seal }: Services,
  stalls: number,
  sections: number,
): Promise<BenchMarket> {
  const wanted = { kind: 'sepay', mode: 'hmac', label: 'SePay', access: null, secret: SECRET }
  const { id: sourceId } = await addInstance(store, seal, operatorScope(), wanted, MORNING)
  const random = seededRandom(4)
  const numbers = Array.from({ length: stalls }, (_, index) => index + 1)
  const accountOf = (stall: number) => `TIENGIA${String(stall).padStart(6, '0')}`
  const payees: Payee[] = []
  const marketId = await store.changeRegistry(function* (tx) {
    const place = {
      code: 'bench',
      name: 'Chợ đo tốc độ',
      dayStartsAtMinutes: 0,
      marketDays: 'daily',
      stallWord: 'sạp',
    } as const
    // Of today: no figures of a made-up past are signed and published while something is measured.
    const market = yield* addMarket(tx, operatorScope(), place, Date.now())
    for (const stall of numbers) {
      const accountNumber = accountOf(stall)
      let minted = { code: '', reference: '' }
      const { stallId } = yield* registerStall(
        tx,
        marketScope(market.id),
        {
          section: `Dãy ${(stall % sections) + 1}`,
          stall: `Sạp ${stall}`,
          vendor: `Chủ sạp ${stall}`,
          phone: `09${String(stall).padStart(8, '0')}`,
          account: {
            bankBin: MB,
            accountNumber,
            accountName: 'NGUYEN THI THU',
            virtualAccount: null,
            holder: 'vendor',
            holderType: 'individual',
            sellingOnly: false,
          },
          consentAt: 0,
          consentTextVersion: CONSENT_TEXT_VERSION,
        },
        () => (minted = mintStall(random)),
        'bench',
        0,
      )
      payees.push({ stallId, accountNumber, ...minted })
    }
    const accounts = payees.map(({ accountNumber }) => ({ bankBin: MB, accountNumber }))
    yield* bindAccounts(tx, operatorScope(), sourceId, accounts, 0)
    return market.id
  })
  return { marketId, sourceId, payees }
}
