import { shortNameOf } from '@vietqr/core'
import { proofsPage, type ProofView } from '../../../web/pages/operator/proofs.ts'
import type { Frame } from '../../../web/pages/layout.ts'
import { payableNumber } from '../../domain/payable-number.ts'
import { payableCode } from '../../sources/payable-code.ts'
import { listProofsToPay, type ProofToPay } from '../../storage/account-proof.ts'
import type { Services } from '../../services.ts'
import type { Doors } from '../door.ts'
import { qrSvg } from '../qr-image.ts'
import { deviceWords } from '../vendor/phones.ts'

/**
 * The test money that is the operator's to send. Not the board's to see: whoever issued a phone its code may sit
 * there, and with reference or amount could prove himself to be the vendor.
 */
export function showProofs(doors: Doors, { store, now }: Services, frame: Frame): void {
  doors.operation('proof.pay').get('/operator/proofs', async ({ c, scope }) => {
    const proofs = await listProofsToPay(store, scope, now())
    c.header('cache-control', 'no-store')
    return c.html(proofsPage(frame, await Promise.all(proofs.map(proofView))), 200)
  })
}

async function proofView({
  proof,
  account,
  stall,
  market,
  vendor,
  ...phone
}: ProofToPay): Promise<ProofView> {
  const amountVnd = proof.amountVnd!
  return {
    market: market.name,
    stall: stall.name,
    stallWord: market.stallWord,
    vendor: vendor.name,
    phone: vendor.phone,
    holderName: account.accountName,
    bankShortName: shortNameOf(account.bankBin),
    accountNumber: payableNumber(account),
    amountVnd,
    wrongVnd: proof.creditVnd,
    device: deviceWords(phone.device),
    pairedAt: phone.pairedAt,
    startedAt: proof.startedAt,
    qrSvg: await qrSvg(payableCode(account, proof.reference, amountVnd)),
  }
}
