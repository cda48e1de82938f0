import type { Context } from 'hono'
import { AppError, type AppErrorCode } from '../../shared/app-error.ts'
import { errorPage, type ErrorView } from '../../web/pages/error.ts'
import type { Frame } from '../../web/pages/layout.ts'
import type { Services } from '../services.ts'
import type { Env } from './door.ts'

const STATUS = {
  invalid_input: 400,
  not_signed_in: 401,
  bad_signature: 401,
  not_allowed: 403,
  not_found: 404,
  gone: 410,
  conflict: 409,
  too_large: 413,
  unavailable: 503,
} as const satisfies Record<AppErrorCode, number>

/** Long enough for a commit, short enough that the source's patience outlasts it. */
const RETRY_AFTER_SECONDS = '5'

const HOME = { url: '/', words: 'Về trang đầu' }

/** What a person reads for each; never why in the machine's words. */
const WORDS: Record<AppErrorCode | 'internal', ErrorView> = {
  invalid_input: {
    heading: 'Có chỗ chưa đúng',
    advice: 'Xem lại những gì vừa điền rồi gửi lại.',
    link: HOME,
  },
  not_signed_in: {
    heading: 'Máy này chưa vào được trang này',
    advice: 'Mở đường dẫn đăng nhập được gửi cho mình. Hết hạn thì xin đường dẫn mới.',
    link: HOME,
  },
  bad_signature: { heading: 'Không nhận', advice: 'Trang này chỉ dành cho máy của ngân hàng.', link: HOME },
  not_allowed: {
    heading: 'Chưa gửi được',
    advice: 'Mở lại trang trên chính máy này rồi bấm lại.',
    link: HOME,
  },
  not_found: {
    heading: 'Không có trang này',
    advice: 'Xem lại đường dẫn hoặc mã sạp in ở góc dưới tấm mã.',
    link: HOME,
  },
  gone: {
    heading: 'Mã này đã dùng hoặc hết hạn',
    advice: 'Xin đường dẫn mới: tiểu thương hỏi ban quản lý chợ, ban quản lý hỏi người vận hành.',
    link: HOME,
  },
  conflict: {
    heading: 'Việc này đã có người làm rồi',
    advice: 'Mở lại trang để xem bây giờ thế nào.',
    link: HOME,
  },
  too_large: { heading: 'Gửi nhiều quá', advice: 'Gửi ít hơn rồi thử lại.', link: HOME },
  unavailable: { heading: 'Máy chủ đang bận', advice: 'Đợi một lát rồi thử lại.', link: HOME },
  internal: {
    heading: 'Máy chủ có lỗi',
    advice: 'Thử lại sau ít phút. Vẫn vậy thì đọc mã dưới đây cho người vận hành.',
    link: HOME,
  },
}

/** The one place where an error becomes a status: a page for people, JSON for machines, the cause for the log only. */
export function fail(
  services: Services,
  frame: Frame,
  error: Error,
  c: Context<Env>,
): Response | Promise<Response> {
  const requestId = c.get('requestId')
  const known = error instanceof AppError
  const code = known ? error.code : 'internal'
  const status = known ? STATUS[error.code] : 500
  services.meter.countRefusal(code)
  if (!known) services.log.error({ requestId, err: error }, 'request failed')
  if (status === 503) c.header('retry-after', RETRY_AFTER_SECONDS)
  c.header('cache-control', 'no-store')
  if (!c.req.header('accept')?.includes('text/html')) {
    const message = known ? error.message : 'internal error'
    return c.json({ error: { code, message, requestId } }, status)
  }
  const view = WORDS[code]
  return c.html(errorPage(frame, known ? view : { ...view, requestId }), status)
}
