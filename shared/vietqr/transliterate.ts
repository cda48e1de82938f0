/**
 * Takes any text and returns it without Vietnamese marks (`Phở bò Đà Nẵng` → `Pho bo Da Nang`); never throws.
 *
 * Letters of other scripts and emoji are left as they are: the caller decides whether to refuse them.
 */
export function transliterate(text: string): string {
  // Most texts are ASCII already.
  if (!/[^\0-\x7f]/.test(text)) return text
  return text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/đ/g, 'd')
    .replace(/Đ/g, 'D')
}
