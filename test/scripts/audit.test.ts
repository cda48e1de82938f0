import { describe, expect, it } from 'vitest'
import { dayOf, decide } from '../../server/domain/match.ts'
import { sameTransfer } from '../../server/domain/same-transfer.ts'
import { credit, messageOf, openSmallMarket } from '../small-market.ts'
import { ENGINES, execute } from '../test-store.ts'
import { runScript } from './child.ts'

describe.each(ENGINES)('npm run audit on %s', (engine) => {
  it('says that the books agree, and names what does not', async () => {
    const { store, url, lan, close } = await openSmallMarket(engine)
    const told = credit({ accountNumber: lan.accountNumber, remittanceText: lan.reference })
    await store.record([messageOf(told)], { decide, sameTransfer, dayOf })
    const audit = () => runScript('audit.ts', [], { DATABASE_URL: url })

    const clean = await audit()
    expect(clean).toMatchObject({ code: 0, stderr: '' })
    expect(clean.stdout).toContain('Sổ khớp')
    expect(clean.stdout.includes('amcheck')).toBe(engine === 'postgres')

    await execute(url, 'update takings set total_vnd = total_vnd + 1')
    const tampered = await audit()
    expect(tampered.code).toBe(1)
    expect(tampered.stdout).not.toContain('Sổ khớp')
    expect(tampered.stderr).toMatch(
      /takings · market \d+, day 2026-11-22, stall \d+\n.*total 50001.*\n.*total 50000/,
    )
    await close()
  })
})

it('npm run audit says in words what is wrong with an address', async () => {
  const refused = await runScript('audit.ts', [], { DATABASE_URL: 'postgres://cho@127.0.0.1:1/cho' })
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain('Không tới được máy chủ PostgreSQL')
  const unknown = await runScript('audit.ts', [], { DATABASE_URL: 'mysql://localhost/cho' })
  expect(unknown.stderr).toContain('DATABASE_URL')
})
