/** Why a request would be let through or not: the very steps that every request walks, each with what it found. */
import type { Gateway, Route } from '../gateway.ts'
import type { Session } from '../identity/session.ts'
import type { RequestFacts, RequestKind } from '../request/facts.ts'
import { type Located, locate } from '../request/locate.ts'
import { readPath } from '../request/path.ts'
import type { ContextNeeded } from '../request/route.ts'
import { type Decision, decide } from './decide.ts'
import type { RefusalCode } from './outcomes.ts'

export interface Reasoning {
  readonly method: string
  readonly kind: RequestKind
  /** Null where the host is nobody's. */
  readonly tenant: string | null
  /** All the ways in which an application may read the path, the literal one first; none where the path is refused. */
  readonly readings: readonly string[]
  readonly located: LocatedAt
  /** Null where the walk ended before there was anything to decide. */
  readonly verdict: Verdict | null
}

export type LocatedAt =
  | { readonly at: 'route'; readonly route: RouteTold; readonly asks: Asks }
  /** Ours: what it says depends on the endpoint, and on no route. */
  | { readonly at: 'endpoint'; readonly endpoint: string }
  | { readonly at: 'alias'; readonly location: string }
  | { readonly at: 'refused'; readonly reason: RefusalCode; readonly detail: string | null }

export interface RouteTold {
  readonly path: string
  readonly exact: boolean
  readonly methods: readonly string[] | null
  /** What becomes of a request that may pass. */
  readonly act: Route['to']['act']
}

/** What the strictest reading asks for: every one of `everyOf`, of each of which one role is enough. */
export interface Asks {
  readonly level: 'public' | 'optional' | 'signed-in'
  readonly everyOf: readonly (readonly string[])[]
  /** Authentication contexts, by our names, and how recent the sign-in must be (null: that does not matter). */
  readonly contexts: readonly ContextNeeded[]
  readonly maxAgeSeconds: number | null
}

export interface Verdict {
  readonly act: Decision['act']
  readonly reason: string | null
  /** Whether the application is told who it is. */
  readonly identity: boolean
}

export interface Wondered {
  readonly method: string
  /** Path and query as they would be sent. */
  readonly target: string
  readonly host: string
  readonly kind: RequestKind
  readonly session: Session | null
  /** Seconds since 1970. */
  readonly now: number
}

/**
 * @param wondered the request that somebody wonders about; nothing of it has to be true, or well-formed.
 * @returns what would become of it. It says nothing of any role or group but those that the route asks for.
 */
export function reasoning(gateway: Gateway, wondered: Wondered): Reasoning {
  const { method, kind, session, now } = wondered
  const facts = factsOf(wondered)
  const located = locate(gateway, facts)
  const read = readPath(wondered.target.split(/[?#]/, 1)[0] ?? '')
  return {
    ...{ method, kind },
    tenant: located.tenant?.name ?? null,
    readings: 'readings' in read ? read.readings : [],
    located: told(located),
    verdict: located.at === 'route' ? verdictOn(decide({ ...located, facts, session, now })) : null,
  }
}

function factsOf({ method, target, host, kind }: Wondered): RequestFacts {
  return {
    ...{ method, target, host, kind, serverName: null, fieldCount: 0, repeated: [] },
    // As the application's own pages ask.
    headers: { 'sec-fetch-site': 'same-origin' },
    ...{ version: '1.1', callerAddress: '', forwardedFor: '' },
  }
}

function told(located: Located): LocatedAt {
  switch (located.at) {
    case 'route': {
      const { path, trailingSlash, exact, methods, to } = located.route
      const { level, everyOf, contexts, maxAgeSeconds } = located.requirement
      const route = { path: trailingSlash ? `${path}/` : path, exact, methods, act: to.act }
      return { at: 'route', route, asks: { level, everyOf, contexts, maxAgeSeconds } }
    }
    case 'endpoint':
      return { at: 'endpoint', endpoint: located.endpoint }
    case 'console':
      return { at: 'endpoint', endpoint: 'console' }
    case 'alias':
      return { at: 'alias', location: located.location }
    case 'refused':
      return { at: 'refused', reason: located.reason, detail: located.detail ?? null }
    default:
      return located satisfies never
  }
}

function verdictOn(decision: Decision): Verdict {
  return {
    act: decision.act,
    reason: 'reason' in decision ? decision.reason : null,
    identity: decision.act === 'forward' && decision.person !== null,
  }
}
