import { readFields, type Fields } from './tlv.ts'

/** The globally unique identifier of VietQR, in 38-00. */
export const NAPAS_GUID = 'A000000727'

/** Foreign schemes that can be told apart by what their codes say of themselves. */
export type Scheme =
  | 'vnpayqr'
  | 'vnpay_wallet'
  | 'airpay'
  | 'promptpay'
  | 'sgqr'
  | 'paynow'
  | 'duitnow'
  | 'qris'
  | 'pix'
  | 'khqr'
  | 'bharatqr'
  | 'unionpay'

/** First match wins: an SGQR code usually carries PayNow inside it. */
const BY_GUID: readonly (readonly [Scheme, RegExp])[] = [
  ['vnpayqr', /^A000000775/],
  ['airpay', /^vn\.airpay\./i],
  ['promptpay', /^A000000677/],
  ['sgqr', /^SG\.SGQR$/i],
  ['paynow', /^SG\.PAYNOW$/i],
  ['duitnow', /^A000000615/],
  ['qris', /^ID\.CO\.QRIS\./i],
  ['pix', /^br\.gov\.bcb\.pix$/i],
  // Bakong puts the account itself, `name@bank`, where others put a GUID.
  ['khqr', /^[^@]+@[a-z]+$/i],
  ['bharatqr', /^A000000524/],
]

/**
 * Takes the root fields of an EMVCo MPM payload that is not VietQR, perhaps only those before a fault, and
 * returns the scheme they belong to, or undefined where it is not known. Never throws.
 */
export function findScheme(root: Fields): Scheme | undefined {
  if (root[4] === 'VNPayWallet') return 'vnpay_wallet'

  // EMVCo MPM: 26–51 are merchant account templates whose sub-field 00 names the scheme.
  const guids: string[] = []
  for (const value of root.slice(26, 52)) {
    if (value !== undefined) guids.push(readFields(value).fields[0] ?? '')
  }
  const known = BY_GUID.find(([, pattern]) => guids.some((guid) => pattern.test(guid)))
  if (known) return known[0]

  // EMVCo MPM reserves 15 and 16 for UnionPay, which writes institutions and merchant as 31 digits.
  return [root[15], root[16]].some((value) => /^\d{31}$/.test(value ?? '')) ? 'unionpay' : undefined
}
