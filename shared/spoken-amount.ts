import { AppError } from './app-error.ts'
import type { SaleState } from './sale-state.ts'

/** Every clip of the voice: its name, and the words it says. `scripts/make-clips.ts` records exactly these. */
export const CLIPS = {
  'da-nhan': 'đã nhận',
  khong: 'không',
  mot: 'một',
  hai: 'hai',
  ba: 'ba',
  bon: 'bốn',
  nam: 'năm',
  sau: 'sáu',
  bay: 'bảy',
  tam: 'tám',
  chin: 'chín',
  'muoi-huyen': 'mười',
  muoi: 'mươi',
  'mot-sac': 'mốt',
  tu: 'tư',
  lam: 'lăm',
  le: 'lẻ',
  linh: 'linh',
  tram: 'trăm',
  ngan: 'ngàn',
  nghin: 'nghìn',
  trieu: 'triệu',
  ty: 'tỷ',
  dong: 'đồng',
  'du-hoi': 'đủ',
  du: 'dư',
  'con-thieu': 'còn thiếu',
  khoan: 'khoan',
  'moi-co': 'mới có',
  've-tre': 'tiền về trễ',
  'da-huy': 'mã này đã huỷ',
  'tra-hai-lan': 'khách trả hai lần',
  sap: 'sạp',
  lo: 'lô',
  quay: 'quầy',
  'ki-ot': 'ki ốt',
  'co-khach': 'có khách chuyển khoản',
} as const

export type Clip = keyof typeof CLIPS

/** How a region counts: fifty thousand is `năm mươi ngàn` or `năm mươi nghìn`, 105 `trăm lẻ năm` or `trăm linh năm`. */
export interface Dialect {
  thousand: 'ngàn' | 'nghìn'
  odd: 'lẻ' | 'linh'
}

const SOUTHERN: Dialect = { thousand: 'ngàn', odd: 'lẻ' }

/** The largest amount that can be read aloud, in đồng. */
export const MAX_SPOKEN_VND = 999_999_999_999

const DIGITS = ['khong', 'mot', 'hai', 'ba', 'bon', 'nam', 'sau', 'bay', 'tam', 'chin'] as const

/** The two last digits of a group; where hundreds were read, `odd` bridges an empty ten. */
function readTens(tens: number, ones: number, odd: Clip | undefined): Clip[] {
  const one = DIGITS[ones] ?? 'khong'
  if (tens === 0) {
    if (ones === 0) return []
    return odd ? [odd, one] : [one]
  }
  const ten: Clip[] = tens === 1 ? ['muoi-huyen'] : [DIGITS[tens] ?? 'khong', 'muoi']
  if (ones === 0) return ten
  if (ones === 5) return [...ten, 'lam']
  if (tens > 1 && ones === 1) return [...ten, 'mot-sac']
  if (tens > 1 && ones === 4) return [...ten, 'tu']
  return [...ten, one]
}

/** A group of three digits; after another group its hundreds are read even when there are none. */
function readGroup(group: number, first: boolean, odd: Clip): Clip[] {
  const hundreds = Math.floor(group / 100)
  const tens = Math.floor(group / 10) % 10
  const ones = group % 10
  if (first && hundreds === 0) return readTens(tens, ones, undefined)
  return [DIGITS[hundreds] ?? 'khong', 'tram', ...readTens(tens, ones, odd)]
}

/**
 * The number words of an amount, as names of clips, without «đồng»: 50000 → `['nam', 'muoi', 'ngan']`.
 *
 * `amountVnd` is an integer from 1 to `MAX_SPOKEN_VND`; anything else throws AppError `invalid_input`. The words
 * are those of the south unless `dialect` says otherwise.
 */
export function spokenAmount(amountVnd: number, dialect: Dialect = SOUTHERN): Clip[] {
  if (!Number.isInteger(amountVnd) || amountVnd < 1 || amountVnd > MAX_SPOKEN_VND) {
    throw new AppError('invalid_input', `Only whole đồng from 1 to ${MAX_SPOKEN_VND} can be read aloud`)
  }
  const odd: Clip = dialect.odd === 'lẻ' ? 'le' : 'linh'
  const thousand: Clip = dialect.thousand === 'ngàn' ? 'ngan' : 'nghin'
  const clips: Clip[] = []
  for (const [power, unit] of [
    [1e9, 'ty'],
    [1e6, 'trieu'],
    [1e3, thousand],
    [1, undefined],
  ] as const) {
    const group = Math.floor(amountVnd / power) % 1000
    if (group === 0) continue
    clips.push(...readGroup(group, clips.length === 0, odd))
    if (unit) clips.push(unit)
  }
  return clips
}

/** An amount in words, as under the keypad: 50000 → `năm mươi ngàn đồng`. Range and errors as `spokenAmount`. */
export function spokenText(amountVnd: number, dialect?: Dialect): string {
  return [...spokenAmount(amountVnd, dialect), 'dong' as const].map((clip) => CLIPS[clip]).join(' ')
}

/**
 * What the loudspeaker says of a payment, as names of clips to play one after another: «đã nhận năm mươi ngàn
 * đồng». Range and errors as `spokenAmount`.
 */
export function announcement(amountVnd: number, dialect?: Dialect): Clip[] {
  return ['da-nhan', ...spokenAmount(amountVnd, dialect), 'dong']
}

/**
 * What it says of a payment that bore a sale's reference: «… đủ», «… dư mười ngàn đồng», or, where too little came,
 * «khoan, mới có hai trăm đồng, còn thiếu …» and never «đã nhận». Range and errors as `spokenAmount`.
 */
export function saleAnnouncement(amountVnd: number, state: SaleState, dialect?: Dialect): Clip[] {
  const { status, exception, receivedVnd, dueVnd } = state
  const sum = (vnd: number): Clip[] => [...spokenAmount(vnd, dialect), 'dong']
  const received = announcement(amountVnd, dialect)
  const missing: Clip[] = dueVnd > 0 ? ['con-thieu', ...sum(dueVnd)] : []
  const surplus: Clip[] = dueVnd < 0 ? ['du', ...sum(-dueVnd)] : []
  if (status === 'reserved') return received
  if (exception === 'underpaid') return ['khoan', 'moi-co', ...sum(receivedVnd), ...missing]
  if (exception === 'after_cancel') return [...received, 'da-huy', ...missing, ...surplus]
  if (exception === 'paid_twice') return [...received, 'tra-hai-lan', ...surplus]
  if (exception === 'overpaid') return [...received, ...surplus]
  return [...(exception === 'late' ? (['ve-tre'] as const) : []), ...received, 'du-hoi']
}

const STALL_WORDS: Record<string, Clip> = { sạp: 'sap', lô: 'lo', quầy: 'quay', 'ki-ốt': 'ki-ot' }

/**
 * What a row's speaker says, the stall first: «sạp mười hai, đã nhận năm mươi ngàn đồng», or, without an amount, «sạp
 * mười hai, có khách chuyển khoản». Nothing where the stall cannot be named: an amount of nobody's misleads a row.
 */
export function rowAnnouncement(
  stallWord: string,
  stallNumber: number | null,
  amountVnd: number | null,
  dialect?: Dialect,
): Clip[] {
  const word = STALL_WORDS[stallWord]
  if (!word || stallNumber === null) return []
  const isTold = amountVnd !== null && amountVnd <= MAX_SPOKEN_VND
  return [
    word,
    ...spokenAmount(stallNumber, dialect),
    ...(isTold ? announcement(amountVnd, dialect) : (['co-khach'] as const)),
  ]
}
