import { html } from 'hono/html'
import { layout } from '../layout.ts'
import { notice } from '../notice.ts'
import { pageHeader } from '../page-header.ts'
import type { Frame, Html } from '../layout.ts'

export interface StatementFileView {
  source: { id: string; label: string }
  name: string
  stage: 'in' | 'working' | 'done' | 'refused'
  /** What was said of it at its end. */
  words: readonly string[]
  progress: { rowsDone: number; rowCount: number } | undefined
}

const onItsWay = ({ progress }: StatementFileView): Html => {
  const { rowsDone, rowCount } = progress ?? { rowsDone: 0, rowCount: 1 }
  const percent = Math.floor((rowsDone * 100) / rowCount)
  return html`<p class="lead"><label for="progress">Đang ghi vào sổ: ${percent} %</label></p>
    <progress id="progress" class="wide" max="100" value="${percent}">${percent} %</progress>
    <p class="quiet">Trang này tự xem lại. Đóng trang cũng được: máy chủ vẫn ghi tiếp.</p>`
}

/** How far a statement is, and what became of it. */
export const statementFilePage = (frame: Frame, view: StatementFileView): Html => {
  const { source, name, stage, words } = view
  const list = html`<ul>
    ${words.map((line) => html`<li>${line}</li>`)}
  </ul>`
  return layout(
    {
      ...frame,
      title: 'Ghi sao kê',
      kind: 'office',
      header: pageHeader({
        title: 'Ghi sao kê',
        place: source.label,
        back: { url: `/operator/statements/${source.id}`, words: source.label },
      }),
    },
    html`<p>Tệp ${name}</p>
      ${
        stage === 'done' &&
        notice(
          'good',
          html`<p><b>Đã ghi.</b></p>
            ${list}`,
        )
      }
      ${
        stage === 'refused' &&
        notice(
          'bad',
          html`<p><b>Không nhận tệp này, chưa ghi dòng nào.</b></p>
            ${list}`,
        )
      }
      ${(stage === 'in' || stage === 'working') && onItsWay(view)}
      ${
        stage === 'done' &&
        html`<p>
          Khoản chờ người xem ở «Tiền chưa rõ của ai», vào từ <a href="/operator">trang vận hành</a>.
        </p>`
      }`,
  )
}
