import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openSeal, type Seal } from '../../server/domain/seal.ts'
import { addInstance, instanceDirectory } from '../../server/sources/instance.ts'
import { operatorScope } from '../../server/storage/scope.ts'
import { MORNING, openSmallMarket, type SmallMarket } from '../small-market.ts'

let market: SmallMarket
let folder: string
let opened: number
let broken: boolean
let seal: Seal
beforeEach(async () => {
  market = await openSmallMarket()
  folder = mkdtempSync(join(tmpdir(), 'cho-'))
  opened = 0
  broken = false
  const real = openSeal(folder)
  seal = {
    ...real,
    open(sealed) {
      opened += 1
      return broken ? Promise.reject(new Error('no key')) : real.open(sealed)
    },
  }
})
afterEach(async () => {
  await market.close()
  rmSync(folder, { recursive: true })
})

async function addOne(): Promise<string> {
  const wanted = { kind: 'sepay', mode: 'hmac', label: 'SePay', access: null, secret: 's' }
  return (await addInstance(market.store, seal, operatorScope(), wanted, MORNING)).id
}

it('a hundred who ask at once are answered by one look-up', async () => {
  const id = await addOne()
  const find = instanceDirectory(market.store, seal)
  const found = await Promise.all(Array.from({ length: 100 }, () => find(id, MORNING)))
  expect(found.map((one) => one?.secrets)).toEqual(Array.from({ length: 100 }, () => ['s']))
  expect(opened).toBe(1)
  await find(id, MORNING + 1_000)
  expect(opened).toBe(2)
})

it('neither a failure nor what does not exist is remembered', async () => {
  const find = instanceDirectory(market.store, seal)
  const id = await addOne()
  broken = true
  await expect(find(id, MORNING)).rejects.toThrow('no key')
  broken = false
  expect(await find(id, MORNING)).toMatchObject({ row: { id } })
  expect(await find('sepay-later', MORNING)).toBeUndefined()
})
