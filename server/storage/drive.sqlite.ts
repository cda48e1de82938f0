import type { Db } from './store.ts'
import type { Statement, Unit } from './unit.ts'

/** Drives a unit to its end on a synchronous engine. */
export function drive<T>(db: Db, unit: Unit<T>): T {
  let step = unit.next([])
  while (!step.done) {
    step = unit.next(answer(db, step.value))
  }
  return step.value
}

function answer(db: Db, statement: Statement): unknown[] {
  switch (statement.kind) {
    case 'rows':
      return statement.builder.all()
    case 'prepared':
      return statement.statement.all(statement.values)
    case 'query':
      return db.all(statement.query)
    case 'run':
      statement.builder.run()
  }
  return []
}
