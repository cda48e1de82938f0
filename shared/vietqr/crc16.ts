const POLYNOMIAL = 0x1021
const DIGITS = '0123456789ABCDEF'

/** What a byte leaves of itself in the register. */
const last = /* @__PURE__ */ Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit += 1) crc = (crc << 1) ^ (crc & 0x8000 ? POLYNOMIAL : 0)
  return crc
})
/** The same when another byte follows: two at a time wait half as long for each other. */
const lastButOne = /* @__PURE__ */ last.map((crc) => (crc << 8) ^ last[crc >> 8]!)

/**
 * Takes any text and returns its checksum as 4 upper-case hexadecimal digits; never throws.
 *
 * CRC-16 of ISO/IEC 13239 as EMVCo MPM uses it: polynomial 1021, initial value FFFF, nothing reflected, over the
 * UTF-8 bytes (`123456789` → `29B1`). In a payload it covers everything up to and including `6304`.
 */
export function crc16(text: string): string {
  return crcOfStart(text, text.length)
}

/** The checksum of the first `end` characters. */
export function crcOfStart(text: string, end: number): string {
  const crc = checksum(text, end, 0x7f)
  return hex(crc >> 12) + hex(crc >> 8) + hex(crc >> 4) + hex(crc)
}

/** As a number; characters up to `highestByte` stand for themselves. */
function checksum(text: string, end: number, highestByte: number): number {
  let crc = 0xffff
  let seen = 0
  let at = 0
  for (; at + 1 < end; at += 2) {
    const first = text.charCodeAt(at)
    const second = text.charCodeAt(at + 1)
    seen |= first | second
    crc = lastButOne[(crc >> 8) ^ (first & 0xff)]! ^ last[(crc & 0xff) ^ (second & 0xff)]!
  }
  if (at < end) {
    seen |= text.charCodeAt(at)
    crc = ((crc & 0xff) << 8) ^ last[(crc >> 8) ^ (text.charCodeAt(at) & 0xff)]!
  }
  if (seen <= highestByte) return crc
  const bytes = utf8(text.slice(0, end))
  return checksum(bytes, bytes.length, 0xff)
}

/** A character for each UTF-8 byte. */
const utf8 = (text: string): string =>
  Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('')

const hex = (crc: number): string => DIGITS.charAt(crc & 0xf)
