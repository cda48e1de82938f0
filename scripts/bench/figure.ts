/** One named result: the median of its rounds and how far they lie apart, or why there is none. */
export type Figure =
  | { name: string; unit: Unit; median: number; least: number; most: number; told: string }
  | { name: string; notMeasured: string }

/** `×` is a ratio of two sides in the same round; the others are absolute, and noise on a shared machine. */
export type Unit = '×' | 'ms' | '/s' | 'KB' | 's'

/** `samples`: one a round, at least one, all finite, else the run is worth nothing and this throws. */
export function figure(name: string, unit: Unit, samples: readonly number[], told: string): Figure {
  if (samples.length === 0 || !samples.every(Number.isFinite)) {
    throw new Error(`${name} came out as ${samples.join(', ') || 'nothing'}`)
  }
  return {
    name,
    unit,
    told,
    median: median(samples),
    least: Math.min(...samples),
    most: Math.max(...samples),
  }
}

export const notMeasured = (name: string, reason: string): Figure => ({ name, notMeasured: reason })

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5)
}

/** The smallest sample that at least `share` of all do not exceed. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = Float64Array.from(samples).sort()
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

/** The table as it is pasted into docs/performance.md. */
export function table(figures: readonly Figure[]): string {
  const lines = figures.map((one) =>
    'notMeasured' in one
      ? `| ${one.name} | not measured: ${one.notMeasured} | | |`
      : `| ${one.name} | ${short(one.median)} ${one.unit} | ${short(one.least)}–${short(one.most)} | ${one.told} |`,
  )
  return ['| figure | median | min–max | what |', '|---|---|---|---|', ...lines].join('\n')
}

/** What `--json` prints: every name, null where nothing was measured, and beside them why. */
export function json(figures: readonly Figure[]): string {
  const values = figures.map((one) => [one.name, 'notMeasured' in one ? null : Number(short(one.median))])
  const reasons = figures.flatMap((one) => ('notMeasured' in one ? [[one.name, one.notMeasured]] : []))
  return JSON.stringify({ ...Object.fromEntries(values), not_measured: Object.fromEntries(reasons) })
}

const short = (value: number): string =>
  Math.abs(value) >= 1_000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)))
