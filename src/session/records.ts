/** A session's two records: how they are written, sealed, opened and believed. */
import { Fault } from '../core/fault.ts'
import type { AccessToken, SessionFacts, SessionTokens } from '../core/identity/session.ts'
import { type KeyRing, storeKey } from './seal.ts'
import type { SessionStore } from './store.ts'
import { newNamesOf, sealStub } from './stub.ts'

/** Which session of which tenant. The id is the cookie's secret: it stays in this room. */
export interface SessionName {
  readonly tenant: string
  readonly id: string
}

export interface Login {
  readonly facts: SessionFacts
  readonly tokens: SessionTokens
}

export interface Revision {
  readonly facts: SessionFacts
  /** Null: they stay as they are. */
  readonly tokens: SessionTokens | null
}

export type ReadFacts =
  | { readonly found: 'facts'; readonly facts: SessionFacts; readonly version: number }
  | { readonly found: 'nothing' }
  /** A record that does not open here: another tenant's, tampered with, or sealed with a secret that is gone. */
  | { readonly found: 'unreadable' }

export interface Lifespan {
  readonly ttlSeconds: number
  /** Seconds since 1970. */
  readonly endsAt: number
}

export interface Records {
  /** Throws if the key is taken, which 128 random bits rule out: then something is wrong with the randomness. */
  create(name: SessionName, login: Login, lifespan: Lifespan): Promise<void>
  /**
   * Compare-and-set on the version that was read; `tokens` where they have changed. Never brings a session back (T74).
   */
  update(name: SessionName, from: number, next: Revision): Promise<'updated' | 'conflict' | 'gone'>
  facts(name: SessionName): Promise<ReadFacts>
  tokens(name: SessionName): Promise<SessionTokens | null>
}

export function createRecords(store: SessionStore, ring: KeyRing): Records {
  return {
    async create(name, { facts, tokens }, lifespan) {
      const key = storeKey(name.id)
      const created = await store.create(key, {
        facts: ring.sealRecord({ ...name, kind: 'facts', version: 1 }, JSON.stringify(facts)),
        tokens: ring.sealRecord({ ...name, kind: 'tokens', version: 1 }, JSON.stringify(tokens)),
        stub: sealStub(ring, key, facts),
        names: newNamesOf(ring, facts),
        ...lifespan,
      })
      if (!created) throw new Error('A new session id is already taken')
    },
    async update(name, from, { facts, tokens }) {
      const version = from + 1
      const key = storeKey(name.id)
      return await store.update(key, {
        from,
        stub: sealStub(ring, key, facts),
        facts: ring.sealRecord({ ...name, kind: 'facts', version }, JSON.stringify(facts)),
        ...(tokens === null
          ? {}
          : { tokens: ring.sealRecord({ ...name, kind: 'tokens', version }, JSON.stringify(tokens)) }),
      })
    },
    async facts(name) {
      const record = await store.read(storeKey(name.id))
      if (record === null) return { found: 'nothing' }
      const text = ring.openRecord({ ...name, kind: 'facts', version: record.version }, record.value)
      const facts = text === null ? null : parseFacts(text)
      // The seal already binds the tenant; the record says it again, and both must agree.
      if (facts === null || facts.tenant !== name.tenant) return { found: 'unreadable' }
      return { found: 'facts', facts, version: record.version }
    },
    async tokens(name) {
      const record = await store.readTokens(storeKey(name.id))
      if (record === null) return null
      const text = ring.openRecord({ ...name, kind: 'tokens', version: record.version }, record.value)
      return text === null ? null : parseTokens(text)
    },
  }
}

/** Whether an error is the store's being away, which known sessions survive for a while. */
export function isStoreFault(error: unknown): boolean {
  return error instanceof Fault && error.code === 'session_store_down'
}

function parseFacts(text: string): SessionFacts | null {
  const value = parseObject(text)
  if (value === null) return null
  const { tenant, provider, authority, registration, directoryId, objectId, claims, groups } = value
  if (!isText(tenant) || !isText(provider) || !isText(authority) || !isText(registration)) return null
  if (!isText(directoryId) || !isText(objectId)) return null
  const { appRoles, directoryRoles } = value
  if (!isTexts(groups) || !isTexts(appRoles) || !isTexts(directoryRoles) || !isClaims(claims)) return null
  const { graph, sid, authTime, contexts, bond, browsers, startedAt, checkedAt, endsAt } = value
  if (!isRecord(graph, isText) || !isRecord(contexts, isNumber) || !isNumber(startedAt) || !isNumber(checkedAt))
    return null
  if ((sid !== null && !isText(sid)) || (authTime !== null && !isNumber(authTime))) return null
  if (endsAt !== undefined && !isNumber(endsAt)) return null
  const until = endsAt === undefined ? {} : { endsAt }
  const bound = { ...(isText(bond) ? { bond } : {}), ...(isTexts(browsers) ? { browsers } : {}) }
  const who = { tenant, provider, authority, registration, directoryId, objectId }
  const since = { ...bound, startedAt, checkedAt, ...until }
  return { ...who, claims, groups, appRoles, directoryRoles, graph, sid, authTime, contexts, ...since }
}

function parseTokens(text: string): SessionTokens | null {
  const value = parseObject(text)
  if (value === null) return null
  const { loginHint, refreshToken, accessTokens } = value
  return {
    loginHint: isText(loginHint) ? loginHint : null,
    refreshToken: isText(refreshToken) ? refreshToken : null,
    ...(isRecord(accessTokens, isAccessToken) ? { accessTokens } : {}),
  }
}

function isAccessToken(value: unknown): value is AccessToken {
  return isObject(value) && isText(value.value) && isNumber(value.expiresAt)
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isClaims(value: unknown): value is SessionFacts['claims'] {
  return isObject(value) && Object.values(value).every(isClaim)
}

function isRecord<Value>(value: unknown, is: (each: unknown) => each is Value): value is Record<string, Value> {
  return isObject(value) && Object.values(value).every(is)
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}

function isClaim(value: unknown): boolean {
  return isText(value) || typeof value === 'number' || typeof value === 'boolean' || isTexts(value)
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
