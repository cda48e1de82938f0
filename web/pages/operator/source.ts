import { html } from 'hono/html'
import { icon } from '../../icons/icon.ts'
import { field } from '../field.ts'
import { layout } from '../layout.ts'
import { notice } from '../notice.ts'
import { pageHeader } from '../page-header.ts'
import { table } from '../table.ts'
import { when } from './when.ts'
import type { Frame, Html } from '../layout.ts'
import type { FieldErrors } from '../problem-words.ts'
import type { SourceKind } from './new-source.ts'

export interface AccountView {
  bankBin: string
  bankShortName: string
  accountNumber: string
}

export interface UnheardAccount extends AccountView {
  /** Whose: «Chợ Phù Cát, sạp A12». */
  holder: string
  isBankHeard: boolean
}

export interface SourceView {
  id: string
  label: string
  source: SourceKind
  /** In words. */
  mode: string
  address: string
  createdAt: number
  lastHeardAt: number | null
  hasAccess: boolean
  /** Whether it can be asked for what no push brought. */
  isAskable: boolean
  backfilledAt: number | null
  /** Who makes the codes of sales; undefined where the source cannot. */
  codes: 'source' | 'phone' | undefined
  accounts: readonly AccountView[]
  /** Accounts of the registries that no source may speak for, as many as are shown. */
  unheard: readonly UnheardAccount[]
  unheardCount: number
  typed: { accounts?: string; confirmation?: string }
  errors: FieldErrors
  /** What is wrong with which line of the accounts. */
  badLines: readonly string[]
  /** How many accounts were just allowed. */
  boundCount: number
  /** What calling its API takes was just given. */
  tokenSaved: boolean
}

/** Lines of accounts that a source may speak for. */
const bindForm = (home: string, { typed, badLines }: Pick<SourceView, 'typed' | 'badLines'>): Html =>
  html`<form action="${home}/bind" method="post">
    <div class="field">
      <label for="accounts">Cho phép thêm tài khoản</label>
      <p class="hint" id="accounts-hint">
        Mỗi dòng một tài khoản: ngân hàng, dấu hai chấm, số. Ví dụ MBBank:0123456789
      </p>
      <textarea
        id="accounts"
        name="accounts"
        rows="4"
        spellcheck="false"
        autocomplete="off"
        required
        aria-describedby="accounts-hint${badLines.length > 0 ? ' accounts-error' : ''}"
        aria-invalid="${badLines.length > 0 ? 'true' : 'false'}"
      >
${typed.accounts ?? ''}</textarea>
      ${
        badLines.length > 0 &&
        html`<ul class="error" id="accounts-error">
          ${badLines.map((words) => html`<li>${words}</li>`)}
        </ul>`
      }
    </div>
    <button>Cho phép</button>
  </form>`

/** The accounts a source may speak for, each with the way to end it. */
const boundTable = (home: string, accounts: readonly AccountView[]): Html =>
  table({
    caption: `Nguồn này được phép báo ${accounts.length} tài khoản`,
    columns: [{ label: 'tài khoản' }, { label: 'việc' }],
    rows: accounts.map(({ bankBin, bankShortName, accountNumber }) => [
      html`<span>${bankShortName} · <b class="reference">${accountNumber}</b></span>`,
      html`<form class="row-actions" action="${home}/unbind" method="post">
        <input type="hidden" name="bankBin" value="${bankBin}" />
        <input type="hidden" name="accountNumber" value="${accountNumber}" />
        <button class="quiet">
          Thôi cho phép<span class="visually-hidden"> ${bankShortName} ${accountNumber}</span>
        </button>
      </form>`,
    ]),
    empty: 'Chưa tài khoản nào: nguồn này báo gì cũng chưa tính.',
  })

/** What every source has: the accounts it may speak for, and one more. */
export const boundAccounts = (
  home: string,
  view: Pick<SourceView, 'accounts' | 'typed' | 'badLines'>,
): Html => html`<section>${boundTable(home, view.accounts)} ${bindForm(home, view)}</section>`

export const boundNotice = (boundCount: number): Html | false =>
  boundCount > 0 && notice('good', `Đã cho phép ${boundCount} tài khoản.`)

/** The end of a source, which takes its name. */
export const removalForm = (
  home: string,
  { label, typed, errors }: Pick<SourceView, 'label' | 'typed' | 'errors'>,
  words: string,
): Html =>
  html`<details class="card" ${errors['confirmation'] ? 'open' : ''}>
    <summary>Bỏ nguồn này</summary>
    <form action="${home}/remove" method="post">
      <p>${words}</p>
      ${field({
        label: 'Gõ lại tên nguồn',
        name: 'confirmation',
        value: typed.confirmation ?? '',
        hint: `Gõ «${label}» để chắc là đúng nguồn cần bỏ.`,
        required: true,
        ...(errors['confirmation'] === undefined ? {} : { error: errors['confirmation'] }),
      })}
      <button class="danger">Bỏ nguồn này</button>
    </form>
  </details>`

/** All that are shown and can be heard, by one tap. */
const bindShown = (home: string, unheard: readonly UnheardAccount[]): Html => {
  const lines = unheard
    .filter((account) => account.isBankHeard)
    .map(({ bankBin, accountNumber }) => `${bankBin}:${accountNumber}`)
  return lines.length < 2
    ? html``
    : html`<form action="${home}/bind" method="post">
        <input type="hidden" name="accounts" value="${lines.join('\n')}" />
        <button>Cho phép cả ${lines.length} tài khoản nghe được</button>
      </form>`
}

const unheardTable = (home: string, { unheard, unheardCount }: SourceView): Html =>
  html`<section>
    ${notice(
      'plain',
      'Chỉ cho phép tài khoản đã nối với đúng nguồn này. Nguồn của người khác mà được phép báo thì họ có thể báo tiền giả.',
    )}
    ${table({
      caption: `${unheardCount} tài khoản của các sạp chưa nguồn nào được phép báo`,
      columns: [{ label: 'tài khoản' }, { label: 'của' }, { label: 'việc' }],
      rows: unheard.map((account) => [
        html`<span
          >${account.bankShortName} ·
          <b class="reference">${account.accountNumber}</b>
          ${
            !account.isBankHeard &&
            html`<span class="hindrance">${icon('warning')}chưa rõ nguồn nào nghe được ngân hàng này</span>`
          }</span
        >`,
        account.holder,
        html`<form class="row-actions" action="${home}/bind" method="post">
          <input type="hidden" name="accounts" value="${account.bankBin}:${account.accountNumber}" />
          <button>
            Cho phép<span class="visually-hidden"> ${account.bankShortName} ${account.accountNumber}</span>
          </button>
        </form>`,
      ]),
    })}
    ${bindShown(home, unheard)}
    ${
      unheardCount > unheard.length &&
      html`<p>Còn ${unheardCount - unheard.length} tài khoản nữa, hiện ra khi các tài khoản trên đã xong.</p>`
    }
  </section>`

/** What calling the source's own API takes: kept, and never said back. */
const accessForm = (home: string, { source, hasAccess, errors }: SourceView, words: string): Html =>
  html`<details class="card" ${source.access.some(({ name }) => errors[name]) ? 'open' : ''}>
    <summary>${hasAccess ? 'Đổi' : 'Thêm'} ${words}</summary>
    <form action="${home}/token" method="post">
      ${source.access.map(({ name, label, hint }) =>
        field({
          name,
          label,
          hint,
          required: true,
          ...(errors[name] === undefined ? {} : { error: errors[name] }),
        }),
      )}
      <button>Lưu</button>
    </form>
  </details>`

/** Who makes the codes of sales: one switch, for whoever is paid into its accounts. */
const codesForm = (home: string, { source, hasAccess, codes }: SourceView, words: string): Html =>
  html`<section>
    <h2>Mã tính tiền</h2>
    <p>
      ${
        codes === 'source'
          ? `${source.name} tạo mã khi bấm «Tính tiền». ${source.name} không trả lời ngay thì điện thoại tự tạo mã như thường.`
          : `Điện thoại của sạp đang tự tạo mã. Để ${source.name} tạo thì ${source.name} báo được tiền trả theo mã đó.`
      }
    </p>
    ${
      hasAccess
        ? html`<form action="${home}/codes" method="post">
            <input type="hidden" name="by" value="${codes === 'source' ? 'phone' : 'source'}" />
            <button>
              ${codes === 'source' ? 'Để điện thoại tự tạo mã' : `Để ${source.name} tạo mã tính tiền`}
            </button>
          </form>`
        : html`<p class="hint">Thêm ${words} trước đã.</p>`
    }
  </section>`

/** One source: is it heard, what may it speak for, its secret. */
export const sourcePage = (frame: Frame, view: SourceView): Html => {
  const { label, errors, source } = view
  const accessWords = source.access.map((one) => one.label).join(', ')
  const home = `/operator/sources/${view.id}`
  return layout(
    {
      ...frame,
      title: label,
      kind: 'office source',
      header: pageHeader({
        title: label,
        place: 'Nguồn báo tiền',
        back: { url: '/operator/sources', words: 'Các nguồn' },
      }),
    },
    html`${boundNotice(view.boundCount)}
      ${view.tokenSaved && notice('good', `Đã lưu ${accessWords}.${view.isAskable ? ' Từ giờ hỏi lại được những khoản bị sót.' : ''}`)}
      <dl class="pairs">
        <div>
          <dt>Loại</dt>
          <dd>${source.name}, ${view.mode}</dd>
        </div>
        <div>
          <dt>Nghe lần cuối</dt>
          <dd>
            ${
              view.lastHeardAt === null
                ? html`<span class="mark">chưa nghe lần nào</span>`
                : when(view.lastHeardAt)
            }
          </dd>
        </div>
        <div>
          <dt>Địa chỉ nhận tin</dt>
          <dd class="one-time-link"><code>${view.address}</code></dd>
        </div>
        <div>
          <dt>Hỏi lại khoản bị sót</dt>
          <dd>
            ${
              !view.isAskable
                ? 'nguồn này không cho hỏi lại'
                : !view.hasAccess
                  ? html`<span class="mark">không có ${accessWords}</span>`
                  : view.backfilledAt === null
                    ? `có ${accessWords}, chưa hỏi lần nào`
                    : `lần cuối ${when(view.backfilledAt)}`
            }
          </dd>
        </div>
        <div>
          <dt>Thêm lúc</dt>
          <dd>${when(view.createdAt)}</dd>
        </div>
      </dl>
      ${view.unheardCount > 0 && unheardTable(home, view)} ${boundAccounts(home, view)}
      ${view.codes && codesForm(home, view, accessWords)}
      ${source.access.length > 0 && accessForm(home, view, accessWords)}
      <details class="card" ${errors['secret'] ? 'open' : ''}>
        <summary>Đổi khoá bí mật</summary>
        <form action="${home}/rotate" method="post">
          <p>Khoá mới hiện ra một lần. Khoá cũ vẫn dùng được thêm một ngày, đủ để đổi ở ${source.console}.</p>
          ${field({
            ...source.secret,
            name: 'secret',
            ...(errors['secret'] === undefined ? {} : { error: errors['secret'] }),
          })}
          <button>Đổi khoá</button>
        </form>
      </details>
      ${removalForm(
        home,
        view,
        'Bỏ rồi thì không nghe nó nữa, tài khoản của nó thành chưa ai báo. Những gì đã báo vẫn còn trong sổ.',
      )}`,
  )
}
