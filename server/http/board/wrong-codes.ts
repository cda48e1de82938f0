import { decode, shortNameOf } from '@vietqr/core'
import type { WrongCode } from '../../../web/pages/board/wrong-codes.ts'
import { listIncidents } from '../../storage/incident.ts'
import type { MarketScope } from '../../storage/scope.ts'
import type { Services } from '../../services.ts'

/** What shoppers reported of a market's stalls, as the pages of board and operator say it. */
export async function listWrongCodes(
  { store, now }: Services,
  scope: MarketScope,
  placeOf: (stallName: string) => string,
): Promise<WrongCode[]> {
  const incidents = await listIncidents(store, scope, now())
  return incidents.map(({ stallName, payload, ...rest }) => ({
    place: placeOf(stallName),
    payee: payeeOf(payload),
    ...rest,
  }))
}

function payeeOf(payload: string): WrongCode['payee'] {
  try {
    const { bankBin, accountNumber } = decode(payload)
    return { bankShortName: shortNameOf(bankBin), accountNumber }
  } catch {
    return null
  }
}
