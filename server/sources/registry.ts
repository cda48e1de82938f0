import { sepay } from './sepay.ts'
import type { Source } from './source.ts'

/** Every source we can hear, by kind. */
const sources: ReadonlyMap<string, Source> = new Map([[sepay.kind, sepay]])

export function sourceOf(kind: string): Source | undefined {
  return sources.get(kind)
}

/** For a kind that this server itself wrote down. Throws if its code is gone. */
export function getSource(kind: string): Source {
  const source = sourceOf(kind)
  if (!source) throw new Error(`no code for sources of kind ${kind}`)
  return source
}
