import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Short files that take long: by their size, which is all that a fresh clone knows, the last worker ends with them. */
const LONG = [
  'engines/histories',
  'browser/charge',
  'browser/screens',
  'crash/proofs',
  'scripts/start',
  'scripts/bench',
]

const rank = ({ moduleId }: TestSpecification) => {
  const place = LONG.findIndex((name) => moduleId.endsWith(`${name}.test.ts`))
  return place === -1 ? LONG.length : place
}

export default class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b))
  }
}
