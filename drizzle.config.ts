import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'sqlite',
  schema: './server/storage/kit.sqlite.ts',
  out: './server/storage/migrations/sqlite',
  casing: 'snake_case',
})
