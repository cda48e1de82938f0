import { html } from 'hono/html'
import { field } from './field.ts'
import { layout } from './layout.ts'
import type { Frame, Html } from './layout.ts'

export interface WelcomeView {
  /** What was typed, and why it led nowhere. */
  code?: string
  error?: string
}

export const welcomePage = (frame: Frame, view: WelcomeView = {}): Html =>
  layout(
    { ...frame, title: 'Chợ không tiền mặt' },
    html`<section class="lone">
      <p class="place">Chợ 4.0</p>
      <h1>Mỗi sạp một mã. Khách chuyển khoản, loa đọc số tiền.</h1>
      <p class="lead">Tiền vào thẳng tài khoản của người bán. Chợ 4.0 chỉ nghe ngân hàng báo rồi đọc lên.</p>
      <form class="card" action="/s" method="get">
        ${field({
          label: 'Mã sạp',
          name: 'code',
          value: view.code ?? '',
          hint: 'Ghi ở góc dưới tấm mã dán tại sạp.',
          required: true,
          ...(view.error === undefined ? {} : { error: view.error }),
        })}
        <button class="primary wide">Xem mã của sạp</button>
      </form>
      <h2>Vào trang của mình</h2>
      <p>
        Tiểu thương, ban quản lý chợ và người vận hành vào bằng đường dẫn riêng được gửi cho từng người, mở
        một lần là vào luôn. Mất đường dẫn hoặc đổi điện thoại thì xin đường dẫn mới:
      </p>
      <dl class="pairs">
        <div>
          <dt>Tiểu thương</dt>
          <dd>hỏi ban quản lý chợ</dd>
        </div>
        <div>
          <dt>Ban quản lý chợ</dt>
          <dd>hỏi người vận hành</dd>
        </div>
        <div>
          <dt>Người vận hành</dt>
          <dd>chạy <code>npm run invite</code> trên máy chủ</dd>
        </div>
      </dl>
    </section>`,
  )
