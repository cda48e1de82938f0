import { crcOfStart } from './crc16.ts'
import { findScheme, NAPAS_GUID } from './scheme.ts'
import { readFields, type Fields, type Reading } from './tlv.ts'
import { VietQrError } from './vietqr-error.ts'

/** The longest payload that is read at all; real codes stay under 300 characters. */
const MAX_PAYLOAD_LENGTH = 512

/** To an account, to a card, to a merchant of an acquirer, cash from a machine. */
export type Service = 'QRIBFTTA' | 'QRIBFTTC' | 'QRPUSH' | 'QRCASH'

/** What a VietQR code says. Texts are the payer-facing originals, `***` ("ask the payer") included. */
export interface VietQr {
  /** `static`: may be paid many times; `dynamic`: once. Some issuers print an amount on a static code. */
  initiation: 'static' | 'dynamic'
  service: Service
  /** 6 digits, not necessarily in the bank table. */
  bankBin: string
  /** 1–19 letters and digits; may be a virtual account or an alias. */
  accountNumber: string
  /** Whole đồng, > 0. */
  amountVnd?: number
  /** 62-08: 1–95 characters where the standard says 25, since real issuers write more. */
  purpose?: string
  billNumber?: string
  storeLabel?: string
  referenceLabel?: string
  terminalLabel?: string
  merchantCategory?: string
  merchantName?: string
  merchantCity?: string
}

/**
 * Takes the text of a scanned code and returns what it says, or throws `VietQrError`; liberal in order, unknown
 * fields, empty fields, the case of the CRC and long purposes, and otherwise strict: nothing is half-read.
 *
 * Which error wins: `invalid_input` (not a text of 1–512 characters) → `not_vietqr` with its `scheme`, even for a
 * damaged code → `truncated` or `malformed` (no CRC at the end) → `bad_crc` → structure (`malformed`,
 * `duplicate_field`) → `not_vietqr` → `wrong_guid` → `wrong_currency` → `wrong_country` → the values.
 *
 * NAPAS "Quy định về định dạng mã VietQR" v1.0 (09/2021), over EMVCo MPM and ISO/IEC 13239.
 */
export function decode(payload: string): VietQr {
  if (typeof payload !== 'string' || payload === '' || payload.length > MAX_PAYLOAD_LENGTH) {
    throw new VietQrError('invalid_input', `a payload is a text of 1 to ${MAX_PAYLOAD_LENGTH} characters`, {
      field: 'payload',
    })
  }
  const reading = readFields(payload)
  const payee = readFields(reading.fields[38] ?? '')
  const ours = payee.fields[0] === NAPAS_GUID
  const scheme = ours ? undefined : findScheme(reading.fields)
  if (scheme) throw new VietQrError('not_vietqr', `this is a code of another scheme: ${scheme}`, { scheme })
  checkCrc(payload, reading)

  const root = strictly(reading, 'payload')
  if (!payload.startsWith('000201')) throw malformed('00', 'must come first and be 01')
  if (reading.last !== 63) throw malformed('63', 'must come last')
  const account = strictly(payee, '38')
  checkScheme(root, ours)

  const beneficiary = strictly(readFields(account[1] ?? ''), '38-01')
  const additional = strictly(readFields(root[62] ?? ''), '62')
  strictly(readFields(root[64] ?? ''), '64')

  const code: VietQr = {
    initiation: parseInitiation(root[1]),
    service: parseService(account[2]),
    bankBin: parseMatching(/^\d{6}$/, beneficiary[0], '38-01-00'),
    accountNumber: parseMatching(/^[A-Za-z0-9]{1,19}$/, beneficiary[1], '38-01-01'),
  }
  if (root[54]) code.amountVnd = parseAmount(root[54])
  // One by one: a loop over names cost a third of the whole.
  if (root[52]) code.merchantCategory = root[52]
  if (root[59]) code.merchantName = root[59]
  if (root[60]) code.merchantCity = root[60]
  if (additional[1]) code.billNumber = additional[1]
  if (additional[3]) code.storeLabel = additional[3]
  if (additional[5]) code.referenceLabel = additional[5]
  if (additional[7]) code.terminalLabel = additional[7]
  if (additional[8]) code.purpose = additional[8]
  return code
}

function checkCrc(payload: string, { fields, fault }: Reading): void {
  if (payload.slice(-8, -4) !== '6304') {
    if (!'000201'.startsWith(payload.slice(0, 6))) {
      throw new VietQrError('not_vietqr', 'this is not a payment code')
    }
    if (fields[63] === undefined && (!fault || fault === 'overrun')) {
      throw new VietQrError('truncated', 'the payload stops before its CRC')
    }
    throw malformed('63', 'must come last, with 4 characters')
  }
  if (payload.slice(-4).toUpperCase() !== crcOfStart(payload, payload.length - 4)) {
    throw new VietQrError('bad_crc', 'the payload was damaged: its CRC does not hold', { field: '63' })
  }
}

function checkScheme(root: Fields, ours: boolean): void {
  const currency = root[53]
  const country = root[58]
  if (!root[38] || (!ours && country !== 'VN')) {
    throw new VietQrError('not_vietqr', 'this code names no VietQR account', { field: '38' })
  }
  if (!ours) throw new VietQrError('wrong_guid', `38-00 must be ${NAPAS_GUID}`, { field: '38-00' })
  if (!currency) throw malformed('53', 'is missing')
  if (currency !== '704') throw new VietQrError('wrong_currency', '53 must be 704 (VND)', { field: '53' })
  if (!country) throw malformed('58', 'is missing')
  if (country !== 'VN') throw new VietQrError('wrong_country', '58 must be VN', { field: '58' })
}

function parseInitiation(text: string | undefined): VietQr['initiation'] {
  if (text === '11') return 'static'
  if (text === '12') return 'dynamic'
  throw malformed('01', 'must be 11 or 12')
}

function parseService(text: string | undefined): Service {
  if (text === 'QRIBFTTA' || text === 'QRIBFTTC' || text === 'QRPUSH' || text === 'QRCASH') return text
  throw malformed('38-02', 'must be a known service')
}

function parseMatching(pattern: RegExp, text: string | undefined, field: string): string {
  if (text === undefined || !pattern.test(text)) throw malformed(field, `must match ${pattern.source}`)
  return text
}

function parseAmount(text: string): number {
  if (text.length > 13 || !/^\d+(\.\d*)?$/.test(text)) {
    throw malformed('54', 'must be an amount of at most 13 characters')
  }
  if (/\..*[1-9]/.test(text)) {
    throw new VietQrError('fractional_amount', 'there is no fraction of a đồng', { field: '54' })
  }
  const amountVnd = Number(text)
  if (amountVnd === 0) throw malformed('54', 'must not be zero')
  return amountVnd
}

function strictly({ fields, fault }: Reading, field: string): Fields {
  if (fault === 'duplicate_field') throw new VietQrError(fault, `${field}: an id occurs twice`, { field })
  if (fault) throw malformed(field, 'its lengths do not add up')
  return fields
}

function malformed(field: string, problem: string): VietQrError {
  return new VietQrError('malformed', `${field}: ${problem}`, { field })
}
