/**
 * `/.auth/explain`, `/.auth/session` and `/.auth/signed-in`: who is signed in, which role came from what, why a page is
 * open or not, and until when.
 */
import type { Answer } from '../core/answer/answer.ts'
import { type Reasoning, reasoning } from '../core/answer/reasoning.ts'
import type { Gateway } from '../core/gateway.ts'
import { providerOf } from '../core/identity/authority.ts'
import { isBreakGlass } from '../core/identity/break-glass.ts'
import { ownMatches } from '../core/identity/own-matches.ts'
import { resolveRoles } from '../core/identity/roles.ts'
import type { Session } from '../core/identity/session.ts'
import { endpoints } from '../core/request/addresses.ts'
import type { AccessPage } from '../pages/page.ts'
import type { Remaining, Sessions } from '../session/sessions.ts'
import type { Answers } from './answers.ts'
import { loginAddress } from './login-address.ts'
import { personOf } from './outcome-page.ts'
import { onceEach } from './query.ts'
import type { Refuse } from './refusals.ts'
import type { Walk } from './walk.ts'

export interface AccessParts {
  readonly answers: Answers
  readonly refuse: Refuse
  readonly sessions: Sessions
  readonly current: () => Gateway
  /** Seconds since 1970. */
  readonly clock: () => number
}

export interface Access {
  /** A page for a person, JSON for a program; with `path` and `method`, also what would become of that request. */
  explain(walk: Walk, query: string): Promise<Answer>
  /** The end of a window that was opened from a frame. */
  signedIn(walk: Walk): Answer
  /** JSON for a script that warns before a session ends. @throws Fault `session_store_down`. */
  session(walk: Walk): Promise<Answer>
}

/** All need a session, tell it nothing but its own, and never prolong it (T131). */
export function createAccess({ answers, refuse, sessions, current, clock }: AccessParts): Access {
  return {
    async explain(walk, query) {
      const { tenant, facts, session, requestId } = walk
      const asked = onceEach(query, ['path', 'method'])
      if (asked === null) return refuse(walk, 'request_malformed')
      const remaining = session === null ? null : await sessions.remaining(session)
      if (session === null || remaining === null) return refuse({ ...walk, session: null }, 'login_required')
      const wondered = asked.path === undefined || asked.path === '' ? null : readQuestion(walk, asked)
      if (wondered === 'unread') return refuse(walk, 'request_malformed')
      const found = wondered === null ? null : reasoning(current(), { ...wondered, session, now: clock() })
      const told = { ...standing(walk, session, remaining), request: found }
      if (facts.kind === 'data') return answers.json(200, inJson(told))
      return answers.page(200, {
        ...told,
        page: 'access',
        requestId,
        applicationName: tenant.branding.name,
        support: tenant.branding.support,
        askUrl: endpoints.explain,
        startUrl: '/',
        otherAccountUrl: loginAddress('/', { otherAccount: true }),
      })
    },
    signedIn(walk) {
      const { tenant, session, requestId } = walk
      if (session === null) return refuse(walk, 'login_required')
      const applicationName = tenant.branding.name
      return answers.page(200, { page: 'signed-in', applicationName, startUrl: '/', requestId })
    },
    async session(walk) {
      const asData = { ...walk, facts: { ...walk.facts, kind: 'data' } } as const
      const { tenant, session } = walk
      const remaining = session === null ? null : await sessions.remaining(session)
      if (session === null || remaining === null) return refuse({ ...asData, session: null }, 'login_required')
      const { roles } = resolveRoles(tenant, session)
      return answers.json(200, {
        ends_in: Math.floor(remaining.endsIn),
        idle_in: Math.floor(remaining.idleIn),
        roles,
      })
    },
  }

  function standing({ tenant }: Walk, session: Session, { endsIn, idleIn }: Remaining): Told {
    const { facts } = session
    const { directoryId, objectId, startedAt, checkedAt } = facts
    return {
      person: {
        ...personOf(session),
        directoryId,
        objectId,
        provider: isBreakGlass(facts)
          ? 'an emergency account of the gateway'
          : (providerOf(tenant, facts)?.label ?? ''),
      },
      times: {
        signedInAt: startedAt,
        checkedAt: isBreakGlass(facts) ? null : checkedAt,
        endsAt: clock() + endsIn,
        idleEndsAt: clock() + idleIn,
      },
      ...ownMatches(tenant, session),
    }
  }
}

type Told = Pick<AccessPage, 'person' | 'times' | 'roles' | 'admitted' | 'matched' | 'unmatched'>

const longestQuestion = 2_000

/** The path may be an address of this host, as people copy it. `unread`: no method, or too long to be answered. */
function readQuestion(
  { tenant }: Walk,
  { path = '', method = 'GET' }: { readonly path?: string; readonly method?: string },
) {
  const { origin, host } = tenant.publicUrl
  const upper = method.toUpperCase()
  if (path.length > longestQuestion || !/^[A-Z-]{1,20}$/.test(upper)) return 'unread'
  const target = path === origin ? '/' : path.startsWith(`${origin}/`) ? path.slice(origin.length) : path
  // What a person would do: open a page, or send something.
  const kind = upper === 'GET' || upper === 'HEAD' ? 'navigation' : 'data'
  return { method: upper, target: target.replace(/#.*$/s, ''), host, kind } as const
}

function inJson({ times, ...told }: Told & { readonly request: Reasoning | null }): object {
  const iso = Object.entries(times).map(([name, at]) => [name, at === null ? null : new Date(at * 1_000).toISOString()])
  return { ...told, session: Object.fromEntries(iso) }
}
