/**
 * Where sessions begin and end: express-session on our own endpoints. It only writes; the gate reads past it.
 * Each tenant has its own, because a session of another tenant must be no session, and a store is asked without a request.
 */
import session, { type Session as ExpressSession, type SessionData, Store } from 'express-session'
import { sessionCookieName } from '../core/answer/cookies.ts'
import type { Tenant } from '../core/gateway.ts'
import type { SessionFacts, SessionTokens } from '../core/identity/session.ts'
import { isEmbeddable } from '../core/request/cross-site.ts'
import { newSessionId, sessionCookieAttributes } from './cookie.ts'
import type { Login } from './records.ts'
import type { KeyRing } from './seal.ts'
import type { Sessions } from './sessions.ts'

declare module 'express-session' {
  interface SessionData {
    /** Absent on a visitor who is not signed in; such a session is never stored (T95). */
    facts: SessionFacts
  }
}

export interface SessionWriterParts {
  readonly sessions: Sessions
  readonly ring: KeyRing
}

type SessionHandler = ReturnType<typeof session>

/** A request that has passed the handler of its tenant. */
export interface SessionRequest {
  session: ExpressSession & Partial<SessionData>
  sessionID: string
}

export interface SessionWriter {
  /**
   * The express-session handler of a tenant: one per compiled tenant and set of secrets, gone with them. The request must carry our own
   * reading of the scheme as `x-forwarded-proto`, or the Secure cookie is silently not set.
   */
  handler(tenant: Tenant): SessionHandler
  /**
   * Signs a person in: the old session of this browser ends (T50), the new one has a new id (T42), and the promise
   * resolves when the store has it. On any failure it rejects, and the answer sets no cookie.
   */
  signIn(request: SessionRequest, facts: SessionFacts, tokens: SessionTokens): Promise<void>
  /**
   * Signs a person out: reads the tokens that the provider's sign-out needs, then ends the session here and in the
   * store. null where nobody was signed in, or the tokens are gone. Clearing the cookie is the answer's
   * (`expiredCookies`). Throws the fault `session_store_down` where the store could not be told; this replica refuses
   * the session all the same.
   */
  signOut(request: SessionRequest): Promise<SessionTokens | null>
}

export function createSessionWriter({ sessions, ring }: SessionWriterParts): SessionWriter {
  const handlers = new WeakMap<Tenant, { readonly keys: readonly string[]; readonly handler: SessionHandler }>()
  /** Sign-ins that may be written, once each: taken out at the write (T74). */
  const logins = new WeakMap<object, Login>()
  const written = new WeakSet<object>()

  function createHandler(tenant: Tenant): SessionHandler {
    return session({
      name: sessionCookieName,
      secret: [...ring.cookieKeys],
      genid: () => newSessionId(ring.cookieKeys),
      store: new TenantStore(tenant, { sessions, logins, written }),
      cookie: sessionCookieAttributes(isEmbeddable(tenant)),
      resave: false,
      saveUninitialized: false,
      rolling: false,
      unset: 'destroy',
      proxy: true,
    })
  }

  return {
    handler(tenant) {
      const known = handlers.get(tenant)
      if (known?.keys === ring.cookieKeys) return known.handler
      const handler = createHandler(tenant)
      handlers.set(tenant, { keys: ring.cookieKeys, handler })
      return handler
    },
    async signIn(request, facts, tokens) {
      try {
        await done((callback) => request.session.regenerate(callback))
        request.session.facts = facts
        logins.set(request.session, { facts, tokens })
        await done((callback) => request.session.save(callback))
      } catch (error) {
        forget(request)
        throw error
      }
    },
    async signOut(request) {
      const { facts } = request.session
      if (facts === undefined) return null
      const current = await sessions.open({ tenant: facts.tenant, id: request.sessionID })
      // A session ends even where its tokens cannot be read.
      const tokens = current === null ? null : await sessions.tokens(current).catch(() => null)
      try {
        await done((callback) => request.session.destroy(callback))
      } finally {
        forget(request)
      }
      return tokens
    },
  }
}

/** Takes the session off the request, so that express-session neither writes, destroys nor sets a cookie at the end. */
function forget(request: Partial<SessionRequest>): void {
  delete request.session
  delete request.sessionID
}

interface TenantStoreParts {
  readonly sessions: Sessions
  readonly logins: WeakMap<object, Login>
  readonly written: WeakSet<object>
}

/**
 * The store that express-session sees: thin, disposable, of one tenant. It has no `touch`: express-session would hold
 * back the last byte of every answer for it. (A class, because express-session asks for one.)
 */
class TenantStore extends Store {
  readonly #tenant: string
  readonly #attributes: ReturnType<typeof sessionCookieAttributes>
  readonly #parts: TenantStoreParts

  constructor(tenant: Tenant, parts: TenantStoreParts) {
    super()
    this.#tenant = tenant.name
    this.#attributes = sessionCookieAttributes(isEmbeddable(tenant))
    this.#parts = parts
  }

  override get(id: string, callback: (error: unknown, data?: SessionData | null) => void): void {
    settle(this.#get(id), callback)
  }

  override set(id: string, data: SessionData, callback: (error?: unknown) => void = () => {}): void {
    settle(this.#set(id, data), callback)
  }

  override destroy(id: string, callback: (error?: unknown) => void = () => {}): void {
    settle(this.#destroy(id), callback)
  }

  async #get(id: string): Promise<SessionData | null> {
    const current = await this.#parts.sessions.open({ tenant: this.#tenant, id })
    if (current === null) return null
    // A cookie of its own each time: express-session writes into what it gets.
    return { cookie: { ...this.#attributes, originalMaxAge: null }, facts: current.facts }
  }

  async #set(id: string, data: object): Promise<void> {
    const { sessions, logins, written } = this.#parts
    // express-session saves a new session again when the answer ends; by then it may have been ended elsewhere.
    if (written.has(data)) return
    const login = logins.get(data)
    if (login === undefined) throw new Error('A session is only written by a sign-in')
    if (login.facts.tenant !== this.#tenant) throw new Error('A sign-in belongs to the tenant it was made for')
    logins.delete(data)
    written.add(data)
    await sessions.create({ tenant: this.#tenant, id }, login)
  }

  async #destroy(id: string): Promise<void> {
    const { sessions } = this.#parts
    const current = await sessions.open({ tenant: this.#tenant, id })
    if (current !== null) await sessions.end(current)
  }
}

/** Hands a promise to a callback. What the callback itself throws is not the promise's failure. */
function settle<Value>(promise: Promise<Value>, callback: (error: unknown, value?: Value) => void): void {
  promise.then(
    (value) => setImmediate(callback, null, value),
    (error: unknown) => setImmediate(callback, error),
  )
}

/** Waits for a function that answers by callback. */
function done(start: (callback: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error === undefined || error === null ? resolve() : reject(error)))
  })
}
