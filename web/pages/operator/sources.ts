import { html } from 'hono/html'
import { layout } from '../layout.ts'
import { notice } from '../notice.ts'
import { pageHeader } from '../page-header.ts'
import { table } from '../table.ts'
import { when } from './when.ts'
import type { Frame, Html } from '../layout.ts'

interface SourceSummary {
  id: string
  label: string
  /** In words. */
  kind: string
  mode: string
  lastHeardAt: number | null
  accountCount: number
  /** Of the last day, in seconds: half, and 95 in a hundred, were told within. */
  p50S: number | undefined
  p95S: number | undefined
  /** 0 to 1. */
  foundShare: number | undefined
  undecidedShare: number | undefined
  /** Not over yet; of one bank where it is named, else of the whole source. */
  alarms: readonly { kind: 'silent' | 'late'; bankShortName: string | undefined; since: number }[]
}

const ALARM_WORDS = { silent: 'im lâu hơn thường lệ', late: 'báo chậm hơn thường lệ' } as const

const alarmNotice = (label: string, { kind, bankShortName, since }: SourceSummary['alarms'][number]): Html =>
  notice(
    'warn',
    `${bankShortName === undefined ? label : `${bankShortName} (${label})`} ${ALARM_WORDS[kind]}, từ ${when(since)}.`,
  )

const NOTHING = html`<span aria-hidden="true">–</span><span class="visually-hidden">chưa có gì</span>`
const UNITS = [
  [86_400, 'ngày'],
  [3_600, 'giờ'],
  [60, 'phút'],
  [1, 'giây'],
] as const

const duration = (seconds: number | undefined): string | Html => {
  if (seconds === undefined) return NOTHING
  const [unit, word] = UNITS.find(([size]) => seconds >= size)!
  return `${seconds / unit} ${word}`
}

const percent = (share: number | undefined): string | Html => {
  if (share === undefined) return NOTHING
  const hundredths = share * 100
  return share > 0 && hundredths < 0.1
    ? 'dưới 0,1 %'
    : `${(Math.round(hundredths * 10) / 10).toString().replace('.', ',')} %`
}

export interface SourcesView {
  sources: readonly SourceSummary[]
  /** Every kind that can be added. */
  kinds: readonly { kind: string; name: string }[]
  publicUrl: string
  /** How the operator is told of an alarm elsewhere, and how a trial of it just went. */
  ways: readonly AlarmWay[]
  removed: boolean
}

interface AlarmWay {
  name: 'webhook' | 'mail'
  address: string
  trial: 'told' | 'failed' | undefined
}

const WAY_WORDS = { webhook: 'webhook tới', mail: 'thư tới' } as const

const trialNotice = ({ name, address, trial }: AlarmWay): Html => {
  const way = `${WAY_WORDS[name]} ${address}`
  if (trial === 'told') return notice('good', `Đã gửi thử ${way}. Xem nơi nhận có thấy không.`)
  return notice(
    'warn',
    `Chưa gửi được ${way}. Lý do nằm trong nhật ký máy chủ; xem lại các biến ALARM_… rồi chạy lại máy chủ.`,
  )
}

/** Where alarms go, and a button to see whether they arrive. */
const alarmCard = (ways: readonly AlarmWay[]): Html =>
  html`<section class="card">
    <h2>Báo động</h2>
    ${
      ways.length === 0
        ? html`<p>
            Nguồn, hay một ngân hàng của nó, im lâu hay báo chậm thì chỉ trang này nói. Muốn được báo qua thư
            hay webhook, đặt các biến
            <code>ALARM_…</code> rồi chạy lại máy chủ.
          </p>`
        : html`<p>Nguồn, hay một ngân hàng của nó, im lâu hay báo chậm thì máy chủ gửi:</p>
            <ul>
              ${ways.map(({ name, address }) => html`<li>${WAY_WORDS[name]} ${address}</li>`)}
            </ul>
            <form action="/operator/sources/alarm-trial" method="post"><button>Gửi thử</button></form>`
    }
  </section>`

/** Said before somebody waits for a call that cannot come. */
export const publicUrlNotice = (publicUrl: string, name = 'Các nguồn'): Html =>
  publicUrl.startsWith('https:')
    ? html``
    : notice(
        'warn',
        html`<p><b>${name} chỉ gọi địa chỉ https công khai.</b></p>
          <p>
            Máy chủ này đang ở ${publicUrl}. Đặt <code>PUBLIC_URL=https://…</code> rồi chạy lại thì mới gọi
            tới được.
          </p>`,
      )

/** Who tells us of money. */
export const sourcesPage = (frame: Frame, { sources, kinds, publicUrl, ways, removed }: SourcesView): Html =>
  layout(
    {
      ...frame,
      title: 'Nguồn báo tiền',
      kind: 'office',
      header: pageHeader({
        title: 'Nguồn báo tiền',
        place: 'Chợ 4.0',
        back: { url: '/operator', words: 'Vận hành' },
      }),
    },
    html`${removed && notice('good', 'Đã bỏ nguồn. Từ giờ không nghe nó nữa; những gì nó đã báo vẫn còn trong sổ.')}
      ${ways.filter(({ trial }) => trial !== undefined).map(trialNotice)}
      ${sources.flatMap(({ label, alarms }) => alarms.map((alarm) => alarmNotice(label, alarm)))}
      ${publicUrlNotice(publicUrl)}
      ${table({
        caption: 'Các nguồn',
        columns: [
          { label: 'nguồn' },
          { label: 'loại' },
          { label: 'nghe lần cuối' },
          { label: 'một nửa báo trong', numeric: true },
          { label: '95 % báo trong', numeric: true },
          { label: 'nhờ hỏi lại mới thấy', numeric: true },
          { label: 'chưa rõ của ai', numeric: true },
          { label: 'tài khoản được phép báo', numeric: true },
        ],
        rows: sources.map((source) => [
          html`<a class="row-link" href="/operator/sources/${source.id}">${source.label}</a>`,
          `${source.kind}, ${source.mode}`,
          source.lastHeardAt === null
            ? html`<span class="mark">chưa nghe lần nào</span>`
            : when(source.lastHeardAt),
          duration(source.p50S),
          duration(source.p95S),
          percent(source.foundShare),
          percent(source.undecidedShare),
          source.accountCount,
        ]),
        empty: 'Chưa có nguồn nào: chưa ai báo cho biết tiền về.',
      })}
      ${
        sources.length > 0 &&
        html`<p class="quiet">
          Báo nhanh chậm: 24 giờ qua, từ lúc ngân hàng ghi sổ đến lúc nghe. Chưa rõ của ai: 7 ngày qua, phần
          còn chờ người xem.
        </p>`
      }
      <details class="card" ${sources.length === 0 ? 'open' : ''}>
        <summary>Thêm nguồn</summary>
        <ul class="plain">
          ${kinds.map(
            ({ kind, name }) =>
              html`<li><a class="row-link" href="/operator/sources/add/${kind}">${name}</a></li>`,
          )}
        </ul>
      </details>
      ${alarmCard(ways)}`,
  )
