import type { Unit } from './unit.ts'

/** Drives a unit to its end on a synchronous engine. */
export function drive<T>(unit: Unit<T>): T {
  let step = unit.next([])
  while (!step.done) {
    const { kind, builder } = step.value
    if (kind === 'rows') {
      step = unit.next(builder.all())
    } else {
      builder.run()
      step = unit.next([])
    }
  }
  return step.value
}
