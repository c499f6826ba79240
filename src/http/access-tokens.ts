/**
 * Access tokens for applications that call an API in the person's name: had by the refresh grant, kept with the
 * session, renewed in time.
 */
import { Fault } from '../core/fault.ts'
import type { AccessTokenHeader, Tenant } from '../core/gateway.ts'
import { providerOf } from '../core/identity/authority.ts'
import type { AccessToken, Session } from '../core/identity/session.ts'
import type { Providers } from '../oidc/provider.ts'
import { accessTokenFor } from '../oidc/refresh.ts'
import type { Log } from '../ops/log.ts'
import { oncePerMinute } from '../session/once-per-minute.ts'
import type { Sessions } from '../session/sessions.ts'
import { whose } from './role-changes.ts'

export interface AccessTokens {
  /**
   * The value of the header; at once where it is known here, which it nearly always is.
   * @throws Fault `access_token_unavailable`: an application that needs one would take the request for somebody else's.
   */
  valueFor(tenant: Tenant, session: Session, header: TokenForm): string | Promise<string>
}

/** For which resource, and what stands before the token. */
type TokenForm = Pick<AccessTokenHeader, 'scope' | 'prefix'>

export interface AccessTokensParts {
  readonly sessions: Sessions
  readonly providers: Providers
  /** Seconds since 1970. */
  readonly clock: () => number
  readonly log: Log
}

/** Renewed when it has no longer to live than this, in seconds, and meanwhile used; and least when it is used. */
const [renewedBefore, leastLeft] = [90, 10]
/** After a refusal nobody asks again for so long, in seconds. */
const pause = 30

interface Known {
  readonly token: AccessToken | null
  /** Not to be asked for before. */
  readonly notBefore: number
}

export function createAccessTokens({ sessions, providers, clock, log }: AccessTokensParts): AccessTokens {
  // Both hang on the opened session, by scope.
  const known = new WeakMap<Session, Map<string, Known>>()
  const flights = new WeakMap<Session, Map<string, Promise<AccessToken>>>()
  const quietly = oncePerMinute(clock)
  const left = (token: AccessToken | null | undefined) => (token?.expiresAt ?? 0) - clock()

  async function stored(session: Session, scope: string, least: number): Promise<AccessToken | null> {
    const token = (await sessions.tokens(session))?.accessTokens?.[scope] ?? null
    return left(token) > least ? token : null
  }

  function unavailable(tenant: Tenant, session: Session, scope: string, fields: object): Fault {
    const line = { ...whose(tenant, session), scope, ...fields }
    quietly(`${tenant.name} ${scope}`, () => log.error('access_token_unavailable', line))
    return new Fault('access_token_unavailable')
  }

  async function renew(tenant: Tenant, session: Session, scope: string): Promise<void> {
    const provider = providerOf(tenant, session.facts)
    const tokens = await sessions.tokens(session)
    const refreshToken = tokens?.refreshToken ?? null
    if (provider === null || tokens === null || refreshToken === null)
      throw unavailable(tenant, session, scope, { why: 'no-refresh-token' })
    const request = { facts: session.facts, tokens, refreshToken, scope }
    const given = await accessTokenFor(providers, provider, request, clock())
    if ('verdict' in given) {
      const { verdict, said, cause } = given
      const codes = { providerError: said?.error, providerCode: said?.code, traceId: said?.traceId }
      throw unavailable(tenant, session, scope, { why: verdict, ...codes, ...(said === null ? { error: cause } : {}) })
    }
    await sessions.revise(session, { facts: session.facts, tokens: given.tokens })
  }

  /** Under the lease of the session, since its refresh token may be good for one use. */
  async function find(tenant: Tenant, session: Session, scope: string): Promise<AccessToken> {
    let [now, least]: [Session | null, number] = [session, renewedBefore]
    for (let look = 0; now !== null && look < 3; look += 1) {
      const token = await stored(now, scope, least)
      if (token !== null) return token
      const { version } = now
      // Whoever has written meanwhile may have done it for another scope, or to revalidate: then it is looked at anew.
      const alone = await sessions.alone(
        now,
        (each) => each.version > version,
        async (each) => {
          await renew(tenant, each, scope)
          return null
        },
      )
      now = alone.was === 'done' ? alone.session : null
      least = leastLeft
    }
    throw unavailable(tenant, session, scope, { why: 'not-revalidated' })
  }

  /** What could not be renewed serves as long as it lasts. */
  async function findOrOld(tenant: Tenant, session: Session, scope: string): Promise<AccessToken> {
    try {
      return keep(session, scope, await find(tenant, session, scope), 0)
    } catch (error) {
      const old = error instanceof Fault ? await stored(session, scope, leastLeft) : null
      keep(session, scope, old, clock() + pause)
      if (old === null) throw error
      return old
    }
  }

  function keep<Token extends AccessToken | null>(
    session: Session,
    scope: string,
    token: Token,
    notBefore: number,
  ): Token {
    remember(known, session, scope, { token, notBefore })
    return token
  }

  function fly(tenant: Tenant, session: Session, scope: string): Promise<AccessToken> {
    const running = flights.get(session)?.get(scope)
    if (running !== undefined) return running
    const flight = findOrOld(tenant, session, scope).finally(() => flights.get(session)?.delete(scope))
    remember(flights, session, scope, flight)
    return flight
  }

  /** Nobody waits for it: a fault has been told of where it was noticed, and a defect must not go unheard. */
  function inBackground(tenant: Tenant, flight: Promise<unknown>): void {
    flight.catch((error: unknown) => {
      if (!(error instanceof Fault)) log.error('revalidation_failed', { tenant: tenant.name, error })
    })
  }

  return {
    valueFor(tenant, session, { scope, prefix }) {
      const { token = null, notBefore = 0 } = known.get(session)?.get(scope) ?? {}
      const seconds = left(token)
      const mayAsk = clock() >= notBefore
      if (token === null || seconds <= leastLeft) {
        if (!mayAsk) throw new Fault('access_token_unavailable')
        return fly(tenant, session, scope).then(({ value }) => prefix + value)
      }
      if (seconds < renewedBefore && mayAsk) inBackground(tenant, fly(tenant, session, scope))
      return prefix + token.value
    },
  }
}

function remember<Value>(
  all: WeakMap<Session, Map<string, Value>>,
  session: Session,
  scope: string,
  value: Value,
): void {
  const byScope = all.get(session) ?? new Map<string, Value>()
  byScope.set(scope, value)
  all.set(session, byScope)
}
