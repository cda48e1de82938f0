import type { Db } from './store.ts'
import type { Unit } from './unit.ts'

/** Drives a unit to its end on a synchronous engine. */
export function drive<T>(db: Db, unit: Unit<T>): T {
  let step = unit.next([])
  while (!step.done) {
    const statement = step.value
    if (statement.kind === 'run') statement.builder.run()
    step = unit.next(
      statement.kind === 'rows'
        ? statement.builder.all()
        : statement.kind === 'query'
          ? db.all(statement.query)
          : [],
    )
  }
  return step.value
}
