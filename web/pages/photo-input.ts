import { html } from 'hono/html'
import { icon } from '../icons/icon.ts'
import type { Html } from './layout.ts'

/** Takes a photograph of a code, or one that is on the phone; `web/client/photographed-code.ts` reads it there. */
export const photoInput = (words: string, error?: string): Html =>
  html`<div class="needs-script photo">
    <label class="button wide"
      >${icon('code')}${words}<input
        class="visually-hidden"
        type="file"
        accept="image/*"
        data-photo
        aria-describedby="photo-said"
    /></label>
    <p class="${error ? 'error' : 'quiet'}" id="photo-said" role="status" data-field="photo">
      ${error ?? 'Ảnh không gửi đi đâu: máy này tự đọc.'}
    </p>
  </div>`
