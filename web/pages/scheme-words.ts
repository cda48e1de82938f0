import type { Scheme } from '@vietqr/core'

const SCHEMES: Record<Scheme, string> = {
  vnpayqr: 'VNPAY-QR',
  vnpay_wallet: 'ví VNPAY',
  airpay: 'ShopeePay',
  promptpay: 'PromptPay (Thái Lan)',
  sgqr: 'SGQR (Singapore)',
  paynow: 'PayNow (Singapore)',
  duitnow: 'DuitNow (Malaysia)',
  qris: 'QRIS (Indonesia)',
  pix: 'Pix (Brazil)',
  khqr: 'KHQR (Campuchia)',
  bharatqr: 'BharatQR (Ấn Độ)',
  unionpay: 'UnionPay (Trung Quốc)',
}

/** That a code is no bank's, and whose it is where that is known. */
export const notVietQrWords = (scheme: Scheme | null): string =>
  scheme === null
    ? 'Đó không phải mã chuyển khoản ngân hàng (VietQR).'
    : `Đó là mã ${SCHEMES[scheme]}, không phải mã chuyển khoản ngân hàng (VietQR).`
