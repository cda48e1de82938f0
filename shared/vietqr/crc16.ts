const POLYNOMIAL = 0x1021

const table = /* @__PURE__ */ Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit += 1) crc = (crc << 1) ^ (crc & 0x8000 ? POLYNOMIAL : 0)
  return crc
})

/**
 * Takes any text and returns its checksum as 4 upper-case hexadecimal digits; never throws.
 *
 * CRC-16 of ISO/IEC 13239 as EMVCo MPM uses it: polynomial 1021, initial value FFFF, nothing reflected, over the
 * UTF-8 bytes (`123456789` → `29B1`). In a payload it covers everything up to and including `6304`.
 */
export function crc16(text: string): string {
  const bytes = new TextEncoder().encode(text)
  let crc = 0xffff
  for (let i = 0; i < bytes.length; i += 1) {
    crc = ((crc << 8) & 0xffff) ^ (table[(crc >> 8) ^ (bytes[i] ?? 0)] ?? 0)
  }
  return crc.toString(16).toUpperCase().padStart(4, '0')
}
