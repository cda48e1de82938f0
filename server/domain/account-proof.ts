import { randomInt } from 'node:crypto'
import { accountKey } from '../../shared/bank-transaction.ts'
import { AppError } from '../../shared/app-error.ts'
import { mintReference } from '../../shared/reference.ts'
import {
  accountInUse,
  accountsOf,
  activateAccount,
  newestAccount,
  type PayeeAccount,
} from '../storage/account.ts'
import {
  addProof,
  closeProof,
  countTry,
  findProof,
  provenAccounts,
  type AccountProof,
} from '../storage/account-proof.ts'
import { hasRecords } from '../storage/cut.ts'
import { stallScope, type StallScope } from '../storage/scope.ts'
import { takeSeqs } from '../storage/seq.ts'
import { openPast } from '../storage/session.ts'
import type { Db, Store } from '../storage/store.ts'
import type { Unit } from '../storage/unit.ts'
import type { Actor } from './access.ts'

/** From here to there an amount counts, if it is no multiple of a thousand: those are what anybody would guess. */
const LEAST_VND = 1_001
const MOST_VND = 20_000
const MOST_DRAWN_VND = 9_999
const THOUSAND_VND = 1_000
const MAX_TRIES = 3
const LIFETIME_MS = 86_400_000
const BY_PROOF = 'her word on the test money'

export type ProofState =
  | { kind: 'waits' }
  /** Money came, but of an amount that proves nothing. */
  | { kind: 'waits_again' }
  | { kind: 'asks'; triesLeft: number; triesUsed: number }
  | { kind: 'failed' }
  | { kind: 'expired' }
  | { kind: 'proven' }

/** Whether a credit of this amount (null: none came) is what the proof asks her about. */
export function settles({ amountVnd }: Pick<AccountProof, 'amountVnd'>, creditVnd: number | null): boolean {
  if (creditVnd === null) return false
  if (amountVnd !== null) return creditVnd === amountVnd
  return creditVnd >= LEAST_VND && creditVnd <= MOST_VND && creditVnd % THOUSAND_VND !== 0
}

/** What the operator is to send. `random(below)` gives a uniform integer nobody can foresee. */
export function drawAmount(random: (below: number) => number): number {
  for (;;) {
    const amountVnd = LEAST_VND + random(MOST_DRAWN_VND - LEAST_VND + 1)
    if (amountVnd % THOUSAND_VND !== 0) return amountVnd
  }
}

export function proofState(proof: AccountProof, now: number): ProofState {
  const { provenAt, triesUsed, expiresAt, creditVnd } = proof
  if (provenAt !== null) return { kind: 'proven' }
  if (triesUsed >= MAX_TRIES) return { kind: 'failed' }
  if (expiresAt <= now) return { kind: 'expired' }
  if (settles(proof, creditVnd)) return { kind: 'asks', triesUsed, triesLeft: MAX_TRIES - triesUsed }
  return { kind: creditVnd === null ? 'waits' : 'waits_again' }
}

/**
 * Whether this phone would see more for a proof. Then whoever holds it may be no vendor, and could pay himself what
 * he then types: so he is told neither reference nor amount, and the operator sends the money.
 */
export const hasHiddenPast = ({ waiting, seesAfter }: Actor): boolean => waiting || seesAfter > 0

/**
 * The account to prove: for a phone that would see more the one in use, for its statement shows what there is to
 * see; else the newest that somebody proposed.
 */
export function accountToProve(actor: Actor, accounts: readonly PayeeAccount[]): PayeeAccount | undefined {
  if (hasHiddenPast(actor)) return accountInUse(accounts)
  const newest = newestAccount(accounts)
  return newest?.state === 'proposed' ? newest : undefined
}

/** Asks for test money, unless some is on its way. Throws `conflict` after as many as a day may have. */
export async function startProof(
  store: Store,
  scope: StallScope,
  actor: Actor,
  account: PayeeAccount,
  now: number,
): Promise<void> {
  const { tokenHash } = actor
  await store.write(function* (tx) {
    const last = yield* findProof(tx, scope, tokenHash)
    const isUnderWay = last && ['waits', 'waits_again', 'asks'].includes(proofState(last, now).kind)
    if (isUnderWay && last.accountId === account.id) return
    const amountVnd = hasHiddenPast(actor) ? drawAmount(randomInt) : null
    const mint = () => mintReference(randomInt)
    const times = { startedAt: now, expiresAt: now + LIFETIME_MS }
    yield* addProof(tx, scope, { accountId: account.id, tokenHash, amountVnd, ...times }, mint)
  })
}

/**
 * What she says her bank shows. The right amount proves the account and, as far as that account's own statement
 * goes, opens to this phone what was before it. Throws `conflict` where nothing is asked.
 */
export async function answerProof(
  store: Store,
  scope: StallScope,
  actor: Actor,
  typedVnd: number,
  now: number,
): Promise<void> {
  await store.write(function* (tx) {
    const proof = yield* findProof(tx, scope, actor.tokenHash)
    if (!proof || proofState(proof, now).kind !== 'asks') throw new AppError('conflict', 'nothing is asked')
    const account = (yield* accountsOf(tx, [scope.stallId])).find(({ id }) => id === proof.accountId)
    if (account?.state === 'retired') throw new AppError('conflict', 'the account is retired')
    if (typedVnd !== proof.creditVnd) {
      yield* countTry(tx, proof)
      return
    }
    yield* closeProof(tx, proof, now)
    // Before the account comes into use: what was before that was not paid into it.
    const seesAfter = yield* cutAfterProof(tx, scope, actor)
    if (seesAfter !== undefined) yield* openPast(tx, actor, seesAfter)
    const [seq] = yield* takeSeqs(tx, scope.marketId, 1)
    yield* activateAccount(tx, proof, BY_PROOF, seq!, now)
  })
}

/** What a phone that has proven an account may see now: her whole book, a part of it, or no more than before. */
export async function reachAfterProof(
  store: Store,
  scope: StallScope,
  actor: Actor,
): Promise<'whole' | 'part' | 'unchanged' | 'other_stall'> {
  if (!hasHiddenPast(actor)) return 'whole'
  const cut = await store.read((tx) => cutAfterProof(tx, scope, actor))
  if (cut === undefined) return 'other_stall'
  return !actor.waiting && actor.seesAfter <= cut ? 'part' : 'unchanged'
}

/**
 * From where on a phone that has proven accounts may know: from when the last of those accounts came into use, for
 * what was before was paid into another. Undefined while a stall of hers with anything to see is paid into an
 * account that it has not proven: a stall or an account that somebody else gave her opens nothing.
 */
function* cutAfterProof(tx: Db, scope: StallScope, actor: Actor): Unit<number | undefined> {
  const { marketId } = scope
  const stallIds = actor.stalls.map(({ id }) => id)
  const accounts = yield* accountsOf(tx, stallIds)
  const proven = new Set((yield* provenAccounts(tx, scope, stallIds, actor.tokenHash)).map(accountKey))
  let cut = 0
  for (const { id, seesAfter } of actor.stalls) {
    if (!(yield* hasRecords(tx, stallScope(marketId, id, { seesAfter, onlyDay: null })))) continue
    const inUse = accounts.find(({ stallId, state }) => stallId === id && state === 'active')
    if (!inUse || !proven.has(accountKey(inUse))) return undefined
    cut = Math.max(cut, inUse.afterSeq)
  }
  return cut
}
