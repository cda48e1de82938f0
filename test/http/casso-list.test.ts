import { expect, it } from 'vitest'
import { addInstance } from '../../server/sources/instance.ts'
import { operatorScope, stallScope } from '../../server/storage/scope.ts'
import { bindAccounts } from '../../server/storage/source.ts'
import { getTakings } from '../../server/storage/takings.ts'
import { matchException } from '../../server/storage/kit.sqlite.ts'
import { openTestServer, TODAY } from './test-server.ts'

it('of a list, what can be read is counted, and the rest goes to a person', async () => {
  const server = openTestServer()
  const { store, seal } = server.services
  const stall = await server.addStall(await server.addMarket('Chợ Phù Cát'), 'A1')
  const secret = 'a-secret-of-this-test'
  const wanted = { kind: 'casso', mode: 'v1', label: 'Casso', access: null, secret }
  const { id } = await addInstance(store, seal, operatorScope(), wanted, server.clock.now)
  await store.changeRegistry((tx) => bindAccounts(tx, operatorScope(), id, stall.accounts, server.clock.now))
  const entry = (number: number, amount: number) => ({
    id: number,
    tid: `FT2632600000${number}`,
    description: stall.stall.reference,
    amount,
    when: '2026-11-22 08:59:10',
    bank_sub_acc_id: stall.accounts[0]!.accountNumber,
    bankAbbreviation: 'MB',
  })
  const body = JSON.stringify({ error: 0, data: [entry(1, 1_000), entry(2, 0.5), entry(3, 3_000)] })
  const init = { method: 'POST', body, headers: { 'secure-token': secret } }
  for (let time = 0; time < 2; time += 1) {
    expect((await server.request(`/notifications/${id}`, init)).status).toBe(200)
  }
  const scope = stallScope(stall.stall.marketId, stall.stall.id)
  expect(await getTakings(store, scope, TODAY)).toMatchObject({ totalVnd: 4_000, saleCount: 2 })
  const raised = await store.db.select().from(matchException)
  expect(raised.map(({ reason, detail }) => [reason, detail])).toEqual([
    ['unreadable', expect.stringMatching(/^bad_amount \(data.amount: /)],
  ])
  await server.close()
})
