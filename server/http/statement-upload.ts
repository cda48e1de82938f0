import type { Context } from 'hono'
import type { Env } from './door.ts'

/** Their bodies are as long as a file, and are counted by `readUpload`, after their door. */
export const UPLOAD_PATH = /^\/(operator\/statements\/[^/]+\/upload|vendor\/[^/]+\/statement)$/
/** What a form's own lines take around the file. */
const FORM_BYTES = 4 * 1024

/** The statement file of a form, of at most so many bytes; or why there is none, in words. */
export async function readUpload(
  c: Context<Env>,
  maxBytes: number,
): Promise<File | { problem: string; status: 400 | 413 }> {
  // A browser says how long its form is; whoever does not is not read at all.
  const length = c.req.header('content-length') ?? ''
  if (!/^\d{1,8}$/.test(length) || Number(length) > maxBytes + FORM_BYTES) {
    const megabytes = maxBytes / 1024 / 1024
    return { problem: `Tệp lớn hơn ${megabytes} MB. Chia theo từng tháng rồi gửi lại.`, status: 413 }
  }
  const { file } = await c.req.parseBody()
  if (!(file instanceof File) || file.size === 0) return { problem: 'Chọn một tệp sao kê.', status: 400 }
  return file
}
