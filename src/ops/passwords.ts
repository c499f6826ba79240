/** Hashes of passwords, made for the configuration and held against what somebody types. */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import {
  normalPassword,
  type PasswordHash,
  passwordCost,
  readPasswordHash,
  writePasswordHash,
} from '../core/identity/password-hash.ts'

const hashBytes = 32

/** @returns the hash as the configuration takes it, with a new salt. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const hash = await derive(password, salt)
  return writePasswordHash({ salt: unpadded(salt), hash: unpadded(hash) })
}

/**
 * Whether a password is that of a hash. Takes as long where there is none, so that time tells nobody whether there is.
 * @param hash as `readPasswordHash` takes it; null: there is no account, and nothing is right.
 */
export async function isPassword(password: string, hash: string | null): Promise<boolean> {
  const read = hash === null ? nobody : readPasswordHash(hash)
  if ('problem' in read) throw new Error('a password hash that was checked cannot be read')
  const derived = await derive(password, Buffer.from(read.salt, 'base64'))
  return timingSafeEqual(derived, Buffer.from(read.hash, 'base64')) && hash !== null
}

/** Of no password: one whose hash it is would have to be found first, and would open nothing. */
const nobody: PasswordHash = { salt: 'A'.repeat(22), hash: 'A'.repeat(43) }

/** In a thread of its own: the event loop goes on. */
function derive(password: string, salt: Buffer): Promise<Buffer> {
  const { ln, r, p } = passwordCost
  const cost = { N: 2 ** ln, r, p, maxmem: 256 * 1024 * 1024 }
  return new Promise((resolve, reject) => {
    scrypt(normalPassword(password), salt, hashBytes, cost, (error, key) => (error ? reject(error) : resolve(key)))
  })
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
