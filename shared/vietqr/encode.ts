import { banks } from './banks.ts'
import { crc16 } from './crc16.ts'
import { NAPAS_GUID } from './scheme.ts'
import { writeField } from './tlv.ts'
import { transliterate } from './transliterate.ts'
import { VietQrError } from './vietqr-error.ts'

/** A NAPAS247 transfer stays under 500 million đồng. */
export const MAX_AMOUNT_VND = 499_999_999

const bins = /* @__PURE__ */ new Set(/* @__PURE__ */ banks.map(({ bin }) => bin))

/** What a code shall say. */
export interface Transfer {
  /** 6 digits, in the bank table. */
  bankBin: string
  /** 1–19 letters and digits. */
  accountNumber: string
  /** To an account (`QRIBFTTA`, when left out) or to a card (`QRIBFTTC`). */
  service?: 'QRIBFTTA' | 'QRIBFTTC'
  /** Whole đồng, 1 to 499,999,999; left out, the payer types it. */
  amountVnd?: number
  /** At most 25 characters once its Vietnamese marks are gone. */
  purpose?: string
}

/**
 * Takes what a code shall say and returns its payload, ASCII only; with an amount it is a dynamic code, without
 * one a static code. The purpose loses its Vietnamese marks and outer spaces; an empty one counts as absent.
 *
 * Throws `VietQrError` `invalid_input` naming the `field`. What cannot become ASCII is refused, not dropped: a
 * purpose that lost letters may lose its reference.
 *
 * NAPAS "Quy định về định dạng mã VietQR" v1.0 (09/2021), over EMVCo MPM and ISO/IEC 13239.
 */
export function encode({
  bankBin,
  accountNumber,
  service = 'QRIBFTTA',
  amountVnd,
  purpose = '',
}: Transfer): string {
  check(bins.has(bankBin), 'bankBin', 'must be in the bank table')
  check(
    isText(accountNumber) && /^[A-Za-z0-9]{1,19}$/.test(accountNumber),
    'accountNumber',
    'must be 1 to 19 letters and digits',
  )
  check(service === 'QRIBFTTA' || service === 'QRIBFTTC', 'service', 'must be QRIBFTTA or QRIBFTTC')
  check(
    amountVnd === undefined || (Number.isInteger(amountVnd) && amountVnd >= 1 && amountVnd <= MAX_AMOUNT_VND),
    'amountVnd',
    `must be an integer from 1 to ${MAX_AMOUNT_VND}`,
  )
  check(isText(purpose), 'purpose', 'must be a text')
  const memo = transliterate(purpose).trim()
  check(/^[ -~]{0,25}$/.test(memo), 'purpose', 'must be at most 25 characters that have an ASCII form')

  const beneficiary = writeField('00', bankBin) + writeField('01', accountNumber)
  const body =
    writeField('00', '01') +
    writeField('01', amountVnd === undefined ? '11' : '12') +
    writeField(
      '38',
      writeField('00', NAPAS_GUID) + writeField('01', beneficiary) + writeField('02', service),
    ) +
    writeField('53', '704') +
    (amountVnd === undefined ? '' : writeField('54', String(amountVnd))) +
    writeField('58', 'VN') +
    (memo === '' ? '' : writeField('62', writeField('08', memo))) +
    '6304'
  return body + crc16(body)
}

// Callers without types exist (imports, forms), so a type is checked like any other rule.
function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function check(holds: boolean, field: keyof Transfer, rule: string): void {
  if (!holds) throw new VietQrError('invalid_input', `${field} ${rule}`, { field })
}
