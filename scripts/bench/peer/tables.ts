import { Client } from 'pg'

/** What the receiver keeps: its transactions as told, a running total for each stall. */
export async function createTables(url: string, accountNumbers: readonly string[]): Promise<void> {
  await connected(url, async (client) => {
    await client.query(`
      create table bank_transaction (
        id bigserial primary key, sepay_id bigint not null unique, gateway text, account_number text not null,
        transaction_date text, amount_vnd bigint not null, content text, reference_code text, body text,
        created_at timestamptz not null default now()
      );
      create index on bank_transaction (account_number, created_at);
      create table stall (account_number text primary key, total_vnd bigint not null default 0)`)
    await client.query('insert into stall (account_number) select unnest($1::text[])', [accountNumbers])
  })
}

/** Its transactions counted and summed, and the sum of its totals, which should be the same. */
export function sumUp(url: string): Promise<{ count: number; amountVnd: number; totalVnd: number }> {
  return connected(url, async (client) => {
    const { rows } = await client.query<Record<'count' | 'amount' | 'total', string>>(`
      select count(*) as count, coalesce(sum(amount_vnd), 0) as amount, (select sum(total_vnd) from stall) as total
      from bank_transaction`)
    const [{ count, amount, total }] = rows as [(typeof rows)[number]]
    return { count: Number(count), amountVnd: Number(amount), totalVnd: Number(total) }
  })
}

async function connected<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(url)
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}
