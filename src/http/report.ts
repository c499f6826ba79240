/** Says how a request ended, once: to the log, to the metrics, and as the occasion of the answer. */
import type { Cause } from '../core/answer/causes.ts'
import { type OutcomeCode, outcomes, type RefusalCode } from '../core/answer/outcomes.ts'
import { Fault } from '../core/fault.ts'
import type { Gateway, Tenant } from '../core/gateway.ts'
import type { Session } from '../core/identity/session.ts'
import type { RequestFacts } from '../core/request/facts.ts'
import type { Log, LogFields } from '../ops/log.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { Occasion } from './outcome-page.ts'

export interface Passing {
  readonly requestId: string
  readonly facts: RequestFacts
  readonly startedAt: number
}

export interface Ended {
  readonly code: OutcomeCode
  readonly occasion: Occasion
}

export interface Reporter {
  refusal(
    passing: Passing,
    refused: Pick<Occasion, 'missing' | 'stepUp'> & {
      readonly reason: RefusalCode
      readonly detail?: string
      readonly tenant: Tenant | null
      readonly session?: Session | null
      readonly cause?: Cause | null
    },
  ): Ended
  /** A fault is what failed; everything else that was thrown is a defect of ours. */
  failure(passing: Passing, tenant: Tenant | null, error: unknown): Ended
  forwarded(passing: Passing, tenant: Tenant, how: string): void
}

export function createReporter(parts: {
  readonly current: () => Gateway
  readonly log: Log
  readonly metrics: Metrics
}): Reporter {
  const { log, metrics } = parts

  return {
    refusal(passing, refused) {
      const { tenant, reason } = refused
      const session = refused.session ?? null
      metrics.request(tenant?.name ?? '', reason)
      log[outcomes[reason].level]('request_refused', {
        ...who(passing, tenant),
        reason,
        detail: refused.detail,
        cause: refused.cause,
        host: tenant === null ? hostAskedFor(passing.facts) : undefined,
        directoryId: session?.facts.directoryId,
        objectId: session?.facts.objectId,
      })
      const { missing = [], stepUp = null, cause = null } = refused
      const { requestId, facts } = passing
      return { code: reason, occasion: { requestId, facts, tenant, session, missing, stepUp, cause } }
    },
    failure(passing, tenant, error) {
      const code = error instanceof Fault ? error.code : 'internal_error'
      metrics.request(tenant?.name ?? '', code)
      log[outcomes[code].level]('request_failed', { ...who(passing, tenant), reason: code, error })
      return { code, occasion: { requestId: passing.requestId, facts: passing.facts, tenant, session: null } }
    },
    forwarded(passing, tenant, how) {
      const seconds = (performance.now() - passing.startedAt) / 1_000
      metrics.request(tenant.name, how === 'answered' ? 'forwarded' : how)
      metrics.forwarded(tenant.name, seconds)
      if (parts.current().server.log.requests === 'all' || how === 'upstream_broke') {
        log.info('request_forwarded', { ...who(passing, tenant), how, milliseconds: Math.round(seconds * 1_000) })
      }
    },
  }
}

/** The host of a request that is nobody's, where it looks like one: so that a proxy that changes it is found. */
function hostAskedFor({ host }: RequestFacts): string | undefined {
  return host !== null && host.length <= 260 && /^[A-Za-z0-9._:[\]-]+$/.test(host) ? host : undefined
}

/** The path without its query, which may hold what is nobody's business; cut, since the caller decides how long it is. */
export function loggedPath({ target }: RequestFacts): string {
  return (target.split('?', 1)[0] ?? '').slice(0, 200)
}

function who({ requestId, facts }: Passing, tenant: Tenant | null): LogFields {
  return {
    requestId,
    tenant: tenant?.name,
    method: facts.method,
    path: loggedPath(facts),
    kind: facts.kind,
    callerAddress: facts.callerAddress,
  }
}
