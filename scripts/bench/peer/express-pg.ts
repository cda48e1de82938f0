// The receiver most shops have, as SePay's documentation leads to it: Express, a pool, «have I seen this id?», insert,
// add to the stall's total, commit, answer. Built as well as that design goes, so that beating it means something.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { Pool } from 'pg'
import { SECRET } from '../../../test/sepay.ts'
import { reportTo } from '../side.ts'

const pool = new Pool({ connectionString: process.env['DATABASE_URL'] })
const app = express()
const rawBodies = new WeakMap<object, Buffer>()
app.use(express.json({ limit: '64kb', verify: (request, _, raw) => void rawBodies.set(request, raw) }))

// oxlint-disable-next-line oxc/no-async-endpoint-handlers -- Express 5 awaits them
app.post('/notifications/:sourceId', async (request, response) => {
  const timestamp = request.get('x-sepay-timestamp') ?? ''
  const given = Buffer.from(request.get('x-sepay-signature')?.slice('sha256='.length) ?? '', 'hex')
  const raw = rawBodies.get(request) ?? Buffer.alloc(0)
  const due = createHmac('sha256', SECRET).update(`${timestamp}.`).update(raw).digest()
  const isFresh = Math.abs(Date.now() / 1000 - Number(timestamp)) <= 300
  if (given.length !== due.length || !timingSafeEqual(given, due) || !isFresh) {
    response.status(401).json({ success: false })
    return
  }
  const told = request.body
  const client = await pool.connect()
  try {
    await client.query('begin')
    const seen = await client.query('select 1 from bank_transaction where sepay_id = $1', [told.id])
    if (seen.rowCount === 0) {
      await client.query(
        `insert into bank_transaction
           (sepay_id, gateway, account_number, transaction_date, amount_vnd, content, reference_code, body)
         values ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [
          told.id,
          told.gateway,
          told.accountNumber,
          told.transactionDate,
          told.transferAmount,
          told.content,
          told.referenceCode,
          raw.toString(),
        ],
      )
      await client.query('update stall set total_vnd = total_vnd + $2 where account_number = $1', [
        told.accountNumber,
        told.transferAmount,
      ])
    }
    await client.query('commit')
    response.json({ success: true })
  } catch (error) {
    await client.query('rollback')
    console.error(error)
    response.status(500).json({ success: false })
  } finally {
    client.release()
  }
})

const server = app.listen(0, () =>
  reportTo(process, (server.address() as AddressInfo).port, () => pool.end()),
)
