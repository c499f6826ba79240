/** What the session tests share: a person, a policy, a ring, a log that can be read. */
import { sessionCookieName } from '../../src/core/answer/cookies.ts'
import type { SessionPolicy } from '../../src/core/gateway.ts'
import type { SessionFacts, SessionTokens } from '../../src/core/identity/session.ts'
import { Secret } from '../../src/core/secret.ts'
import { newSessionId, signedValue } from '../../src/session/cookie.ts'
import { createKeyRing, type KeyRing } from '../../src/session/seal.ts'
import type { Log } from '../../src/session/store.ts'

export const firstSecret = new Secret('first secret of the tests, 32 bytes long')
export const secondSecret = new Secret('second secret of the tests, 32 bytes too')
export const ring = createKeyRing([firstSecret])

export const policy: SessionPolicy = {
  secrets: [firstSecret],
  lifetimeSeconds: 36_000,
  idleSeconds: 3600,
  revalidateSeconds: 900,
  perPerson: null,
  store: { type: 'memory', maxSessions: 1000 },
}

export const now = () => Date.now() / 1000

export function facts(changes: Partial<SessionFacts> = {}): SessionFacts {
  return {
    tenant: 'payroll',
    provider: 'contoso',
    authority: 'https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555',
    registration: 'https://login.microsoftonline.com 66666666-7777-8888-9999-000000000000',
    directoryId: '11111111-2222-3333-4444-555555555555',
    objectId: 'aaaaaaaa-0000-0000-0000-000000000001',
    claims: {
      name: 'Ada Łovelace',
      preferred_username: 'ada@contoso.com',
      oid: 'aaaaaaaa-0000-0000-0000-000000000001',
    },
    groups: ['bbbbbbbb-0000-0000-0000-000000000001'],
    appRoles: ['Payroll.Admin'],
    directoryRoles: [],
    ...{ graph: {}, sid: null, authTime: null, contexts: {} },
    ...{ startedAt: now(), checkedAt: now() },
    ...changes,
  }
}

export const tokens = { loginHint: 'O.ada-lovelace-at-contoso', refreshToken: null } satisfies SessionTokens

export interface Cookie {
  readonly id: string
  readonly header: string
}

export function newCookie(by: KeyRing = ring): Cookie {
  const id = newSessionId(by.cookieKeys)
  return { id, header: cookieHeader(id, by) }
}

export function cookieHeader(id: string, by: KeyRing = ring): string {
  return `${sessionCookieName}=${signedValue(id, by.cookieKeys[0] ?? '')}`
}

export interface ReadableLog extends Log {
  readonly lines: string[]
}

export function readableLog(): ReadableLog {
  const lines: string[] = []
  const write = (level: string) => (event: string, fields: object) => {
    lines.push(`${level} ${event} ${JSON.stringify(fields)}`)
  }
  return { lines, info: write('info'), warn: write('warn'), error: write('error') }
}

export interface Clock {
  (): number
  forward(seconds: number): void
}

/** A clock that stands still until it is put forward. */
export function fakeClock(start = 1_800_000_000): Clock {
  let time = start
  return Object.assign(() => time, {
    forward(seconds: number) {
      time += seconds
    },
  })
}
