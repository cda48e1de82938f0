import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CompactEncrypt, compactDecrypt } from 'jose'
import { DatabaseRefused } from '../storage/refusal.ts'
import { agreeOnSealKey } from '../storage/setting.ts'
import type { Store } from '../storage/store.ts'

/** Keeps secrets that we must be able to read again (a source's) out of the database and its backups. */
export interface Seal {
  /** Of its key: tells one key from another, and opens nothing. */
  fingerprint: string
  close(secret: string): Promise<string>
  /** Throws if the text was sealed with another key or changed. */
  open(sealed: string): Promise<string>
  /** HMAC-SHA256, cut to 16 bytes: the same payer in one market is the same key, and in another market another. */
  payerKey(marketId: number, payerAccount: string): string
}

const KEY_BYTES = 32
const PAYER_KEY_BYTES = 16

/** AES-256-GCM in a compact JWE, with the key in `seal.key` of that folder, made at the first start. */
export function openSeal(dataDir: string): Seal {
  const key = readKey(join(dataDir, 'seal.key'), dataDir)
  const payersKey = new Uint8Array(hkdfSync('sha256', key, '', 'payers', KEY_BYTES))
  return {
    fingerprint: createHmac('sha256', key).update('fingerprint').digest('hex'),
    close: (secret) =>
      new CompactEncrypt(new TextEncoder().encode(secret))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .encrypt(key),
    async open(sealed) {
      const { plaintext } = await compactDecrypt(sealed, key, {
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
      })
      return new TextDecoder().decode(plaintext)
    },
    payerKey: (marketId, payerAccount) =>
      createHmac('sha256', payersKey)
        .update(`${marketId} ${payerAccount}`)
        .digest()
        .subarray(0, PAYER_KEY_BYTES)
        .toString('base64url'),
  }
}

/**
 * Throws `DatabaseRefused` if this database's secrets are sealed with another key: a server with a key of its own would
 * refuse every genuine notification, and seal what no other server can open.
 */
export async function requireSameKey(store: Store, { fingerprint }: Seal): Promise<void> {
  const agreed = await store.write((tx) => agreeOnSealKey(tx, fingerprint))
  if (agreed !== fingerprint)
    throw new DatabaseRefused('OTHER_KEY', `seal.key is ${short(fingerprint)}, not ${short(agreed)}`)
}

const short = (fingerprint: string) => fingerprint.slice(0, 8)

function readKey(path: string, dataDir: string): Uint8Array {
  if (!existsSync(path)) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    // `wx`: of two processes started at once, one makes the key and both read it.
    try {
      writeFileSync(path, randomBytes(KEY_BYTES), { mode: 0o600, flag: 'wx' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
  const key = readFileSync(path)
  if (key.length !== KEY_BYTES)
    throw new Error(`${path} is not a key of ${KEY_BYTES} bytes: restore it from the backup`)
  return key
}
