/** Sealing: what leaves this process towards a browser or a store is unreadable there, and a changed bit is noticed. */
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import type { Secret } from '../core/secret.ts'
import { pack, unpack, unpackPlain } from './packing.ts'

/** What a sealed record belongs to. All of it is authenticated: a record moved or relabelled does not open (T63, T122). */
export interface RecordAddress {
  readonly kind: 'facts' | 'tokens'
  /** The session id, which only the cookie holds; the key is derived from it, so a dump of the store opens nothing (T80). */
  readonly id: string
  readonly tenant: string
  readonly version: number
}

export interface KeyRing {
  /**
   * From now on all of these open, and a secret that is not among them opens nothing any more. The first seals; where
   * nobody has seen it before, it does so after two minutes only, so that replicas that hear of it later understand
   * what this one says meanwhile.
   */
  rotate(secrets: readonly Secret[]): void
  /** Keys that sign cookies, one per secret: the first signs, all verify. */
  readonly cookieKeys: readonly string[]
  /** Keys of the marks on the applications' own cookies, one per secret: the first makes them, all are tried. */
  readonly bondKeys: readonly Buffer[]
  /** Keys that vouch for the bindings of browsers, in the same way. */
  readonly bindingKeys: readonly string[]
  sealRecord(address: RecordAddress, text: string): string
  /** null where it does not open: another address, another secret, a changed byte. */
  openRecord(address: RecordAddress, sealed: string): string | null
  /** Seals text that may travel through a browser. `context` is authenticated, not contained. Safe in a URL. */
  sealText(context: readonly string[], text: string): string
  openText(context: readonly string[], sealed: string): string | null
  /**
   * Seals bytes that only one browser may open again: the key is derived from what its cookie holds, so a dump of the
   * store opens nothing, not even with the secrets.
   */
  sealFor(browser: string, context: readonly string[], plain: Buffer): string
  openFor(browser: string, context: readonly string[], sealed: string): Buffer | null
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
  readonly bondKey: Buffer
  readonly bindingKey: string
  readonly recordKey: Buffer
  readonly textKey: Buffer
  readonly stubKey: Buffer
  readonly indexKey: Buffer
  readonly browserKey: Buffer
}

const format = '1'
const nonceBytes = 12
const tagBytes = 16
/** As long as one replica may hear of a new secret after another. */
const settlingSeconds = 120

/**
 * Derives the keys of every purpose from the configured secrets (HKDF-SHA256, RFC 5869): none is used for two purposes.
 * @param secrets the first seals, all open. Refuses an empty list.
 * @param clock seconds.
 */
export function createKeyRing(secrets: readonly Secret[], clock = () => performance.now() / 1_000): KeyRing {
  let ring = ringOf(secrets)
  let settled: { readonly ring: Ring; readonly at: number } | null = null
  /** Since when this replica has known each secret; what it began with is known to all. */
  let since: ReadonlyMap<string, number> = new Map(ring.all.map(({ keyId }) => [keyId, Number.NEGATIVE_INFINITY]))

  function inForce(): Ring {
    if (settled !== null && clock() >= settled.at) {
      ring = settled.ring
      settled = null
    }
    return ring
  }

  return {
    get cookieKeys() {
      return inForce().cookieKeys
    },
    get bondKeys() {
      return inForce().bondKeys
    },
    get bindingKeys() {
      return inForce().bindingKeys
    },
    rotate(next) {
      const { first } = inForce()
      const wanted = ringOf(next)
      const now = clock()
      since = new Map(wanted.all.map(({ keyId }) => [keyId, since.get(keyId) ?? now]))
      const settlesAt = (keys: Ringed) => (since.get(keys.keyId) ?? now) + settlingSeconds
      const isSettled = (keys: Ringed) => settlesAt(keys) <= now
      // What all others open by now: the one that sealed until now, or another that is listed for long.
      const meanwhile = isSettled(wanted.first)
        ? undefined
        : (wanted.byId.get(first.keyId) ?? wanted.all.find(isSettled))
      settled = meanwhile === undefined ? null : { ring: wanted, at: settlesAt(wanted.first) }
      ring = meanwhile === undefined ? wanted : ringed([meanwhile, ...wanted.all.filter((each) => each !== meanwhile)])
    },
    sealRecord(address, text) {
      const { first } = inForce()
      return seal(first.keyId, sessionKey(first, address.id), packedContext(recordContext(address)), pack(text))
    },
    openRecord(address, sealed) {
      const keys = inForce().byId.get(keyIdOf(sealed))
      if (keys === undefined) return null
      const [key, context] = [sessionKey(keys, address.id), recordContext(address)]
      const packed = open(sealed, key, packedContext(context))
      if (packed !== null) return unpack(packed)
      // As earlier versions wrote them.
      const plain = open(sealed, key, context)
      return plain === null ? null : unpackPlain(plain)
    },
    sealText(context, text) {
      const { first } = inForce()
      return seal(first.keyId, first.textKey, JSON.stringify(['text', ...context]), Buffer.from(text, 'utf8'))
    },
    openText(context, sealed) {
      const keys = inForce().byId.get(keyIdOf(sealed))
      if (keys === undefined) return null
      return open(sealed, keys.textKey, JSON.stringify(['text', ...context]))?.toString('utf8') ?? null
    },
    sealFor(browser, context, plain) {
      const { first } = inForce()
      return seal(first.keyId, browserKey(first, browser), JSON.stringify(['browser', ...context]), plain)
    },
    openFor(browser, context, sealed) {
      const keys = inForce().byId.get(keyIdOf(sealed))
      if (keys === undefined) return null
      return open(sealed, browserKey(keys, browser), JSON.stringify(['browser', ...context]))
    },
    sealStub(key, text) {
      const { first } = inForce()
      return seal(first.keyId, first.stubKey, packedContext(stubContext(key)), pack(text))
    },
    openStub(key, sealed) {
      const keys = inForce().byId.get(keyIdOf(sealed))
      if (keys === undefined) return null
      const packed = open(sealed, keys.stubKey, packedContext(stubContext(key)))
      if (packed !== null) return unpack(packed)
      // As earlier versions wrote them: a session must not get out of reach by an upgrade.
      return open(sealed, keys.stubKey, stubContext(key))?.toString('utf8') ?? null
    },
    indexNames: (text) => inForce().all.map(({ indexKey }) => indexName(indexKey, text)),
  }
}

type Ring = ReturnType<typeof ringed>

function ringOf(secrets: readonly Secret[]): Ring {
  return ringed(secrets.map(deriveKeys))
}

function ringed(all: readonly Ringed[]) {
  const [first] = all
  if (first === undefined) throw new Error('A key ring needs at least one secret')
  const byId: ReadonlyMap<string, Ringed> = new Map(all.map((keys) => [keys.keyId, keys]))
  const cookieKeys = all.map((keys) => keys.cookieKey)
  const bindingKeys = all.map((keys) => keys.bindingKey)
  return { first, all, byId, cookieKeys, bindingKeys, bondKeys: all.map((keys) => keys.bondKey) }
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
    bondKey: derive('bound cookie', 32),
    bindingKey: derive('binding cookie', 32).toString('base64url'),
    recordKey: derive('session record', 32),
    textKey: derive('text', 32),
    stubKey: derive('stub', 32),
    indexKey: derive('index', 32),
    browserKey: derive('browser', 32),
  }
}

function sessionKey(keys: Ringed, id: string): Buffer {
  return Buffer.from(hkdfSync('sha256', keys.recordKey, id, 'sallyport session', 32))
}

function browserKey(keys: Ringed, browser: string): Buffer {
  return Buffer.from(hkdfSync('sha256', keys.browserKey, browser, 'sallyport browser', 32))
}

// A JSON array, not a concatenation: no boundary can be shifted (T56).
function recordContext({ kind, id, tenant, version }: RecordAddress): string {
  return JSON.stringify([kind, storeKey(id), tenant, version])
}

function stubContext(key: string): string {
  return JSON.stringify(['stub', key])
}

/** Says how it is packed, so that it is never unpacked in another way. */
function packedContext(context: string): string {
  return JSON.stringify(['packed', context])
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
