/** Figures that end in `30d` are of this many days, up to and with the day they stand at. */
export const WINDOW_DAYS = 30

/** What changes in the window that ends on a day: somebody is in it or no more, on two days of it or no more. */
export interface WindowChange {
  /** 1, 0 or −1. */
  present: number
  /** 1, 0 or −1. */
  repeats: number
}

/**
 * Somebody was there on the days `before`, and as we know now on the days `after`: what that changes in each trailing
 * window it touches, by the window's last day. Days are whole numbers; all days that are less than a window away
 * from a changed one must be given. A window in which nothing changes is not among them.
 */
export function windowChanges(
  before: ReadonlySet<number>,
  after: ReadonlySet<number>,
): Map<number, WindowChange> {
  const ends = new Set<number>()
  for (const day of [...before, ...after]) {
    if (before.has(day) && after.has(day)) continue
    for (let end = day; end < day + WINDOW_DAYS; end += 1) ends.add(end)
  }
  const changes = new Map<number, WindowChange>()
  for (const end of ends) {
    const was = daysInWindow(before, end)
    const is = daysInWindow(after, end)
    const present = Number(is > 0) - Number(was > 0)
    const repeats = Number(is > 1) - Number(was > 1)
    if (present !== 0 || repeats !== 0) changes.set(end, { present, repeats })
  }
  return changes
}

function daysInWindow(days: ReadonlySet<number>, end: number): number {
  let count = 0
  for (const day of days) if (day > end - WINDOW_DAYS && day <= end) count += 1
  return count
}
