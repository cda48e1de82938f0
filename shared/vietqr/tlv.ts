/** Fields of one template by their two-digit id, in the order they were written. */
export type Fields = ReadonlyMap<string, string>

/** `overrun`: a length points past the end, or the text stops inside a header. */
type Fault = 'overrun' | 'malformed' | 'duplicate_field'

/** What could be read, and why reading stopped early if it did. */
export interface Reading {
  fields: Fields
  fault?: Fault
}

/** Returns one field: id, two-digit length, value. The value must be ASCII of at most 99 characters. */
export function writeField(id: string, value: string): string {
  return id + String(value.length).padStart(2, '0') + value
}

/**
 * Reads one level of `id(2) length(2) value` fields (EMVCo MPM) up to the first fault; never throws.
 *
 * Length counts characters: EMVCo's own Chinese example counts neither bytes nor, for an emoji, UTF-16 units.
 */
export function readFields(text: string): Reading {
  const fields = new Map<string, string>()
  // Only text beyond the basic plane needs the slow cut by code point.
  const points = /[\ud800-\udfff]/.test(text) ? Array.from(text) : undefined
  if (points && /\p{Surrogate}/u.test(text)) return { fields, fault: 'malformed' }

  const end = points ? points.length : text.length
  const cut = (from: number, to: number) => (points ? points.slice(from, to).join('') : text.slice(from, to))

  let at = 0
  while (at < end) {
    const header = cut(at, at + 4)
    if (!/^\d+$/.test(header)) return { fields, fault: 'malformed' }
    if (header.length < 4) return { fields, fault: 'overrun' }
    const id = header.slice(0, 2)
    const next = at + 4 + Number(header.slice(2))
    if (next > end) return { fields, fault: 'overrun' }
    if (fields.has(id)) return { fields, fault: 'duplicate_field' }
    fields.set(id, cut(at + 4, next))
    at = next
  }
  return { fields }
}
