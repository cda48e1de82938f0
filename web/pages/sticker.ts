import { paysIntoAccount, readCode } from '../../shared/code-reading.ts'
import { problemWords } from './problem-words.ts'
import { notVietQrWords } from './scheme-words.ts'

const INSTEAD = 'Chụp mã khác, hoặc gõ số tài khoản ở dưới.'

/** The account that a vendor's own sticker pays into, or why none can be read from it and what to do. */
export const readSticker = (
  payload: string,
): { bankBin: string; accountNumber: string } | { problem: string } => {
  const reading = readCode(payload)
  if (reading.kind === 'not_vietqr') return { problem: `${notVietQrWords(reading.scheme)} ${INSTEAD}` }
  if (reading.kind === 'damaged')
    return { problem: `Mã hỏng hoặc chụp thiếu, không đọc hết được. ${INSTEAD}` }
  return paysIntoAccount(reading.code) ? reading.code : { problem: problemWords('no_account_code') }
}
