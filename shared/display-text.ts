const PLAIN = /^[\x20-\x7E]*$/

/**
 * Vietnamese without its marks, case kept: `Nguyễn Thị Đào` → `Nguyen Thi Dao`. Any text in; other scripts'
 * letters stay, their combining marks go.
 */
export function stripMarks(text: string): string {
  // Most memos are plain letters, and are looked at several times each.
  if (PLAIN.test(text)) return text
  // Loose marks go first: Unicode sorts a run of them, and ten thousand in the wrong order take it 50 ms.
  return text
    .replace(/\p{M}+/gu, '')
    .normalize('NFD')
    .replace(/\p{M}+/gu, '')
    .replaceAll('đ', 'd')
    .replaceAll('Đ', 'D')
}

/** Text as people compare it, whatever marks and capitals were typed: `Sạp A1` and `sap a1` are one. Never for showing. */
export function fold(text: string): string {
  return stripMarks(text).toLowerCase()
}

/**
 * What is left of a remittance text when everything a bank on the way may change is taken out: letters and digits
 * only, upper-case, without marks. `Nap tiền-84 c|T tu` → `NAPTIEN84CTTU`. For comparing, never for showing.
 */
export function squash(text: string): string {
  return stripMarks(text)
    .replace(/[^A-Za-z0-9]+/g, '')
    .toUpperCase()
}

/**
 * Text every store and every browser takes: U+0000 (PostgreSQL refuses it) and lone surrogates become U+FFFD.
 * Same length as what came in.
 */
export function wellFormed(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD')
}

const PILED_MARKS = /(\p{M}{2})\p{M}+/gu

/**
 * A stranger's text as one harmless line of at most `maxLength` UTF-16 units, `…` included where it was cut; may
 * be empty. Control characters and line breaks become spaces; direction marks, zero-width and other invisible
 * characters go; no letter carries more than two loose marks, so none climbs into the line above. It is still
 * data: the page escapes it.
 */
export function displayText(text: string, maxLength = 140): string {
  const line = wellFormed(text)
    .replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]+/gu, '')
    .replace(PILED_MARKS, '$1')
    .normalize('NFC')
    // Some characters came apart into marks only now.
    .replace(PILED_MARKS, '$1')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
  if (line.length <= maxLength) return line
  const kept = line.slice(0, Math.max(0, maxLength - 1))
  // A character of two units is not cut in half.
  return `${kept.replace(/[\uD800-\uDBFF]$/, '').trimEnd()}…`
}

/**
 * A holder's name as bank apps show it: `Nguyễn Thị Đào` → `NGUYEN THI DAO`. Capitals, digits, single spaces and
 * `& . , ( ) / ' -`; anything else becomes a space. May be empty.
 */
export function bankName(text: string): string {
  return stripMarks(text)
    .toUpperCase()
    .replace(/[^A-Z0-9&.,()/'-]+/g, ' ')
    .trim()
}
