import { readFileSync } from 'node:fs'

/** One published code: where it comes from, what its source says it means, whether its CRC holds. */
export interface Vector {
  payload: string
  kind: string
  valid_crc: boolean
  expected: Record<string, string | null> | null
  source: string
  /** A private person's account or name was replaced by one of the same shape, and the CRC made again. */
  altered?: true
}

const file = new URL('../fixtures/vietqr-vectors.jsonl', import.meta.url)

export const vectors = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line): Vector => JSON.parse(line))
