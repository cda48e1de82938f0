import { html } from 'hono/html'
import type { Html } from './layout.ts'

export interface Field {
  label: string
  name: string
  value?: string
  type?: 'text' | 'tel' | 'number' | 'date' | 'file' | 'search'
  inputMode?: 'text' | 'numeric' | 'tel'
  hint?: string
  /** What is wrong and what to do about it; shown under the input and read with it. */
  error?: string
  /** Of a file. */
  accept?: string
  required?: boolean
  autocomplete?: string
  /** What the phone's keyboard puts in capitals by itself. */
  autocapitalize?: 'words' | 'characters'
}

/** A label, its input, what to write there, and what was wrong with what was written. */
export const field = (f: Field): Html => {
  const about = [f.hint && `${f.name}-hint`, f.error && `${f.name}-error`].filter(Boolean).join(' ')
  return html`<div class="field">
    <label for="${f.name}">${f.label}</label>
    ${f.hint && html`<p class="hint" id="${f.name}-hint">${f.hint}</p>`}
    <input
      id="${f.name}"
      name="${f.name}"
      type="${f.type ?? 'text'}"
      value="${f.value ?? ''}"
      inputmode="${f.inputMode ?? 'text'}"
      autocomplete="${f.autocomplete ?? 'off'}"
      ${f.autocapitalize ? html`autocapitalize="${f.autocapitalize}"` : ''}
      aria-describedby="${about}"
      aria-invalid="${f.error ? 'true' : 'false'}"
      ${f.accept && html`accept="${f.accept}"`}
      ${f.required ? 'required' : ''}
    />
    ${f.error && html`<p class="error" id="${f.name}-error">${f.error}</p>`}
  </div>`
}

export interface Choice {
  value: string
  words: string
  hint?: string
}

/** A question with one answer: large rows to tap, nothing to unfold. */
export const choices = (question: string, name: string, chosen: string, answers: readonly Choice[]): Html =>
  html`<fieldset class="choices">
    <legend>${question}</legend>
    ${answers.map(
      ({ value, words, hint }) =>
        html`<label class="choice"
          ><input type="radio" name="${name}" value="${value}" ${value === chosen ? 'checked' : ''} /><span
            >${words} ${hint && html`<small>${hint}</small>`}</span
          ></label
        >`,
    )}
  </fieldset>`
