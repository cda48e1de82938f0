import { html } from 'hono/html'
import { vietnamDate } from '../../../shared/business-day.ts'
import { layout } from '../layout.ts'
import { notice } from '../notice.ts'
import { pageHeader } from '../page-header.ts'
import { table } from '../table.ts'
import type { Frame, Html } from '../layout.ts'

type Step = 'held' | 'printed' | 'everPaid' | 'active30d' | 'regular'
type Counts = Record<Step | 'agreed', number>
type Withheld = 'fewer_than_10_stalls' | 'protects_another'

export interface Recomputed {
  figures: number
  /** Where the counted figure and the ledger do not agree; `place` null is the whole market. */
  differences: readonly { place: string | null; step: Step; counted: number; ledger: number }[]
}

export interface AdoptionView {
  market: { code: string; name: string; stallWord: string }
  /** The last day counted. */
  day: string
  question: { activeFrom: string; regularFrom: string; regularDays: number; regularReceipts: number }
  adoption: {
    operating: number
    leftOut: number
    counts: Counts | null
    sections: readonly {
      section: string
      operating: number
      counts: Counts | null
      withheld: Withheld | null
    }[]
  }
  /** Thirty days earlier. */
  activeBefore: number | null
  trend: readonly { day: string; operating: number; active: number | null }[]
  /** Only of vendors who agreed that the board may know. */
  silent: readonly {
    section: string
    name: string
    code: string
    vendor: string
    phone: string
    hadReceived: boolean
  }[]
  definitions: readonly {
    id: string
    name: string
    numerator: string
    denominator: string
    window: string
  }[]
  definitionsVersion: string
  /** Whether that day's figures are at `/data/…`. */
  isPublished: boolean
  recomputed?: Recomputed
  back?: { url: string; words: string }
}

const STEPS: readonly { step: Step; words: string }[] = [
  { step: 'held', words: 'Có tên' },
  { step: 'printed', words: 'Đã dán mã' },
  { step: 'everPaid', words: 'Khách chuyển lần đầu' },
  { step: 'active30d', words: 'Còn dùng (30 ngày)' },
  { step: 'regular', words: 'Dùng thường xuyên' },
]
const WORDS = new Map(STEPS.map(({ step, words }) => [step, words]))

const WITHHELD: Record<Withheld, string> = {
  fewer_than_10_stalls: 'dưới 10 sạp: không nêu',
  protects_another: 'không nêu, để giữ kín dãy nhỏ',
}

/** A longer list is no list to walk through. */
const MAX_VISITS = 200

const changeWords = (now: number, before: number): string =>
  now === before ? 'không đổi' : now > before ? `tăng ${now - before}` : `giảm ${before - now}`

const percent = (part: number, whole: number): string =>
  whole === 0 ? '' : `${Math.round((100 * part) / whole)}%`

const headline = ({ market, adoption, activeBefore, day }: AdoptionView): Html => {
  const { operating, counts } = adoption
  const { stallWord } = market
  if (operating === 0)
    return html`<p class="headline">Đến hết ngày ${vietnamDate(day)} chưa có ${stallWord} nào đang bán.</p>
      <p>Thêm ${stallWord} hôm nay thì ngày mai có số liệu.</p>
      <p><a class="button primary" href="/board/${market.code}/stalls/new">Thêm ${stallWord}</a></p>`
  const until = html`<p class="quiet">Số liệu đến hết ngày ${vietnamDate(day)}, không tính hôm nay.</p>`
  if (!counts)
    return html`<p class="headline">${operating} ${stallWord} đang bán.</p>
      <p>
        Chợ dưới 10 ${stallWord} thì không nêu bao nhiêu ${stallWord} có khách chuyển khoản: nêu ra là biết
        từng ${stallWord}. Danh sách cần ghé thăm vẫn ở dưới.
      </p>
      ${until}`
  return html`<p class="headline">
      <b>${counts.active30d}</b> trong ${operating} ${stallWord} đang bán có khách chuyển khoản trong 30
      ngày${activeBefore === null ? '.' : `, ${changeWords(counts.active30d, activeBefore)}.`}
    </p>
    ${activeBefore !== null && html`<p class="quiet">So với 30 ngày liền trước (${activeBefore} ${stallWord}).</p>`}
    ${until}`
}

const bar = (part: number, whole: number): Html =>
  html`<svg class="step-bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
    <rect class="track" width="100" height="10" />
    <rect class="fill" width="${whole === 0 ? 0 : (100 * part) / whole}" height="10" />
  </svg>`

const definitionOf = (view: AdoptionView, id: string, figure: string): Html | '' => {
  const found = view.definitions.find((one) => one.id === id)
  if (!found) return ''
  return html`<dl class="pairs">
    <div>
      <dt>Con số</dt>
      <dd>${figure}</dd>
    </div>
    <div>
      <dt>Đếm</dt>
      <dd>${found.numerator}</dd>
    </div>
    <div>
      <dt>Trong số</dt>
      <dd>${found.denominator}</dd>
    </div>
    <div>
      <dt>Khoảng ngày</dt>
      <dd>${found.window}</dd>
    </div>
    <div>
      <dt>Bản định nghĩa</dt>
      <dd><a href="/data/definitions.json">${view.definitionsVersion}</a></dd>
    </div>
  </dl>`
}

const windowOf = ({ question, day }: AdoptionView, step: Step): string => {
  const until = vietnamDate(day)
  if (step === 'active30d') return `, từ ${vietnamDate(question.activeFrom)} đến ${until}`
  if (step === 'regular')
    return `, từ ${vietnamDate(question.regularFrom)} đến ${until}: từ ${question.regularReceipts} khoản, trên ${question.regularDays} ngày chợ`
  return `, đến hết ${until}`
}

const ladder = (view: AdoptionView, counts: Counts): Html => {
  const { operating } = view.adoption
  const { stallWord } = view.market
  return html`<section>
    <h2>Từng bậc, trong ${operating} ${stallWord} đang bán</h2>
    <ol class="ladder">
      ${STEPS.map(
        ({ step, words }) =>
          html`<li>
            <details>
              <summary>
                <span class="step-words">${words}</span>
                <span class="step-count"
                  ><b>${counts[step]}</b> <span class="quiet">${percent(counts[step], operating)}</span></span
                >
                ${bar(counts[step], operating)}
              </summary>
              ${definitionOf(
                view,
                step,
                `${counts[step]} trong ${operating} ${stallWord}${windowOf(view, step)}`,
              )}
            </details>
          </li>`,
      )}
    </ol>
    <details>
      <summary>${counts.agreed} ${stallWord} được tính: người bán đã đồng ý</summary>
      ${definitionOf(view, 'agreed', `${counts.agreed} trong ${operating} ${stallWord}`)}
    </details>
    <details>
      <summary>${operating} ${stallWord} đang bán là những ${stallWord} nào</summary>
      ${definitionOf(view, 'operating', `${operating} ${stallWord}`)}
    </details>
    ${
      view.adoption.leftOut > 0 &&
      notice(
        'plain',
        `${view.adoption.leftOut} ${stallWord} chưa được tính: người bán đồng ý theo lời cũ. Mời nghe lời mới rồi đồng ý lại.`,
      )
    }
  </section>`
}

const CHART = { width: 320, height: 168, top: 24, floor: 144 }

const trendChart = ({ trend, market }: AdoptionView): Html | '' => {
  const shown = trend.flatMap(({ active }) => (active === null ? [] : [active]))
  if (shown.length === 0) return ''
  const top = Math.max(1, ...trend.map(({ operating, active }) => (active === null ? 0 : operating)))
  const slot = CHART.width / trend.length
  const y = (value: number) => CHART.floor - ((CHART.floor - CHART.top) * value) / top
  return html`<section>
    <h2>Tám tuần qua</h2>
    <svg class="trend" viewBox="0 0 ${CHART.width} ${CHART.height}" aria-hidden="true">
      ${trend.map(({ day, operating, active }, index) => {
        const x = index * slot
        const height = CHART.floor - y(active ?? 0)
        return html`${active !== null && html`<rect class="track" x="${x + 5}" y="${y(operating)}" width="${slot - 10}" height="${CHART.floor - y(operating)}" />`}
          <rect
            class="fill"
            x="${x + 5}"
            y="${CHART.floor - height}"
            width="${slot - 10}"
            height="${height}"
          />
          <text x="${x + slot / 2}" y="${y(active ?? 0) - 6}">${active ?? '–'}</text>
          <text class="quiet" x="${x + slot / 2}" y="${CHART.floor + 18}">${vietnamDate(day)}</text>`
      })}
    </svg>
    <p class="quiet">
      Mỗi cột: ${market.stallWord} còn dùng, trên nền là ${market.stallWord} đang bán ngày ấy.
    </p>
    <details>
      <summary>Bảng số của tám tuần</summary>
      ${table({
        caption: `${market.stallWord} có khách chuyển khoản trong 30 ngày`,
        columns: [
          { label: 'đến hết ngày' },
          { label: 'còn dùng', numeric: true },
          { label: 'đang bán', numeric: true },
        ],
        rows: trend.map(({ day, operating, active }) => [
          vietnamDate(day),
          active ?? (operating === 0 ? 'chưa có sạp nào' : 'không nêu'),
          operating,
        ]),
      })}
    </details>
  </section>`
}

const sectionTable = ({ adoption }: AdoptionView): Html =>
  table({
    caption: 'Theo dãy',
    columns: [
      { label: 'dãy' },
      { label: 'đang bán', numeric: true },
      { label: 'đã dán mã', numeric: true },
      { label: 'còn dùng', numeric: true },
      { label: 'thường xuyên', numeric: true },
    ],
    rows: adoption.sections.map(({ section, operating, counts, withheld }) =>
      counts
        ? [
            section,
            operating,
            counts.printed,
            html`<span
              >${counts.active30d} <span class="quiet">${percent(counts.active30d, operating)}</span></span
            >`,
            counts.regular,
          ]
        : [section, operating, '–', html`<span class="quiet">${WITHHELD[withheld!]}</span>`, '–'],
    ),
  })

type Silent = AdoptionView['silent'][number]

const visitList = (heading: string, stalls: readonly Silent[]): Html | '' =>
  stalls.length === 0
    ? ''
    : html`<h3>${heading}: ${stalls.length}</h3>
        <ul class="visits">
          ${stalls.slice(0, MAX_VISITS).map(
            (one) =>
              html`<li>
                <p><a href="/s/${one.code}">${one.name}</a> <span class="quiet">${one.section}</span></p>
                <p>
                  ${one.vendor}
                  ${one.phone && html`<a class="reference" href="tel:${one.phone}">${one.phone}</a>`}
                </p>
              </li>`,
          )}
        </ul>
        ${stalls.length > MAX_VISITS && html`<p>Còn ${stalls.length - MAX_VISITS} nữa.</p>`}`

const visits = ({ silent, market }: AdoptionView): Html =>
  html`<section>
    <h2>Nên ghé thăm${silent.length > 0 && `: ${silent.length} ${market.stallWord}`}</h2>
    <p class="quiet">
      30 ngày qua chưa có khách chuyển khoản. Chỉ nêu người bán đã đồng ý cho ban quản lý biết: không thấy tên
      ở đây chưa hẳn là đang dùng.
    </p>
    ${silent.length === 0 && html`<p class="empty">Không có ${market.stallWord} nào trong danh sách.</p>`}
    ${visitList(
      'Đã dùng rồi thôi',
      silent.filter((one) => one.hadReceived),
    )}
    ${visitList(
      'Chưa bắt đầu',
      silent.filter((one) => !one.hadReceived),
    )}
  </section>`

const recomputeResult = ({ figures, differences }: Recomputed): Html =>
  differences.length === 0
    ? notice('good', `Đã tính lại từ sổ: ${figures} con số, khớp hết.`)
    : notice(
        'bad',
        html`<p><b>Tính lại từ sổ ra khác ở ${differences.length} trong ${figures} con số.</b></p>
          <ul>
            ${differences.map(
              ({ place, step, counted, ledger }) =>
                html`<li>
                  ${place ?? 'Cả chợ'} · ${WORDS.get(step)}: đang ghi ${counted}, sổ ra ${ledger}
                </li>`,
            )}
          </ul>
          <p>Báo người vận hành chạy <code>npm run audit</code>.</p>`,
      )

/** How many stalls customers really pay by transfer. Sentence first, picture second, table third. */
export const adoptionPage = (frame: Frame, view: AdoptionView): Html => {
  const { market, adoption, day } = view
  const home = `/board/${market.code}`
  return layout(
    {
      ...frame,
      title: `Chuyển khoản ở chợ · ${market.name}`,
      kind: 'office adoption',
      header: pageHeader({
        title: 'Chợ dùng chuyển khoản đến đâu',
        place: market.name,
        ...(view.back ? { back: view.back } : {}),
      }),
    },
    html`<div class="headline-box">${headline(view)}</div>
      ${view.recomputed && recomputeResult(view.recomputed)}
      <div class="actions">
        <a class="button" href="${home}">Danh sách ${market.stallWord}</a>
        <a class="button" href="${home}/adoption?recompute=yes">Tính lại từ sổ</a>
      </div>
      <div class="columns">${adoption.counts && ladder(view, adoption.counts)} ${trendChart(view)}</div>
      ${adoption.operating > 0 && html`<section>${sectionTable(view)}</section>`}
      ${adoption.operating > 0 && visits(view)}
      ${
        view.isPublished &&
        html`<p class="quiet">
          Số liệu công bố ngày ${vietnamDate(day)}, có chữ ký:
          <a href="/data/${market.code}/${day}.csv">bảng tính</a> ·
          <a href="/data/${market.code}/${day}.json">JSON</a> ·
          <a href="/data/${market.code}/${day}.jws">JWS</a>
        </p>`
      }`,
  )
}
