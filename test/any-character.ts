import * as fc from 'fast-check'

/** Any character of Unicode, the unit of any text; fast-check's own «binary» is the same and takes a second to make. */
export const anyCharacter = fc
  .integer({ min: 0, max: 0x10ffff })
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code))
