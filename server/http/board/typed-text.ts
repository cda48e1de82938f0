import type { Context } from 'hono'

/** What a person typed into a form's text fields; a file or a missing field is an empty text. */
export async function readTyped<Field extends string>(
  c: Context,
  fields: readonly Field[],
): Promise<Record<Field, string>> {
  const form = await c.req.parseBody()
  const text = (field: Field): string => {
    const value = form[field]
    return typeof value === 'string' ? value : ''
  }
  return Object.fromEntries(fields.map((field) => [field, text(field)])) as Record<Field, string>
}
