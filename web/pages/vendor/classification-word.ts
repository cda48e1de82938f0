import type { Classification } from '../../../shared/wire.ts'

/** A line of the list takes one of three shapes: sold, not yet known, or something else. */
export type LineKind = 'sale' | 'unclear' | 'other'

export const lineKind = (classification: Classification): LineKind =>
  classification === 'sale' || classification === 'unclear' ? classification : 'other'

/** The word beside a line that is not plainly a sale; a sale needs none. */
const words: Record<Classification, string> = {
  sale: '',
  unclear: 'chưa rõ',
  family: 'không phải tiền bán · người nhà',
  loan: 'không phải tiền bán · mượn, vay',
  cash_back: 'không phải tiền bán · đổi tiền mặt',
  refund: 'không phải tiền bán · hoàn tiền',
  fee: 'không phải tiền bán · phí chợ',
  test: 'chuyển thử',
}

export const classificationWord = (classification: Classification): string => words[classification]
