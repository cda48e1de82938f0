import { formatVnd } from '../../shared/money.ts'
import type { SaleState } from '../../shared/sale-state.ts'

/** How a full screen looks: green, yellow, or dark red. */
type Look = 'good' | 'warn' | 'bad'

export interface Verdict {
  look: Look
  /** Above the amount. */
  call: string
  receivedVnd: number
  /** Below it. */
  words: string
}

/** What the full screen says once money has come; undefined while none has. */
export function verdictOf({ status, exception, receivedVnd, dueVnd }: SaleState): Verdict | undefined {
  if (receivedVnd === 0 || status === 'reserved') return undefined
  const rest = dueVnd > 0 ? `còn thiếu ${formatVnd(dueVnd)}` : dueVnd < 0 ? `dư ${formatVnd(-dueVnd)}` : 'đủ'
  const say = (look: Look, call: string, words: string) => ({ look, call, receivedVnd, words })
  if (exception === 'underpaid') return say('bad', 'Khoan! Mới nhận', rest)
  if (exception === 'after_cancel') return say('warn', 'Đã nhận', `mã này đã huỷ · ${rest}`)
  if (exception === 'paid_twice') return say('warn', 'Đã nhận', `khách trả hai lần · ${rest}`)
  if (exception === 'overpaid') return say('warn', 'Đã nhận', rest)
  if (exception === 'late') return say('good', 'Đã nhận', 'đủ · tiền về trễ')
  return say('good', 'Đã nhận', rest)
}

/** The same in the small list. */
export function stateWords(state: SaleState): string {
  const verdict = verdictOf(state)
  if (verdict) return verdict.words
  return state.status === 'cancelled' ? 'đã huỷ' : 'chờ tiền'
}
