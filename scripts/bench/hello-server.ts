// The framework alone: what no route of ours can be faster than.
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { reportTo } from './side.ts'

const app = new Hono()
app.post('*', (c) => c.json({ success: true }))
const server = serve({ fetch: app.fetch, port: 0 }, ({ port }) =>
  reportTo(process, port, async () => void server.close()),
)
