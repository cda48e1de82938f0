import { BOOKED_PRECISIONS, CHANNELS, DIRECTIONS } from '../../shared/bank-transaction.ts'
import { CLASSIFICATIONS, ROW_TELLINGS } from '../../shared/wire.ts'
import type { Kit } from './kit.sqlite.ts'

export const ACCOUNT_STATES = ['proposed', 'proven', 'active', 'retired'] as const
const HOLDERS = ['vendor', 'market'] as const
const HOLDER_TYPES = ['individual', 'household_business'] as const
export const ROLES = ['operator', 'board', 'vendor', 'speaker'] as const
export const PHONE_KINDS = ['owner', 'helper'] as const
const ANNOUNCEMENTS = ['amount', 'chime'] as const
const OUTCOMES = ['matched', 'undecided', 'not_counted'] as const
export const MATCH_RULES = [
  'virtual_account',
  'reference',
  'sale_reference',
  'source_code',
  'sole_stall',
  'assigned',
  'split',
  'not_a_sale',
] as const
const ALARM_STATES = ['raised', 'ended'] as const
const ALARM_WAYS = ['webhook', 'mail'] as const
export const INCIDENT_KINDS = ['wrong_code'] as const
export const NOT_COUNTED_REASONS = [
  'test',
  'outgoing',
  'unknown_account',
  'source_not_allowed',
  'no_consent',
  'retired_account',
] as const
export const EXCEPTION_REASONS = [
  'unreadable',
  'content_changed',
  'conflicting_evidence',
  'two_references',
  'wrong_account',
  'closed_stall',
  'unproven_account',
  'no_reference',
  'perhaps_told_before',
  'match_reversed',
] as const

/**
 * Every table, once, for both engines. Two families:
 *
 * - the **registry** (who and where: markets, stalls, accounts, sources, doors) is held in memory by every process;
 *   its keys are plain ids, and on Citus its tables are reference tables;
 * - the **ledger** (what the banks said and what was decided) grows for ever. Its rows are only added. `market_id`
 *   comes first in every key, then the market's own `seq`, whose order is commit order, so that inserts stay
 *   together on disk and a follower that reads by `seq` misses nothing. Secondary keys lead with the business day
 *   for the same reason. Money that belongs to no market is in market 0: a NULL would make a unique key void.
 */
export function defineTables(kit: Kit) {
  const { table, id, int, instant, flag, text, choice, bytes, primaryKey, unique, index } = kit

  // ---- registry ----------------------------------------------------------------------------------------------

  /** `registry_version` (bumped by every change of the registry) and `demo`. */
  const setting = table('setting', { key: text().primaryKey(), value: text().notNull() })

  const market = table(
    'market',
    {
      id: id(),
      /** In addresses: `cho-phu-cat`. */
      code: text().notNull(),
      name: text().notNull(),
      /** Minutes after midnight at which the market's day begins: a night market's evening is one day. */
      dayStartsAtMinutes: int().notNull(),
      /** `daily`, or the ISO weekdays it meets on: `1,4`. */
      marketDays: text().notNull(),
      /** What a stall is called here: sạp, lô, quầy, ki-ốt. */
      stallWord: text().notNull(),
      createdAt: instant().notNull(),
    },
    (t) => [unique('market_code').on(t.code)],
  )

  const section = table('section', { id: id(), marketId: int().notNull(), name: text().notNull() }, (t) => [
    unique('section_name').on(t.marketId, t.name),
  ])

  const stall = table(
    'stall',
    {
      id: id(),
      marketId: int().notNull(),
      sectionId: int().notNull(),
      name: text().notNull(),
      /** Public, in addresses. */
      code: text().notNull(),
      /** Permanent: the purpose of its static code, printed and glued on. */
      reference: text().notNull(),
      openedAt: instant().notNull(),
      closedAt: instant(),
      /** The registry's, when matching last had to know something new of it; null until that transaction ends. */
      version: int(),
    },
    (t) => [
      index('stall_version').on(t.version),
      unique('stall_name').on(t.marketId, t.name),
      unique('stall_public_code').on(t.code),
      unique('stall_reference').on(t.reference),
    ],
  )

  const vendor = table(
    'vendor',
    {
      id: id(),
      marketId: int().notNull(),
      name: text().notNull(),
      phone: text().notNull(),
      /** How she wants to be told: her own settings, the only columns of the registry that are overwritten. */
      announce: choice(ANNOUNCEMENTS).notNull().default('amount'),
      thousand: choice(['ngàn', 'nghìn']).notNull().default('ngàn'),
      odd: choice(['lẻ', 'linh']).notNull().default('lẻ'),
    },
    (t) => [index('vendor_name').on(t.marketId, t.name)],
  )

  const tenancy = table(
    'tenancy',
    {
      id: id(),
      marketId: int().notNull(),
      stallId: int().notNull(),
      vendorId: int().notNull(),
      startedAt: instant().notNull(),
      endedAt: instant(),
      /** The market's seq at its start: what was recorded up to there was another's. 0 where nobody was before her. */
      seesAfter: int().notNull().default(0),
    },
    (t) => [index('tenancy_stall').on(t.stallId), index('tenancy_vendor').on(t.marketId, t.vendorId)],
  )

  /** Append-only: the newest row of a vendor says whether she agrees. */
  const consent = table(
    'consent',
    {
      id: id(),
      marketId: int().notNull(),
      vendorId: int().notNull(),
      action: choice(['given', 'withdrawn']).notNull(),
      textVersion: text().notNull(),
      by: text().notNull(),
      at: instant().notNull(),
    },
    (t) => [index('consent_vendor').on(t.vendorId)],
  )

  /** Append-only: the newest row of a vendor says what the shared speaker of her row may tell; none is nothing. */
  const rowTelling = table(
    'row_telling',
    {
      id: id(),
      marketId: int().notNull(),
      vendorId: int().notNull(),
      tells: choice(ROW_TELLINGS).notNull(),
      at: instant().notNull(),
    },
    (t) => [index('row_telling_vendor').on(t.marketId, t.vendorId)],
  )

  /** Append-only: one row each time somebody proposes that a stall be paid into an account. */
  const payeeAccount = table(
    'payee_account',
    {
      id: id(),
      marketId: int().notNull(),
      stallId: int().notNull(),
      bankBin: text().notNull(),
      accountNumber: text().notNull(),
      /** As bank apps show it: capitals, no marks. */
      accountName: text().notNull(),
      virtualAccount: text(),
      holder: choice(HOLDERS).notNull(),
      holderType: choice(HOLDER_TYPES).notNull(),
      /** She declared that nothing but sales comes into it. */
      sellingOnly: flag().notNull(),
      proposedBy: text().notNull(),
      proposedAt: instant().notNull(),
    },
    (t) => [index('payee_account_stall').on(t.stallId)],
  )

  /** Append-only: the newest row of an account is its state. */
  const payeeAccountState = table(
    'payee_account_state',
    {
      id: id(),
      marketId: int().notNull(),
      accountId: int().notNull(),
      state: choice(ACCOUNT_STATES).notNull(),
      by: text().notNull(),
      at: instant().notNull(),
      /** Of an active one: what was recorded up to this seq was paid into another account. 0 where it is the first. */
      afterSeq: int().notNull().default(0),
    },
    (t) => [index('payee_account_state_account').on(t.accountId)],
  )

  /** One row a printed code, ours or the one her bank gave her. */
  const stallCode = table(
    'stall_code',
    {
      id: id(),
      marketId: int().notNull(),
      stallId: int().notNull(),
      accountId: int().notNull(),
      kind: choice(['own', 'bank_issued']).notNull(),
      payload: text().notNull(),
      printedAt: instant().notNull(),
      retiredAt: instant(),
    },
    (t) => [index('stall_code_stall').on(t.stallId)],
  )

  /** One configured instance of a source: its own address, its own secrets, exactly one mode. */
  const source = table('source', {
    id: text().primaryKey(),
    kind: text().notNull(),
    mode: text().notNull(),
    label: text().notNull(),
    /** Sealed; null where the source has no history to fetch or nobody gave us a token for it. */
    apiToken: text(),
    /** Whether it is asked to make the codes of sales. */
    makesCodes: flag().notNull().default(false),
    backfillCursor: text(),
    backfilledAt: instant(),
    createdAt: instant().notNull(),
    removedAt: instant(),
    /** The registry's version when an account was last taken from it; null until that transaction ends. */
    unboundVersion: int().default(0),
  })

  /** Sealed. Two are valid while a secret is being changed. */
  const sourceSecret = table(
    'source_secret',
    {
      id: id(),
      sourceId: text().notNull(),
      secret: text().notNull(),
      createdAt: instant().notNull(),
      expiresAt: instant(),
    },
    (t) => [index('source_secret_source').on(t.sourceId)],
  )

  /** The accounts a source may speak for. */
  const sourceAccount = table(
    'source_account',
    {
      id: id(),
      sourceId: text().notNull(),
      bankBin: text().notNull(),
      accountNumber: text().notNull(),
      since: instant().notNull(),
      /** The registry's, when it was bound; null until that transaction ends. */
      version: int(),
    },
    (t) => [
      unique('source_account_key').on(t.sourceId, t.bankBin, t.accountNumber),
      index('source_account_version').on(t.version),
    ],
  )

  /**
   * When a source was last heard, by each channel, of a bank and of any: seconds behind at most, so that nobody reads
   * the ledger for it.
   */
  const sourceHeard = table(
    'source_heard',
    {
      sourceId: text().notNull(),
      channel: choice(CHANNELS).notNull(),
      /** Empty: any message, also one that tells of no bank. */
      bankBin: text().notNull(),
      heardAt: instant().notNull(),
    },
    (t) => [primaryKey({ columns: [t.sourceId, t.channel, t.bankBin] })],
  )

  /**
   * How many transactions of a bank a source told in an hour (whole hours since 1970): all that were pushed, and those
   * that back-fill found first; by how many seconds after their booking they came at most. Four weeks are kept. What is
   * read and what is forgotten are hours, so the key begins with them.
   */
  const sourceHour = table(
    'source_hour',
    {
      sourceId: text().notNull(),
      hour: int().notNull(),
      /** Empty: counted before 0.6.0, which bank it was is not known. */
      bankBin: text().notNull(),
      channel: choice(CHANNELS).notNull(),
      /** 0: the bank told no time of day. */
      withinS: int().notNull(),
      count: int().notNull(),
    },
    (t) => [primaryKey({ columns: [t.hour, t.sourceId, t.bankBin, t.channel, t.withinS] })],
  )

  /** A source, or one bank of it, that was silent longer than usual, or told of far later: open until that is over. */
  const sourceAlarm = table('source_alarm', {
    id: id(),
    sourceId: text().notNull(),
    /** Null: the whole source. */
    bankBin: text(),
    kind: choice(['silent', 'late']).notNull(),
    /** Silent: when it last pushed. Late: when that was noticed. */
    since: instant().notNull(),
    raisedAt: instant().notNull(),
    endedAt: instant(),
  })

  /** How telling the operator of an alarm went, in each way: that it was raised, and that it is over. */
  const alarmTelling = table(
    'alarm_telling',
    {
      alarmId: int().notNull(),
      state: choice(ALARM_STATES).notNull(),
      way: choice(ALARM_WAYS).notNull(),
      outcome: choice(['told', 'failed']).notNull(),
      tries: int().notNull(),
      triedAt: instant().notNull(),
    },
    (t) => [primaryKey({ columns: [t.alarmId, t.state, t.way] })],
  )

  /** The keys snapshots are signed with; retired ones stay published, so that old signatures can be checked. */
  const signingKey = table('signing_key', {
    kid: text().primaryKey(),
    publicJwk: text().notNull(),
    /** Sealed. */
    privateJwk: text().notNull(),
    createdAt: instant().notNull(),
    retiredAt: instant(),
  })

  const session = table(
    'session',
    {
      /** SHA-256 of the cookie: a copy of the database opens no door. */
      tokenHash: text().primaryKey(),
      role: choice(ROLES).notNull(),
      marketId: int().notNull(),
      vendorId: int(),
      /** Of a row's speaker only. */
      sectionId: int(),
      device: text().notNull(),
      createdAt: instant().notNull(),
      expiresAt: instant().notNull(),
      revokedAt: instant(),
      /** A vendor's: her own phone, or one that only hears today. */
      kind: choice(PHONE_KINDS).notNull().default('owner'),
      /** No phone of hers that was there before has said yes to it yet, and it has not proven her account. */
      waiting: flag().notNull().default(false),
      /** What was recorded up to this seq does not exist for it: the market's at its pairing. 0 hides nothing. */
      seesAfter: int().notNull().default(0),
    },
    (t) => [index('session_vendor').on(t.marketId, t.vendorId)],
  )

  const signInCode = table('sign_in_code', {
    codeHash: text().primaryKey(),
    role: choice(ROLES).notNull(),
    marketId: int().notNull(),
    /** Null for a vendor who is in no list yet: she is invited to enrol, in this section. */
    vendorId: int(),
    sectionId: int(),
    issuedBy: text().notNull(),
    issuedAt: instant().notNull(),
    expiresAt: instant().notNull(),
    usedAt: instant(),
  })

  // ---- ledger ------------------------------------------------------------------------------------------------

  /** The last `seq` given out; its row is held by the recording transaction, so that seq order is commit order. */
  const marketCounter = table('market_counter', { marketId: int().primaryKey(), seq: int().notNull() })

  /** One genuine message of a source that said something new. */
  const bankNotification = table(
    'bank_notification',
    {
      marketId: int().notNull(),
      seq: int().notNull(),
      sourceId: text().notNull(),
      bodySha256: text().notNull(),
      receivedAt: instant().notNull(),
    },
    // No index of the hash: random in its order, it would touch another page of a great ledger with every message.
    (t) => [primaryKey({ columns: [t.marketId, t.seq] })],
  )

  const bankTransaction = table(
    'bank_transaction',
    {
      marketId: int().notNull(),
      seq: int().notNull(),
      sourceId: text().notNull(),
      sourceKey: text().notNull(),
      notificationSeq: int().notNull(),
      channel: choice(CHANNELS).notNull(),
      bankBin: text().notNull(),
      accountNumber: text().notNull(),
      virtualAccount: text(),
      direction: choice(DIRECTIONS).notNull(),
      amountVnd: int().notNull(),
      bookedAt: instant().notNull(),
      bookedPrecision: choice(BOOKED_PRECISIONS).notNull(),
      /** Computed once, here: the market's hour may be changed later, the past may not. */
      businessDay: text().notNull(),
      bankReference: text(),
      /** Of the memo without marks and spaces: recognises a transfer told by another channel after erasure too. */
      textSha256: text().notNull(),
      /** Tells "same key, other content"; never unique, for genuine twins exist. */
      contentSha256: text().notNull(),
      notCounted: choice(NOT_COUNTED_REASONS),
      recordedAt: instant().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.marketId, t.seq] }),
      // Never with the day: a resend that was given another date would count twice.
      unique('bank_transaction_source_key').on(t.marketId, t.sourceId, t.sourceKey),
      index('bank_transaction_natural').on(t.marketId, t.businessDay, t.accountNumber, t.amountVnd),
    ],
  )

  /**
   * What may be forgotten: a message's raw bytes, the payer and the payer's words, in one row because they come and
   * go together; apart from the ledger, which keeps their hashes. The bytes lie with the first transaction they told
   * of, or under the message's own `seq` where they told of none that is new.
   */
  const erasable = table(
    'erasable',
    {
      marketId: int().notNull(),
      /** The transaction's, or the message's. */
      seq: int().notNull(),
      body: bytes(),
      remittanceText: text(),
      payerName: text(),
      payerAccount: text(),
      eraseOn: text().notNull(),
    },
    (t) => [primaryKey({ columns: [t.marketId, t.seq] }), index('erasable_erase').on(t.eraseOn)],
  )

  /** The same transfer told again under another key, by the source's other channel. */
  const witness = table(
    'witness',
    {
      marketId: int().notNull(),
      sourceId: text().notNull(),
      sourceKey: text().notNull(),
      channel: choice(CHANNELS).notNull(),
      transactionSeq: int().notNull(),
      notificationSeq: int().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.marketId, t.sourceId, t.sourceKey] }),
      index('witness_transaction').on(t.marketId, t.transactionSeq),
    ],
  )

  const match = table(
    'match',
    {
      marketId: int().notNull(),
      seq: int().notNull(),
      transactionSeq: int().notNull(),
      businessDay: text().notNull(),
      /** 0: no stall's. A person said that the credit is no sale of anybody's. */
      stallId: int().notNull(),
      /** The sale whose reference the text bore. */
      saleSeq: int(),
      /** Of a credit that a person split: what of it is this stall's. Null: all of it. */
      partVnd: int(),
      rule: choice(MATCH_RULES).notNull(),
      /** What the money was first said to be; most credits hear no second word. */
      classification: choice(CLASSIFICATIONS).notNull().default('unclear'),
      by: text().notNull(),
      reason: text(),
      at: instant().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.marketId, t.seq] }),
      index('match_day').on(t.marketId, t.businessDay, t.stallId, t.seq),
      index('match_transaction').on(t.marketId, t.transactionSeq),
    ],
  )

  const matchReversal = table(
    'match_reversal',
    {
      marketId: int().notNull(),
      seq: int().notNull(),
      matchSeq: int().notNull(),
      by: text().notNull(),
      reason: text().notNull(),
      at: instant().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.marketId, t.seq] }),
      unique('match_reversal_match').on(t.marketId, t.matchSeq),
    ],
  )

  /** Needs a person. Without a transaction when the message itself could not be read. */
  const matchException = table(
    'match_exception',
    {
      marketId: int().notNull(),
      seq: int().notNull(),
      notificationSeq: int().notNull(),
      transactionSeq: int(),
      businessDay: text().notNull(),
      reason: choice(EXCEPTION_REASONS).notNull(),
      /** For the person: what exactly was wrong, in English, never quoting a memo. */
      detail: text(),
      /** Of the message, where the exception is about it and not about whose the money is: raised once for all. */
      bodySha256: text(),
      at: instant().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.marketId, t.seq] }),
      index('match_exception_day').on(t.marketId, t.businessDay, t.seq),
      index('match_exception_body').on(t.marketId, t.bodySha256),
    ],
  )

  /** Append-only: what was said of a matched credit since. The newest row after its match stands. */
  const classification = table(
    'classification',
    {
      marketId: int().notNull(),
      seq: int().notNull(),
      transactionSeq: int().notNull(),
      classification: choice(CLASSIFICATIONS).notNull(),
      /** Of a credit that was split: whose part this is said of. Null: of the whole. */
      stallId: int(),
      by: text().notNull(),
      at: instant().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.marketId, t.seq] }),
      index('classification_transaction').on(t.marketId, t.transactionSeq, t.seq),
    ],
  )

  /**
   * Written in the same transaction as the match or classification it counts. On SQLite without rowid (its migration
   * says so, drizzle cannot).
   */
  const takings = table(
    'takings',
    {
      marketId: int().notNull(),
      businessDay: text().notNull(),
      stallId: int().notNull(),
      totalVnd: int().notNull(),
      saleCount: int().notNull(),
      unclearCount: int().notNull(),
      cashVnd: int().notNull().default(0),
      cashCount: int().notNull().default(0),
    },
    (t) => [primaryKey({ columns: [t.marketId, t.businessDay, t.stallId] })],
  )

  /** Incoming money of a day and source by what became of it: in = matched + undecided + not counted, always. */
  const dailyOutcome = table(
    'daily_outcome',
    {
      marketId: int().notNull(),
      businessDay: text().notNull(),
      sourceId: text().notNull(),
      outcome: choice(OUTCOMES).notNull(),
      transactionCount: int().notNull(),
      amountVnd: int().notNull(),
    },
    (t) => [primaryKey({ columns: [t.marketId, t.businessDay, t.sourceId, t.outcome] })],
  )

  /** How far the follower has come in a market's ledger: everything up to this seq is in the four tables below. */
  const rollupCursor = table('rollup_cursor', { marketId: int().primaryKey(), seq: int().notNull() })

  /** What the follower has counted so far of a row of takings, and in which section. */
  const stallDay = table(
    'stall_day',
    {
      marketId: int().notNull(),
      businessDay: text().notNull(),
      stallId: int().notNull(),
      sectionId: int().notNull(),
      totalVnd: int().notNull(),
      saleCount: int().notNull(),
    },
    (t) => [primaryKey({ columns: [t.marketId, t.businessDay, t.stallId] })],
  )

  /**
   * A section's day, with its stalls where they are now. What ends in `30d` is of the 30 days up to this one; in a
   * row of a day to come it is what that day will say if nothing more is sold.
   */
  const sectionDay = table(
    'section_day',
    {
      marketId: int().notNull(),
      businessDay: text().notNull(),
      sectionId: int().notNull(),
      totalVnd: int().notNull(),
      saleCount: int().notNull(),
      activeStalls30d: int().notNull(),
    },
    (t) => [primaryKey({ columns: [t.marketId, t.businessDay, t.sectionId] })],
  )

  /** The same of the whole market, and who paid: a payer repeats who paid on two or more different days. */
  const marketDay = table(
    'market_day',
    {
      marketId: int().notNull(),
      businessDay: text().notNull(),
      totalVnd: int().notNull(),
      saleCount: int().notNull(),
      activeStalls30d: int().notNull(),
      /** Of the sales, those whose payer's account the source told: how far the next two reach. */
      payerSaleCount: int().notNull(),
      payers30d: int().notNull(),
      repeatPayers30d: int().notNull(),
    },
    (t) => [primaryKey({ columns: [t.marketId, t.businessDay] })],
  )

  /** One sale whose payer's account was told, under a keyed hash of it; erased together with the payer's words. */
  const payerSale = table(
    'payer_sale',
    {
      marketId: int().notNull(),
      businessDay: text().notNull(),
      payerKey: text().notNull(),
      transactionSeq: int().notNull(),
      eraseOn: text().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.marketId, t.businessDay, t.payerKey, t.transactionSeq] }),
      index('payer_sale_erase').on(t.eraseOn),
    ],
  )

  /** A stall that was put into another section: what was counted of it goes with it. */
  const stallMove = table(
    'stall_move',
    { marketId: int().notNull(), seq: int().notNull(), stallId: int().notNull(), at: instant().notNull() },
    (t) => [primaryKey({ columns: [t.marketId, t.seq] })],
  )

  /**
   * A request for an exact amount. Its row is made when its reference is reserved for a stall's phone, so that the
   * server knows the reference even when the money is faster than the phone's word; amount and time come with it.
   */
  const sale = table(
    'sale',
    {
      marketId: int().notNull(),
      seq: int().notNull(),
      stallId: int().notNull(),
      reference: text().notNull(),
      reservedAt: instant().notNull(),
      amountVnd: int(),
      issuedAt: instant(),
      cancelledAt: instant(),
    },
    (t) => [
      primaryKey({ columns: [t.marketId, t.seq] }),
      unique('sale_reference').on(t.marketId, t.reference),
      index('sale_stall').on(t.marketId, t.stallId, t.seq),
    ],
  )

  /**
   * Test money that a phone asked for, to prove that whoever holds it sees what the account's bank shows. Waiting,
   * failed, proven are derived from its columns (`server/domain/account-proof.ts`).
   */
  const accountProof = table(
    'account_proof',
    {
      marketId: int().notNull(),
      seq: int().notNull(),
      stallId: int().notNull(),
      accountId: int().notNull(),
      /** The phone that asks. */
      tokenHash: text().notNull(),
      reference: text().notNull(),
      /** What the operator is to send; null where whoever pays chooses. */
      amountVnd: int(),
      startedAt: instant().notNull(),
      expiresAt: instant().notNull(),
      /** The newest credit that bore its reference, until one counts. */
      transactionSeq: int(),
      triesUsed: int().notNull().default(0),
      provenAt: instant(),
    },
    (t) => [
      primaryKey({ columns: [t.marketId, t.seq] }),
      unique('account_proof_reference').on(t.marketId, t.reference),
      index('account_proof_stall').on(t.marketId, t.stallId, t.seq),
      index('account_proof_expiry').on(t.marketId, t.expiresAt),
    ],
  )

  /** A moment from which some phone may know: nothing that was recorded up to `seq` is of a later day than this. */
  const cut = table(
    'cut',
    { marketId: int().notNull(), seq: int().notNull(), businessDay: text().notNull() },
    (t) => [primaryKey({ columns: [t.marketId, t.seq] })],
  )

  /** Cash she noted herself; the key is her phone's, so that a note sent twice is one. */
  const cashSale = table(
    'cash_sale',
    {
      marketId: int().notNull(),
      seq: int().notNull(),
      businessDay: text().notNull(),
      stallId: int().notNull(),
      amountVnd: int().notNull(),
      idempotencyKey: text().notNull(),
      at: instant().notNull(),
    },
    (t) => [
      primaryKey({ columns: [t.marketId, t.seq] }),
      unique('cash_sale_key').on(t.marketId, t.stallId, t.idempotencyKey),
      index('cash_sale_day').on(t.marketId, t.businessDay, t.stallId, t.seq),
    ],
  )

  /** Something a shopper reported of a stall: a code that is not the stall's. */
  const incident = table(
    'incident',
    {
      marketId: int().notNull(),
      seq: int().notNull(),
      stallId: int().notNull(),
      kind: choice(INCIDENT_KINDS).notNull(),
      /** The code that was shown to the shopper, as read from it. */
      payload: text().notNull(),
      at: instant().notNull(),
    },
    (t) => [primaryKey({ columns: [t.marketId, t.seq] })],
  )

  /** A market's figures of one day as they were published, signed; what was said is not said otherwise later. */
  const snapshot = table(
    'snapshot',
    {
      marketId: int().notNull(),
      businessDay: text().notNull(),
      definitionsVersion: text().notNull(),
      figures: text().notNull(),
      signature: text().notNull(),
      at: instant().notNull(),
    },
    (t) => [primaryKey({ columns: [t.marketId, t.businessDay, t.definitionsVersion] })],
  )

  /** What else than a match a vendor's phone must hear of. Points at the ledger; holds no text, so nothing is to erase. */
  const change = table(
    'change',
    {
      marketId: int().notNull(),
      seq: int().notNull(),
      stallId: int().notNull(),
      transactionSeq: int().notNull(),
      kind: choice(['classified', 'undone']).notNull(),
      at: instant().notNull(),
    },
    (t) => [primaryKey({ columns: [t.marketId, t.seq] })],
  )

  return {
    setting,
    market,
    section,
    stall,
    vendor,
    tenancy,
    consent,
    rowTelling,
    payeeAccount,
    payeeAccountState,
    stallCode,
    source,
    sourceSecret,
    sourceAccount,
    sourceHeard,
    sourceHour,
    sourceAlarm,
    alarmTelling,
    signingKey,
    session,
    signInCode,
    marketCounter,
    bankNotification,
    bankTransaction,
    erasable,
    witness,
    match,
    matchReversal,
    matchException,
    classification,
    takings,
    dailyOutcome,
    rollupCursor,
    stallDay,
    sectionDay,
    marketDay,
    payerSale,
    stallMove,
    sale,
    accountProof,
    cut,
    cashSale,
    incident,
    snapshot,
    change,
  }
}
