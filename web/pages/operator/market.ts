import { html } from 'hono/html'
import { choices, field } from '../field.ts'
import { layout } from '../layout.ts'
import { notice } from '../notice.ts'
import { pageHeader } from '../page-header.ts'
import type { Field } from '../field.ts'
import type { Frame, Html } from '../layout.ts'
import type { FieldErrors } from '../problem-words.ts'

type MarketField = 'name' | 'day_starts_at' | 'market_days' | 'stall_word'

export interface MarketForm {
  typed: Partial<Record<MarketField, string>>
  errors: FieldErrors<MarketField>
}

export interface MarketView extends MarketForm {
  market: { code: string; name: string }
}

export const DAYS = ['thứ Hai', 'thứ Ba', 'thứ Tư', 'thứ Năm', 'thứ Sáu', 'thứ Bảy', 'Chủ nhật']
const WORDS = ['sạp', 'lô', 'quầy', 'ki-ốt']

export const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`

/** The fields of a market, for adding one and for changing one. */
export const marketFields = ({ typed, errors }: MarketForm): Html => {
  const text = (name: MarketField, label: string, more: Partial<Field> = {}): Html => {
    const error = errors[name]
    return field({
      label,
      name,
      value: typed[name] ?? '',
      ...more,
      ...(error === undefined ? {} : { error }),
    })
  }
  const chosenDays = (typed.market_days ?? '').split(',')
  const words = [...new Set([...WORDS, typed.stall_word || 'sạp'])]
  return html`${text('name', 'Tên chợ', { required: true, hint: 'Ví dụ: Chợ Phù Cát' })}
    ${text('day_starts_at', 'Ngày bán bắt đầu lúc', {
      hint: 'Giờ và phút. Chợ ngày để 00:00; chợ đêm họp từ 15:00 đến sáng thì ghi 15:00, bán tới 2 giờ sáng vẫn là một ngày.',
      value: typed.day_starts_at ?? '00:00',
    })}
    <fieldset class="choices day-choices">
      <legend>Ngày họp chợ</legend>
      <p class="hint">Họp hằng ngày thì để trống.</p>
      ${DAYS.map(
        (day, index) =>
          html`<label class="choice"
            ><input
              type="checkbox"
              name="market_days"
              value="${index + 1}"
              ${chosenDays.includes(String(index + 1)) ? 'checked' : ''}
            /><span>${day}</span></label
          >`,
      )}
      ${errors.market_days && html`<p class="error">${errors.market_days}</p>`}
    </fieldset>
    ${choices(
      'Trong chợ gọi một chỗ bán là',
      'stall_word',
      typed.stall_word || 'sạp',
      words.map((word) => ({ value: word, words: word })),
    )}
    ${errors.stall_word && html`<p class="error">${errors.stall_word}</p>`}`
}

/** «Sửa chợ»: corrects what a market says of itself. */
export const marketPage = (frame: Frame, { market, ...form }: MarketView): Html =>
  layout(
    {
      ...frame,
      title: `Sửa ${market.name}`,
      kind: 'office',
      header: pageHeader({
        title: `Sửa ${market.name}`,
        place: 'Chợ 4.0',
        back: { url: '/operator', words: 'Vận hành' },
      }),
    },
    html`${notice(
        'plain',
        'Ngày bán đã qua giữ nguyên: đổi giờ bắt đầu chỉ tính cho khoản tiền báo về từ lúc lưu. Địa chỉ trang của chợ cũng không đổi.',
      )}
      <form class="long-form" action="/operator/markets/${market.code}" method="post">
        ${marketFields(form)}
        <button class="primary wide">Lưu</button>
      </form>`,
  )
