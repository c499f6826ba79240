/**
 * The marks on the applications' own session cookies: an HMAC over tenant, whose it is, name and value, before the
 * value. What is judged with them: core/answer/bound-cookies.ts.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { CookieBond } from '../core/answer/bound-cookies.ts'
import { bondOf } from '../core/identity/bond.ts'
import type { Session } from '../core/identity/session.ts'
import { isSameSecret } from '../ops/same-secret.ts'
import { findSessionCookie } from './cookie.ts'
import type { KeyRing } from './seal.ts'

export interface Bonds {
  /**
   * The bond of who is signed in; of nobody where that is null: what an application gave to nobody never becomes that of
   * somebody, and the other way round.
   * @param cookieHeader of the request, which led to the session.
   */
  of(tenant: string, session: Session | null, cookieHeader: string | undefined): CookieBond
  /**
   * Where nobody looked whose a request is: of the browser that sends just this cookie of ours. Whoever turns out to be
   * signed in by it has what is bound to it.
   */
  unasked(tenant: string, cookieHeader: string | undefined): CookieBond
}

/** Whose a cookie is. */
type Whose = readonly ['nobody'] | readonly ['session', string] | readonly ['browser', string]

const nobody: Whose = ['nobody']
const none = (): readonly Whose[] => []
/** 128 bits, base64url, and the dot. */
const markLength = 22
const marked = /^[\w-]{22}\./
/** Of one session; more than an application has. */
const mostKnown = 16

/** A new value that cookies are bound to: one per sign-in. */
export function newBond(): string {
  return randomBytes(16).toString('base64url')
}

export function createBonds(ring: KeyRing): Bonds {
  const verified = new WeakMap<Session, Verified>()

  /**
   * @param whose makes marks, and is asked for where there is one to make or to look at: most requests carry none.
   * @param others whose marks are taken too.
   */
  function bondFor(
    tenant: string,
    whose: () => Whose,
    session: Session | null = null,
    others: () => readonly Whose[] = none,
  ): CookieBond {
    const keys = ring.bondKeys
    return {
      bind: (name, value) => `${markOf(keys[0], [tenant, whose(), name, value])}.${value}`,
      release(name, bound) {
        const pair = `${name}=${bound}`
        const known = session === null ? undefined : verified.get(session)
        // What was found out with a secret that is gone counts no more.
        if (known?.keys === keys && known.pairs.has(pair)) return bound.slice(markLength + 1)
        if (!marked.test(bound)) return null
        const [mark, value] = [bound.slice(0, markLength), bound.slice(markLength + 1)]
        const isOf = (each: Whose) => keys.some((key) => isSameSecret(mark, markOf(key, [tenant, each, name, value])))
        const fits = isOf(whose()) || others().some(isOf)
        if (fits && session !== null) remember(session, keys, pair)
        return fits ? value : null
      },
    }
  }

  function remember(session: Session, keys: Verified['keys'], pair: string): void {
    const known = verified.get(session)
    if (known?.keys !== keys) verified.set(session, { keys, pairs: new Set([pair]) })
    else if (known.pairs.size < mostKnown) known.pairs.add(pair)
  }

  return {
    of(tenant, session, cookieHeader) {
      if (session === null) return bondFor(tenant, () => nobody)
      const { facts } = session
      const browsers = () => [...(facts.browsers ?? []), browserOf(cookieHeader) ?? []].flat()
      return bondFor(
        tenant,
        () => ['session', bondOf(facts)],
        session,
        () => browsers().map((each) => ['browser', each] as const),
      )
    },
    unasked(tenant, cookieHeader) {
      return bondFor(tenant, () => {
        const browser = browserOf(cookieHeader)
        return browser === null ? nobody : ['browser', browser]
      })
    },
  }
}

interface Verified {
  readonly keys: readonly Buffer[]
  readonly pairs: Set<string>
}

/** What only the browser with this session's cookie has, and does not give it away; null where there is none. */
export function browserOf(cookieHeader: string | undefined): string | null {
  const value = findSessionCookie(cookieHeader)
  return value === null ? null : createHash('sha256').update(value).digest('base64url')
}

/** A JSON array, not a concatenation: no boundary can be shifted (T56). */
function markOf(key: Buffer | undefined, about: readonly [string, Whose, string, string]): string {
  if (key === undefined) throw new Error('A key ring has at least one key')
  return createHmac('sha256', key).update(JSON.stringify(about)).digest().subarray(0, 16).toString('base64url')
}
