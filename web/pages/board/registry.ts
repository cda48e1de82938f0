import { html } from 'hono/html'
import { icon } from '../../icons/icon.ts'
import { field } from '../field.ts'
import { HINDRANCES, type Hindrance } from '../hindrance-words.ts'
import { layout } from '../layout.ts'
import { notice } from '../notice.ts'
import { pageHeader } from '../page-header.ts'
import { stallTitle } from '../stall.ts'
import { table } from '../table.ts'
import { wrongCodes, type WrongCode } from './wrong-codes.ts'
import { when } from '../operator/when.ts'
import type { Frame, Html } from '../layout.ts'

export interface RegistryAccount {
  bankShortName: string
  accountNumber: string
  virtualAccount: string | null
  holderName: string
  state: 'proposed' | 'proven' | 'active' | 'retired'
  /** A proposal beside an account that is in use. */
  isChange: boolean
  hindrance: Hindrance | null
}

export interface RegistryStall {
  name: string
  code: string
  /** Epoch milliseconds; null while it sells. */
  closedAt: number | null
  vendor: { name: string; phone: string } | undefined
  hasConsented: boolean
  accounts: readonly RegistryAccount[]
}

export type Changed = 'stall' | 'section' | 'vendor' | 'phone' | 'account' | 'consent'

export interface RegistryView {
  market: { code: string; name: string; stallWord: string }
  counts: { stalls: number; consented: number; inUse: number }
  sections: readonly { name: string; stalls: readonly RegistryStall[] }[]
  closed: readonly RegistryStall[]
  /** What was searched for; empty shows all. */
  search: string
  /** How many more there are than are shown. */
  hiddenCount: number
  /** Codes that shoppers say are not the stall's, newest first. */
  incidents: readonly WrongCode[]
  cardLinks: readonly { url: string; words: string }[]
  saved?: { stall: RegistryStall; changed: readonly Changed[] }
  back?: { url: string; words: string }
}

const STATES: Record<RegistryAccount['state'], string> = {
  proposed: 'đề xuất, chờ khách chuyển lần đầu',
  proven: 'đã có khách chuyển',
  active: 'đang dùng',
  retired: 'đã thôi dùng',
}

const CHANGES: Record<Changed, string> = {
  stall: 'thêm mới',
  section: 'đổi dãy',
  vendor: 'đổi người bán',
  phone: 'đổi số điện thoại',
  account: 'đề xuất tài khoản',
  consent: 'ghi nhận đồng ý',
}

const accountLines = (account: RegistryAccount): Html =>
  html`<div class="account-lines">
    ${account.isChange && html`<p class="mark">Đề nghị đổi sang</p>`}
    <p>${account.bankShortName} · <b class="reference">${account.accountNumber}</b></p>
    ${account.virtualAccount && html`<p>tài khoản ảo <b class="reference">${account.virtualAccount}</b></p>`}
    <p>${account.holderName}</p>
    <p class="${account.state === 'active' ? 'in-use' : 'quiet'}">${STATES[account.state]}</p>
    ${account.hindrance && html`<p class="hindrance">${icon('warning')}${HINDRANCES[account.hindrance].words}</p>`}
  </div>`

const stallRow = (marketCode: string, stall: RegistryStall): (string | Html)[] => [
  html`<b>${stall.name}</b>`,
  stall.vendor
    ? html`<div>
        <p>${stall.vendor.name}</p>
        ${stall.vendor.phone && html`<p class="quiet reference">${stall.vendor.phone}</p>`}
        <p class="${stall.hasConsented ? 'quiet' : ''}">
          ${stall.hasConsented ? 'đã đồng ý' : html`<span class="mark">chưa đồng ý</span>`}
        </p>
      </div>`
    : html`<span class="quiet">chưa có</span>`,
  stall.accounts.length > 0
    ? html`<div class="accounts">${stall.accounts.map(accountLines)}</div>`
    : html`<span class="quiet">chưa có</span>`,
  stall.closedAt === null ? stallActions(marketCode, stall) : `đóng lúc ${when(stall.closedAt)}`,
]

const stallActions = (marketCode: string, stall: RegistryStall): Html =>
  html`<div class="row-actions">
    <a href="/s/${stall.code}">Trang sạp</a>
    ${stall.accounts.length > 0 && html`<a href="/board/${marketCode}/cards?stall=${stall.code}">In thẻ</a>`}
    <a href="/board/${marketCode}/stalls/new?stall=${stall.code}">Sửa</a>
    ${
      stall.vendor &&
      html`<form action="/board/${marketCode}/stalls/${stall.code}/sign-in-code" method="post">
        <button>Cấp mã đăng nhập</button>
      </form>`
    }
  </div>`

const savedNotice = (stallWord: string, { stall, changed }: NonNullable<RegistryView['saved']>): Html => {
  const hindrance = stall.closedAt === null && stall.accounts.find((account) => account.hindrance)?.hindrance
  // A new stall's vendor replaces nobody.
  const told = changed.filter((one) => one !== 'vendor' || !changed.includes('stall'))
  const words =
    stall.closedAt !== null
      ? `Đã đóng ${stallWord} ${stall.name}. Tiền còn vào thì người vận hành xem.`
      : changed.length === 0
        ? `${stallTitle({ stall: stall.name, stallWord })}: không có gì khác trước.`
        : `Đã lưu ${stallWord} ${stall.name}: ${told.map((one) => CHANGES[one]).join(', ')}.`
  return html`${notice('good', words)}
  ${
    hindrance &&
    notice(
      'warn',
      html`<p><b>${HINDRANCES[hindrance].words}</b></p>
        <p>${HINDRANCES[hindrance].remedy}</p>`,
    )
  }`
}

const stallTable = (
  { code, stallWord }: RegistryView['market'],
  caption: string,
  stalls: readonly RegistryStall[],
): Html =>
  table({
    caption,
    columns: [
      { label: stallWord },
      { label: 'người bán' },
      { label: 'tài khoản nhận tiền' },
      { label: 'việc' },
    ],
    rows: stalls.map((stall) => stallRow(code, stall)),
  })

/** The registry of one market. Never any money. */
export const registryPage = (frame: Frame, view: RegistryView): Html => {
  const { market, counts, sections, search } = view
  const { stallWord } = market
  const home = `/board/${market.code}`
  return layout(
    {
      ...frame,
      title: `Danh sách ${stallWord} · ${market.name}`,
      kind: 'office registry',
      header: pageHeader({
        title: `Danh sách ${stallWord}`,
        place: market.name,
        ...(view.back ? { back: view.back } : {}),
      }),
    },
    html`<p class="lead">
        ${counts.stalls} ${stallWord} · ${counts.consented} đã đồng ý · ${counts.inUse} tài khoản đang dùng
      </p>
      ${view.saved && savedNotice(stallWord, view.saved)}
      ${view.incidents.length > 0 && wrongCodes(view.incidents)}
      <div class="actions">
        <a class="button primary" href="${home}/stalls/new">Thêm ${stallWord}</a>
        <a class="button" href="${home}/invitation">Mời tiểu thương mới</a>
        <a class="button" href="${home}/adoption">Chợ dùng đến đâu</a>
        ${sections.length > 0 && html`<a class="button" href="${home}/speakers">Loa dãy</a>`}
        ${view.cardLinks.map(({ url, words }) => html`<a class="button" href="${url}">${words}</a>`)}
        <form action="/leave" method="post"><button class="quiet">Ra khỏi máy này</button></form>
      </div>
      ${
        (counts.stalls > 12 || search !== '') &&
        html`<form class="search" action="${home}" method="get">
          ${field({ label: `Tìm ${stallWord} hoặc người bán`, name: 'q', type: 'search', value: search })}
          <button>Tìm</button>
          ${search !== '' && html`<a href="${home}">Xem tất cả</a>`}
        </form>`
      }
      ${
        sections.length + view.closed.length === 0 &&
        html`<p class="empty">
          ${
            search === ''
              ? `Chưa có ${stallWord} nào. Bấm «Thêm ${stallWord}» để ghi ${stallWord} đầu tiên.`
              : `Không thấy ${stallWord} hay người bán nào như vậy.`
          }
        </p>`
      }
      ${sections.map(({ name, stalls }) => stallTable(market, name, stalls))}
      ${view.closed.length > 0 && stallTable(market, 'Đã đóng', view.closed)}
      ${
        view.hiddenCount > 0 &&
        html`<p>Còn ${view.hiddenCount} ${stallWord} nữa chưa hiện: tìm theo tên để thấy.</p>`
      }`,
  )
}
