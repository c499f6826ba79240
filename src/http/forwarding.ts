/** From what the gate has decided to what the proxy is asked to do. */
import { bindSetCookie, type CookieBond } from '../core/answer/bound-cookies.ts'
import { ownCookieNames } from '../core/answer/cookies.ts'
import { finishHeaders, type Person } from '../core/answer/headers.ts'
import type { Tenant, ToUpstream } from '../core/gateway.ts'
import type { Session } from '../core/identity/session.ts'
import { isEmbeddable } from '../core/request/cross-site.ts'
import type { RequestFacts } from '../core/request/facts.ts'
import type { ForwardPlan, OwnBody } from '../proxy/plan.ts'
import type { AccessTokens } from './access-tokens.ts'

export interface Forwarding {
  readonly tenant: Tenant
  readonly to: ToUpstream
  /** Path and query that go out. */
  readonly target: string
  readonly strictTransport: string | null
  /** To whom the application's own session cookies belong; null: nobody knows. */
  readonly bond: CookieBond | null
  readonly holder: Session | null
}

interface Beside {
  readonly requestId: string
  readonly accessToken: string | null
  /** In place of the request's own. */
  readonly body?: OwnBody | null
}

/**
 * What the proxy needs: it decides nothing.
 * @param accessToken the value of the header that the plan names for it; null where it names none, or there is nobody.
 */
export function planFor(
  facts: RequestFacts,
  way: Forwarding,
  person: Person | null,
  { requestId, accessToken, body = null }: Beside,
): ForwardPlan {
  const headers = finishHeaders(facts, way, person, requestId)
  const { accessToken: header } = way.to.headers
  return {
    upstream: way.to.upstream,
    target: way.target,
    headers:
      header === null || accessToken === null ? headers : { ...headers, [header.name.toLowerCase()]: accessToken },
    ownCookieNames,
    bindCookie: (line) => bindSetCookie(line, way.to.bindCookies, way.bond),
    requested: facts.target,
    signedIn: person !== null,
    strictTransport: way.strictTransport,
    body,
    policy: isEmbeddable(way.tenant) ? `frame-ancestors 'self' ${way.tenant.embeddedBy.join(' ')}` : null,
  }
}

/**
 * The access token that the application is to have with the person, at once in nearly every case.
 * @throws as `valueFor` does.
 */
export function accessTokenFor(
  accessTokens: AccessTokens,
  { tenant, to }: Forwarding,
  person: Person | null,
): string | null | Promise<string> {
  const header = to.headers.accessToken
  return header === null || person === null ? null : accessTokens.valueFor(tenant, person.session, header)
}
