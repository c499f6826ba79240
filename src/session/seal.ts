/** Sealing: what leaves this process towards a browser or a store is unreadable there, and a changed bit is noticed. */
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Secret } from '../core/secret.ts'

/** What a sealed record belongs to. All of it is authenticated: a record moved or relabelled does not open (T63, T122). */
export interface RecordAddress {
  readonly kind: 'facts' | 'tokens'
  /** The session id, which only the cookie holds; the key is derived from it, so a dump of the store opens nothing (T80). */
  readonly id: string
  readonly tenant: string
  readonly version: number
}

export interface KeyRing {
  /** From now on the first of these seals and all of them open; a secret that is not among them opens nothing any more. */
  rotate(secrets: readonly Secret[]): void
  /** Keys that sign cookies, one per secret: the first signs, all verify. */
  readonly cookieKeys: readonly string[]
  /** Keys that vouch for the bindings of browsers, in the same way. */
  readonly bindingKeys: readonly string[]
  sealRecord(address: RecordAddress, text: string): string
  /** null where it does not open: another address, another secret, a changed byte. */
  openRecord(address: RecordAddress, sealed: string): string | null
  /** Seals text that may travel through a browser. `context` is authenticated, not contained. Safe in a URL. */
  sealText(context: readonly string[], text: string): string
  openText(context: readonly string[], sealed: string): string | null
  /**
   * Seals the stub of the session that has this key in the store: without the cookie's help, so that this server can
   * open it alone.
   */
  sealStub(key: string, text: string): string
  openStub(key: string, sealed: string): string | null
  /**
   * The names in the store of what this text stands for, one per secret, that of the first secret first: without a
   * secret nobody can tell which person or tenant a name is of, not even by trying all that there are.
   */
  indexNames(text: string): readonly string[]
}

interface Ringed {
  /** Names the secret inside an envelope without telling anything about it. */
  readonly keyId: string
  readonly cookieKey: string
  readonly bindingKey: string
  readonly recordKey: Buffer
  readonly textKey: Buffer
  readonly stubKey: Buffer
  readonly indexKey: Buffer
}

const format = '1'
const nonceBytes = 12
const tagBytes = 16
/** A record is refused beyond this size, so that one opened value can never fill the memory. */
const maxRecordBytes = 256 * 1024

/**
 * Derives the keys of every purpose from the configured secrets (HKDF-SHA256, RFC 5869): none is used for two purposes.
 * @param secrets the first seals, all open. Refuses an empty list.
 */
export function createKeyRing(secrets: readonly Secret[]): KeyRing {
  let ring = ringOf(secrets)

  return {
    get cookieKeys() {
      return ring.cookieKeys
    },
    get bindingKeys() {
      return ring.bindingKeys
    },
    rotate(next) {
      ring = ringOf(next)
    },
    sealRecord(address, text) {
      // Compressed, because thousands of idle sessions are held; nothing a stranger chooses shares a record with a secret.
      const plain = deflateRawSync(Buffer.from(text, 'utf8'))
      const { first } = ring
      return seal(first.keyId, sessionKey(first, address.id), recordContext(address), plain)
    },
    openRecord(address, sealed) {
      const keys = ring.byId.get(keyIdOf(sealed))
      if (keys === undefined) return null
      const plain = open(sealed, sessionKey(keys, address.id), recordContext(address))
      return plain === null ? null : inflate(plain)
    },
    sealText(context, text) {
      const { first } = ring
      return seal(first.keyId, first.textKey, JSON.stringify(['text', ...context]), Buffer.from(text, 'utf8'))
    },
    openText(context, sealed) {
      const keys = ring.byId.get(keyIdOf(sealed))
      if (keys === undefined) return null
      return open(sealed, keys.textKey, JSON.stringify(['text', ...context]))?.toString('utf8') ?? null
    },
    sealStub(key, text) {
      const { first } = ring
      return seal(first.keyId, first.stubKey, JSON.stringify(['stub', key]), Buffer.from(text, 'utf8'))
    },
    openStub(key, sealed) {
      const keys = ring.byId.get(keyIdOf(sealed))
      if (keys === undefined) return null
      return open(sealed, keys.stubKey, JSON.stringify(['stub', key]))?.toString('utf8') ?? null
    },
    indexNames: (text) => ring.all.map(({ indexKey }) => indexName(indexKey, text)),
  }
}

function ringOf(secrets: readonly Secret[]) {
  const all = secrets.map(deriveKeys)
  const [first] = all
  if (first === undefined) throw new Error('A key ring needs at least one secret')
  const byId: ReadonlyMap<string, Ringed> = new Map(all.map((keys) => [keys.keyId, keys]))
  const cookieKeys = all.map((keys) => keys.cookieKey)
  return { first, all, byId, cookieKeys, bindingKeys: all.map((keys) => keys.bindingKey) }
}

/** The name of a session in the store: it does not lead back to the id. */
export function storeKey(id: string): string {
  return createHash('sha256').update(id).digest('base64url')
}

/** 128 bits: nobody finds a second text for a name, and thousands of names are held in memory. */
function indexName(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest().subarray(0, 16).toString('base64url')
}

function deriveKeys(secret: Secret): Ringed {
  const derive = (purpose: string, bytes: number) =>
    Buffer.from(hkdfSync('sha256', secret.reveal(), '', `sallyport ${purpose}`, bytes))
  return {
    keyId: derive('key id', 6).toString('base64url'),
    cookieKey: derive('session cookie', 32).toString('base64url'),
    bindingKey: derive('binding cookie', 32).toString('base64url'),
    recordKey: derive('session record', 32),
    textKey: derive('text', 32),
    stubKey: derive('stub', 32),
    indexKey: derive('index', 32),
  }
}

function sessionKey(keys: Ringed, id: string): Buffer {
  return Buffer.from(hkdfSync('sha256', keys.recordKey, id, 'sallyport session', 32))
}

// A JSON array, not a concatenation: no boundary can be shifted (T56).
function recordContext({ kind, id, tenant, version }: RecordAddress): string {
  return JSON.stringify([kind, storeKey(id), tenant, version])
}

function seal(keyId: string, key: Buffer, context: string, plain: Buffer): string {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  cipher.setAAD(Buffer.from(context, 'utf8'))
  const body = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  return `${format}.${keyId}.${body.toString('base64url')}`
}

function open(sealed: string, key: Buffer, context: string): Buffer | null {
  const text = sealed.slice(sealed.lastIndexOf('.') + 1)
  const body = Buffer.from(text, 'base64url')
  if (body.length < nonceBytes + tagBytes) return null
  // Base64 has several spellings of the same bytes; only ours counts, so that every changed character is noticed.
  if (body.toString('base64url') !== text) return null
  const decipher = createDecipheriv('aes-256-gcm', key, body.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(context, 'utf8'))
  decipher.setAuthTag(body.subarray(-tagBytes))
  try {
    return Buffer.concat([decipher.update(body.subarray(nonceBytes, -tagBytes)), decipher.final()])
  } catch {
    return null
  }
}

/** The key id of an envelope, or an empty string, which names no key. */
function keyIdOf(sealed: string): string {
  const parts = sealed.split('.', 4)
  if (parts.length !== 3 || parts[0] !== format) return ''
  return parts[1] ?? ''
}

function inflate(plain: Buffer): string | null {
  try {
    return inflateRawSync(plain, { maxOutputLength: maxRecordBytes }).toString('utf8')
  } catch {
    return null
  }
}
