import { bankhub } from './bankhub.ts'
import { casso } from './casso.ts'
import { jws } from './jws.ts'
import { payos } from './payos.ts'
import { sepay } from './sepay.ts'
import type { Mode, Source } from './source.ts'
import { tingee } from './tingee.ts'
import { vietqrvn } from './vietqrvn.ts'

/** Every source we can hear. A new one is a file beside this one, its fixtures and its name here. */
export const sources: readonly Source[] = [sepay, bankhub, casso, payos, vietqrvn, tingee, jws]

export function sourceOf(kind: string): Source | undefined {
  return sources.find((source) => source.kind === kind)
}

/** For a kind that this server itself wrote down. Throws if its code is gone. */
export function getSource(kind: string): Source {
  const source = sourceOf(kind)
  if (!source) throw new Error(`no code for sources of kind ${kind}`)
  return source
}

/** For a mode that this server itself wrote down. */
export function modeOf(source: Source, mode: string): Mode {
  return source.modes.find((one) => one.id === mode) ?? source.modes[0]
}
