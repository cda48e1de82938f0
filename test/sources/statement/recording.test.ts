import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createIntake, type Intake } from '../../../server/domain/intake.ts'
import { openStatementDesk } from '../../../server/sources/statement/desk.ts'
import type { Header, Mapping } from '../../../server/sources/statement/layout.ts'
import {
  accountOf,
  recordStatement,
  rememberedMappings,
  rememberMapping,
} from '../../../server/sources/statement/recording.ts'
import { readHead } from '../../../server/sources/statement/statement.ts'
import { listUndecided } from '../../../server/storage/inbox.ts'
import {
  bankNotification,
  bankTransaction,
  matchException,
  erasable,
  witness,
} from '../../../server/storage/kit.sqlite.ts'
import { operatorScope } from '../../../server/storage/scope.ts'
import { bindAccounts } from '../../../server/storage/source.ts'
import {
  addStatementSource,
  type StatementMode,
  type StatementSource,
} from '../../../server/storage/statement.ts'
import { getTakings } from '../../../server/storage/takings.ts'
import { temporaryFolder } from '../../scripts/child.ts'
import {
  credit,
  MB,
  messageOf,
  MORNING,
  openSmallMarket,
  scopeOf,
  TODAY,
  type SmallMarket,
} from '../../small-market.ts'
import { banks, csvOf, xlsxOf, type TestCell, type TestEntry } from '../../statement-files.ts'

const EVENING = MORNING + 12 * 3_600_000
const scope = operatorScope()
let market: SmallMarket
let intake: Intake
let folder: string
let source: StatementSource
beforeEach(async () => {
  market = await openSmallMarket()
  intake = createIntake(market.store, () => {})
  folder = temporaryFolder()
  source = await addSource('counts')
})
afterEach(() => market.close())

async function addSource(mode: StatementMode): Promise<StatementSource> {
  const row = { id: `statement-${mode}`, label: 'Sao kê', mode }
  const accounts = [{ bankBin: MB, accountNumber: market.lan.accountNumber }]
  await market.store.changeRegistry(function* (tx) {
    yield* addStatementSource(tx, scope, row, MORNING)
    yield* bindAccounts(tx, scope, row.id, accounts, MORNING)
  })
  return { ...row, accounts }
}

/** MB's layout is one that a person has to explain: date, memo, amount, and where there is one the balance. */
const HEADER = ['Ngày', 'Nội dung', 'Mã', 'Số tiền', 'Dư']
const MAPPING: Mapping = {
  columns: { bookedOn: 0, remittanceText: 1, bankReference: 2, amount: 3 },
  dateOrder: 'dmy',
}
const WITH_BALANCE: Mapping = { ...MAPPING, columns: { ...MAPPING.columns, balance: 4 } }
let clock = EVENING

async function take(rows: TestCell[][], mapping = MAPPING, of = source) {
  const path = join(folder, 'statement.csv')
  writeFileSync(path, csvOf([HEADER, ...rows]))
  const { header } = await readHead(path, new Map())
  await rememberMapping(market.store, scope, of.id, header, mapping)
  clock += 1
  return recordStatement({ store: market.store, intake, now: () => clock }, scope, of, path, 'x.csv')
}
const memo = () => `${market.lan.reference} rau`
/** One row of today without a time, without a reference of its own. */
const row = (amount: number | string, text = memo(), reference = '', balance: TestCell = ''): TestCell[] => [
  '22/11/2026',
  text,
  reference,
  amount,
  balance,
]
const takings = () => getTakings(market.store, scopeOf(market.lan), TODAY)
const transactions = () => market.store.db.select().from(bankTransaction)
const witnesses = () => market.store.db.select().from(witness)
const push = (more: Partial<Parameters<typeof credit>[0]> = {}) =>
  intake.submit(
    messageOf(credit({ accountNumber: market.lan.accountNumber, remittanceText: memo(), ...more })),
  )

describe('a statement of an account that its source may speak for', () => {
  it('makes takings of what nobody told, once, however often it comes', async () => {
    const words = await take([row(50_000), row(20_000), row(-7_000, 'RUT TIEN')])
    expect(words).toContain('Mới: 2 khoản đã rõ của ai, 0 khoản chờ người xem')
    expect(words).toContain('Có khoản mới ở các ngày: 22/11 (2)')
    expect(words).toContain('Không tính: 0 khoản tiền vào, 1 khoản tiền ra')
    expect(await takings()).toMatchObject({ saleCount: 2, totalVnd: 70_000 })
    const before = [
      await transactions(),
      await witnesses(),
      await market.store.db.select().from(bankNotification),
    ]
    const again = await take([row(50_000), row(20_000), row(-7_000, 'RUT TIEN')])
    expect(again).toContain('Đã có từ sao kê trước: 3')
    expect([
      await transactions(),
      await witnesses(),
      await market.store.db.select().from(bankNotification),
    ]).toEqual(before)
  })

  it('keeps each row raw with its line and its file, and of money that went out no words at all', async () => {
    await take([row(50_000), row(-7_000, 'TRA TIEN THUOC CHO BAC SI')])
    const kept = await market.store.db.select().from(erasable)
    expect(kept.map(({ body }) => JSON.parse(body!.toString()) as unknown)).toEqual([
      { fileSha256: expect.stringMatching(/^[0-9a-f]{64}$/), line: 2, cells: row('50000').slice(0, 4) },
    ])
    expect(JSON.stringify(kept)).not.toContain('THUOC')
  })

  it('refused for one bad row leaves nothing', async () => {
    await expect(take([row(50_000), row('5O')])).rejects.toThrow('Dòng 3, cột D')
    expect(await transactions()).toEqual([])
    expect(await market.store.db.select().from(bankNotification)).toEqual([])
  })

  it('not bound to the account makes no takings', async () => {
    await expect(take([row(50_000)], MAPPING, { ...source, accounts: [] })).rejects.toThrow('Chưa rõ')
    // Though the file were believed about an account, storage would not.
    const accounts = [{ bankBin: MB, accountNumber: market.hoa.accountNumber }]
    await take([row(50_000, market.hoa.reference)], MAPPING, { ...source, accounts })
    expect((await transactions()).map(({ notCounted }) => notCounted)).toEqual(['source_not_allowed'])
    expect((await getTakings(market.store, scopeOf(market.hoa), TODAY)).saleCount).toBe(0)
  })
})

describe('statements that overlap', () => {
  it('add only what is new, and twins of one day stay two', async () => {
    await take([row(50_000), row(50_000)])
    await take([row(50_000), row(50_000), row(50_000)])
    expect(await takings()).toMatchObject({ saleCount: 3, totalVnd: 150_000 })
    // An old export, cut at noon, after the whole one.
    await take([row(50_000), row(50_000)])
    expect((await takings()).saleCount).toBe(3)
  })

  it('that begin in the middle of a day lose and double nothing, where they tell the running balance', async () => {
    const day = [
      row(50_000, memo(), '', 150_000),
      row(50_000, memo(), '', 200_000),
      row(50_000, memo(), '', 250_000),
    ]
    await take(day.slice(0, 1), WITH_BALANCE)
    await take(day.slice(1), WITH_BALANCE)
    expect((await takings()).saleCount).toBe(3)
    await take(day.toReversed(), WITH_BALANCE)
    await take(day, WITH_BALANCE)
    expect((await takings()).saleCount).toBe(3)
  })

  it('in which money that went out came in again, to the same balance: newest first it is no other entry', async () => {
    const day = [
      row(50_000, memo(), '3001', 150_000),
      row(-50_000, 'RUT TIEN', '3002', 100_000),
      row(50_000, `${market.hoa.reference} ca`, '3003', 150_000),
    ]
    await take(day.slice(0, 1), WITH_BALANCE)
    await take(day.toReversed(), WITH_BALANCE)
    expect((await takings()).saleCount).toBe(1)
    const exceptions = await market.store.db.select().from(matchException)
    expect(exceptions.map(({ reason }) => reason)).toEqual(['wrong_account'])
  })

  it('newest first agree with later ones that are oldest first', async () => {
    const [older, newer] = [
      ['21/11/2026', memo(), '', 10_000],
      ['22/11/2026', memo(), '', 50_000],
    ]
    await take([newer, newer, older])
    await take([older, newer, newer, newer])
    expect((await takings()).saleCount).toBe(3)
  })

  it('say the same with other spacing, and a long reference whatever the memo: that is shown to a person', async () => {
    const reasons = async () =>
      (await market.store.db.select().from(matchException)).map(({ reason }) => reason)
    await take([row(50_000, 'rau  ca', 'FT26326123456789')])
    await take([row(50_000, 'rau\n ca', 'FT26326123456789')])
    expect(await reasons()).toEqual(['unproven_account'])
    await take([row(50_000, 'thit', 'FT26326123456789')])
    expect(await reasons()).toEqual(['unproven_account', 'content_changed'])
    expect(await transactions()).toHaveLength(1)
  })
})

describe('the same đồng told by a push and by a statement', () => {
  it.each([
    ['push first', true],
    ['statement first', false],
  ])('is one transaction with two tellings, counted once: %s', async (_, pushFirst) => {
    const rows = [row(50_000, memo(), 'FT26326999999999')]
    const told = { bankReference: 'FT26326999999999' }
    if (pushFirst) await push(told)
    const words = await take(rows)
    if (!pushFirst) await push(told)
    expect(await transactions()).toHaveLength(1)
    expect(await witnesses()).toHaveLength(1)
    expect(await takings()).toMatchObject({ saleCount: 1, totalVnd: 50_000 })
    expect(words).toContain(`Nguồn khác đã báo, nay khớp: ${pushFirst ? 1 : 0}`)
    expect(await market.store.db.select().from(bankNotification)).toHaveLength(2)
  })

  it('without times pairs by amount, memo and order: three rows and two pushes are three payments', async () => {
    await push()
    await push({ bookedAt: MORNING + 3_600_000 })
    const words = await take([row(50_000), row(50_000), row(50_000)])
    expect(words).toContain('Nguồn khác đã báo, nay khớp: 2')
    expect(await takings()).toMatchObject({ saleCount: 3, totalVnd: 150_000 })
  })

  it('pairs everything that is alike before it doubts anything: a lost push among others of its amount is counted', async () => {
    await push({ remittanceText: `${memo()} hai` })
    const words = await take([row(50_000, `${memo()} mot`), row(50_000, `${memo()} hai`)])
    expect(words).toContain('Mới: 1 khoản đã rõ của ai, 0 khoản chờ người xem')
    expect(await takings()).toMatchObject({ saleCount: 2, totalVnd: 100_000 })
  })

  it('is a person’s to decide where only amount and day agree: neither counted twice nor merged by guess', async () => {
    await push({ remittanceText: `${memo()} theo tin bao` })
    const words = await take([row(50_000, `${memo()} theo sao ke`)])
    expect(words).toContain('Mới: 0 khoản đã rõ của ai, 1 khoản chờ người xem')
    expect(await takings()).toMatchObject({ saleCount: 1, totalVnd: 50_000 })
    expect(await witnesses()).toEqual([])
    const [open] = await listUndecided(market.store, scope, market.marketId)
    expect(open).toMatchObject({ reason: 'perhaps_told_before', amountVnd: 50_000, sourceId: source.id })
  })
})

describe('a vendor’s own statement', () => {
  it('witnesses what is known and never makes money, with honest rows or invented ones', async () => {
    const own = await addSource('corroborates')
    await push()
    const words = await take([row(50_000), row(9_000_000)], MAPPING, own)
    expect(words).toContain('Khớp với khoản đã biết: 1')
    expect(words.join()).toContain('Không ghi thêm khoản nào: 1 ')
    expect(await transactions()).toHaveLength(1)
    expect(await witnesses()).toHaveLength(1)
    expect(await takings()).toMatchObject({ saleCount: 1, totalVnd: 50_000 })
    // Money that comes later is counted by who tells of it, not by what she said before.
    await push({ amountVnd: 9_000_000 })
    expect((await takings()).saleCount).toBe(2)
  })
})

describe('which account a statement is of', () => {
  const [first, second] = [
    { bankBin: '970436', accountNumber: '0071000123456' },
    { bankBin: '970422', accountNumber: '888' },
  ]
  const bankless = { bank: null } as Header
  const vietcombank = { bank: { bankBin: '970436', name: 'Vietcombank' } } as Header
  it.each([
    ['named in the file, its zeros lost', { accountNumber: '71000123456', header: bankless }, 'x.csv', first],
    [
      'named by the file’s name',
      { accountNumber: undefined, header: bankless },
      'sao-ke 888 thang 11.csv',
      second,
    ],
    ['the only one at the layout’s bank', { accountNumber: undefined, header: vietcombank }, 'x.csv', first],
  ])('%s', (_, head, name, account) => {
    expect(accountOf(head, name, [first, second])).toBe(account)
  })

  it.each([
    [
      'nobody says',
      { accountNumber: undefined, header: bankless },
      'x8880.csv',
      'Chưa rõ sao kê của tài khoản nào',
    ],
    [
      'the file names another one',
      { accountNumber: '777', header: bankless },
      '888.csv',
      'chưa được phép báo tài khoản 777',
    ],
    [
      'the layout is another bank’s',
      { accountNumber: '888', header: vietcombank },
      'x.csv',
      'mẫu Vietcombank',
    ],
  ])('none: %s', (_, head, name, words) => {
    expect(() => accountOf(head, name, [first, second])).toThrow(words)
  })
})

it('what a person said of a header first stays', async () => {
  const header = { names: HEADER } as unknown as Header
  await rememberMapping(market.store, scope, source.id, header, MAPPING)
  await rememberMapping(market.store, scope, source.id, header, WITH_BALANCE)
  expect([...(await rememberedMappings(market.store, scope, source.id)).values()]).toEqual([MAPPING])
  await expect(
    rememberMapping(market.store, scope, source.id, header, { ...MAPPING, columns: {} }),
  ).rejects.toThrow('Chọn cột ngày')
})

describe('the folder', () => {
  const entries = (): TestEntry[] => [
    { at: '2026-11-22 00:00:00', amount: 50_000, memo: memo(), reference: '1' },
  ]
  function openDesk(now = () => Date.now() + 60_000) {
    return openStatementDesk({ store: market.store, intake, folder, now, log: pino({ level: 'silent' }) })
  }
  const drop = (name: string, content: string | Buffer) => {
    mkdirSync(join(folder, 'in', source.id), { recursive: true })
    writeFileSync(join(folder, 'in', source.id, name), content)
  }
  const filesIn = (stage: string) =>
    readdirSync(join(folder, stage, source.id)).toSorted((a, b) => a.localeCompare(b))
  const number = () => market.lan.accountNumber

  it('is taken file by file, to done or to refused with the reason beside it', async () => {
    await market.store.changeRegistry((tx) =>
      bindAccounts(tx, scope, source.id, [{ bankBin: '970436', accountNumber: number() }], MORNING),
    )
    const desk = openDesk(() => Math.max(clock, Date.now()) + 60_000)
    drop('good.xlsx', xlsxOf(banks.vietcombank(number(), entries())))
    drop(
      'bad.csv',
      csvOf(banks.vietcombank(number(), entries())).replace('Loại tiền/ Currency:,,VND', 'Currency:,,USD'),
    )
    expect(await desk.sweep(scope)).toBe(2)
    expect([filesIn('in'), filesIn('working')]).toEqual([[], []])
    expect(filesIn('done')).toEqual(['good.xlsx', 'good.xlsx.txt'])
    expect(filesIn('refused')).toEqual(['bad.csv', 'bad.csv.txt'])
    expect(readFileSync(join(folder, 'refused', source.id, 'bad.csv.txt'), 'utf8')).toContain(
      'không phải tiền đồng',
    )
    expect(await desk.find(source.id, 'good.xlsx')).toMatchObject({ stage: 'done', progress: undefined })
    expect(await desk.sweep(scope)).toBe(0)
  })

  it('leaves alone what is still being copied, and goes on with what a crash left behind', async () => {
    drop('a.csv', 'x')
    expect(await openDesk(() => Date.now()).sweep(scope)).toBe(0)
    mkdirSync(join(folder, 'working', source.id), { recursive: true })
    writeFileSync(join(folder, 'working', source.id, 'left.csv'), 'x')
    expect(await openDesk().sweep(scope)).toBe(1)
    expect(filesIn('working')).toEqual(['left.csv'])
    expect(await openDesk(() => Date.now() + 6 * 60_000).sweep(scope)).toBe(1)
    expect(filesIn('refused')).toEqual(['a.csv', 'a.csv.txt', 'left.csv', 'left.csv.txt'])
  })

  it('forgets after a week', async () => {
    drop('a.csv', 'x')
    await openDesk().sweep(scope)
    const old = new Date(Date.now() - 8 * 86_400_000)
    utimesSync(join(folder, 'refused', source.id, 'a.csv'), old, old)
    await openDesk(() => Date.now()).sweep(scope)
    expect(filesIn('refused')).toEqual([])
  })

  it('takes no file out of its own folder, whatever its name', async () => {
    const desk = openDesk()
    expect(desk.pathOf('in', '../../etc', '../../passwd')).toBe(join(folder, 'in', 'etc', 'passwd'))
    const name = await desk.receive(source.id, '../../../Sao kê "11"<b>.xlsx', new Uint8Array([1]))
    expect(name).toMatch(/^[A-Za-z0-9-]+-[0-9a-f]{8}\.xlsx$/)
    expect(readdirSync(join(folder, 'preview', source.id))).toEqual([name])
  })
})
