/** Words broken into lines and given a size. */
export interface Words {
  lines: string[]
  size: number
  lineHeight: number
  height: number
}

/** Room for the marks of two lines between them: Ễ above, ạ below. */
const LEADING = 1.28
/** What is broken into lines is set smaller than what stands alone, so that it does not shout. */
const BROKEN = 0.76
/** Halvings on the way to the most even break: finer than a letter. */
const SEARCH_STEPS = 12

/**
 * Sets words as large as `width` allows, broken evenly where that makes them larger: never cut, never inside a word.
 * More than `lines` lines are taken only where they would otherwise fall below the `smallest` size.
 * `measure` is the width of a text at size 1.
 */
export function setWords(
  text: string,
  measure: (text: string) => number,
  room: { width: number; largest: number; smallest: number; lines: number },
): Words {
  const words = text.normalize('NFC').trim().split(/\s+/)
  const widths = words.map(measure)
  const space = measure(' ')
  let best = setAt(Infinity)
  for (
    let count = 2;
    count <= words.length && (count <= room.lines || best.size < room.smallest);
    count += 1
  ) {
    const broken = setAt(evenWidth(count))
    if (broken.size > best.size) best = broken
  }
  return best

  function setAt(limit: number): Words {
    const lines = breakAt(limit)
    const largest = lines.length > 1 ? room.largest * BROKEN : room.largest
    const size = Math.min(largest, room.width / Math.max(...lines.map((line) => line.width)))
    const lineHeight = size * LEADING
    return { lines: lines.map((line) => line.text), size, lineHeight, height: lines.length * lineHeight }
  }

  /** The least width that takes so many lines. */
  function evenWidth(count: number): number {
    let low = Math.max(...widths)
    let high = breakAt(Infinity)[0]!.width
    for (let step = 0; step < SEARCH_STEPS; step += 1) {
      const middle = (low + high) / 2
      if (breakAt(middle).length <= count) high = middle
      else low = middle
    }
    return high
  }

  function breakAt(limit: number): { text: string; width: number }[] {
    const lines = [{ text: words[0]!, width: widths[0]! }]
    for (let index = 1; index < words.length; index += 1) {
      const line = lines.at(-1)!
      const width = line.width + space + widths[index]!
      if (width > limit) lines.push({ text: words[index]!, width: widths[index]! })
      else Object.assign(line, { text: `${line.text} ${words[index]!}`, width })
    }
    return lines
  }
}
