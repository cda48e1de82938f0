import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'postgresql',
  schema: './server/storage/kit.postgres.ts',
  out: './server/storage/migrations/postgres',
  casing: 'snake_case',
})
