/** Fields of one template by their two-digit id, as a number: `fields[38]`. */
export type Fields = readonly (string | undefined)[]

/** `overrun`: a length points past the end, or the text stops inside a header. */
type Fault = 'overrun' | 'malformed' | 'duplicate_field'

/** What could be read, and why reading stopped early if it did. */
export interface Reading {
  fields: Fields
  /** The id that was read last. */
  last?: number
  fault?: Fault
}

const NOTHING: Reading = { fields: [] }

/** Returns one field: id, two-digit length, value. The value must be ASCII of at most 99 characters. */
export function writeField(id: string, value: string): string {
  return id + (value.length < 10 ? '0' : '') + value.length + value
}

/**
 * Reads one level of `id(2) length(2) value` fields (EMVCo MPM) up to the first fault; never throws.
 *
 * Length counts characters: EMVCo's own Chinese example counts neither bytes nor, for an emoji, UTF-16 units.
 */
export function readFields(text: string): Reading {
  if (text === '') return NOTHING
  // An array, and headers read digit by digit: a Map and regular expressions took three times as long.
  const fields: (string | undefined)[] = []
  // Only text beyond the basic plane needs the slow cut by code point.
  const isPlain = !/[\ud800-\udfff]/.test(text)
  if (!isPlain && /\p{Surrogate}/u.test(text)) return { fields, fault: 'malformed' }
  const points = isPlain ? undefined : Array.from(text)
  // One unit a character.
  const shape = points ? text.replace(/[\ud800-\udbff][\udc00-\udfff]/g, '\ufffd') : text
  const cut = (from: number, to: number) => (points ? points.slice(from, to).join('') : text.slice(from, to))

  let last = -1
  for (let at = 0; at < shape.length;) {
    let header = 0
    for (let i = at; i < at + 4 && i < shape.length; i += 1) {
      const digit = shape.charCodeAt(i) - 48
      if (digit < 0 || digit > 9) return { fields, last, fault: 'malformed' }
      header = header * 10 + digit
    }
    const next = at + 4 + (header % 100)
    if (next > shape.length) return { fields, last, fault: 'overrun' }
    const id = Math.floor(header / 100)
    if (fields[id] !== undefined) return { fields, last, fault: 'duplicate_field' }
    fields[id] = cut(at + 4, next)
    last = id
    at = next
  }
  return { fields, last }
}
