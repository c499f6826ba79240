/** One revalidation: the provider is asked, its answer becomes the session's new facts, and what came of it is told. */
import type { OutcomeCode } from '../core/answer/outcomes.ts'
import { Fault } from '../core/fault.ts'
import type { Provider, Tenant } from '../core/gateway.ts'
import type { FactsRead } from '../core/identity/claims.ts'
import { renewFacts } from '../core/identity/renewal.ts'
import { scopesOf } from '../core/identity/scopes.ts'
import type { Session, SessionTokens } from '../core/identity/session.ts'
import type { Identify, ProviderAnswer } from '../oidc/identify.ts'
import type { Providers } from '../oidc/provider.ts'
import { type RefreshRefused, refresh } from '../oidc/refresh.ts'
import type { Log, LogFields } from '../ops/log.ts'
import type { Metrics } from '../ops/metrics.ts'
import { oncePerMinute } from '../session/once-per-minute.ts'
import type { Sessions } from '../session/sessions.ts'
import { tellRoles, whose } from './role-changes.ts'
import { hintFor, type Unsettled } from './unsettled.ts'

/**
 * To be called by one at a time. Null where it is settled: the session has new facts, or has ended.
 * @throws the fault `session_store_down`.
 */
export type AskAgain = (tenant: Tenant, provider: Provider, session: Session) => Promise<Unsettled | null>

export interface AskAgainParts {
  readonly sessions: Sessions
  readonly providers: Providers
  readonly identify: Identify
  /** Seconds since 1970. */
  readonly clock: () => number
  readonly metrics: Metrics
  readonly log: Log
}

/** Why a session has ended, for the log. */
type EndReason = 'provider_refused' | 'another_person' | OutcomeCode

export function createAskAgain(parts: AskAgainParts): AskAgain {
  const { sessions, providers, clock, metrics, log } = parts
  const quietly = oncePerMinute(clock)

  async function end(tenant: Tenant, session: Session, reason: EndReason, further: LogFields): Promise<null> {
    metrics.revalidation(tenant.name, 'ended')
    log.warn('session_ended', { ...whose(tenant, session), reason, ...further })
    await sessions.end(session)
    return null
  }

  async function refused(tenant: Tenant, session: Session, why: RefreshRefused, hint: string | null) {
    const { verdict, said, cause } = why
    const further = {
      providerError: said?.error,
      providerCode: said?.code,
      traceId: said?.traceId,
      correlationId: said?.correlationId,
    }
    if (why.tokens !== null) await sessions.revise(session, { facts: session.facts, tokens: why.tokens })
    if (verdict === 'end') return await end(tenant, session, 'provider_refused', further)
    return settle(tenant, session, unsettledFor(why, hint), { ...further, ...(said === null ? { error: cause } : {}) })
  }

  /**
   * A provider that is away would fill the log with everybody who is signed in; who has to act themselves is said each
   * time.
   */
  function settle(tenant: Tenant, session: Session, unsettled: Unsettled, further: LogFields): Unsettled {
    const { is } = unsettled
    metrics.revalidation(tenant.name, is)
    const fields = { ...whose(tenant, session), result: is, ...further }
    if (is === 'interactive') log.info('session_not_revalidated', fields)
    else if (is === 'alarm') quietly(`${tenant.name} alarm`, () => log.error('session_not_revalidated', fields))
    else if (is === 'grace') quietly(`${tenant.name} grace`, () => log.warn('session_not_revalidated', fields))
    return unsettled
  }

  async function renewed(
    tenant: Tenant,
    provider: Provider,
    session: Session,
    { answer, tokens }: { readonly answer: ProviderAnswer | null; readonly tokens: SessionTokens },
  ): Promise<Unsettled | null> {
    const read = answer === null ? null : await readOrFault(tenant, provider, answer)
    if (read instanceof Fault) {
      await sessions.revise(session, { facts: session.facts, tokens })
      return settle(tenant, session, { is: 'grace', fault: read.code }, { error: read })
    }
    if (read !== null && 'refused' in read) return await end(tenant, session, read.refused, { detail: read.detail })
    const after = read === null ? { ...session.facts, checkedAt: clock() } : read.facts
    const facts = renewFacts(session.facts, after)
    if (facts === null) return await end(tenant, session, 'another_person', {})
    const now = await sessions.revise(session, { facts, tokens })
    metrics.revalidation(tenant.name, now === null ? 'ended' : 'refreshed')
    if (now !== null) tellRoles(log, tenant, session, facts)
    return null
  }

  async function readOrFault(tenant: Tenant, provider: Provider, answer: ProviderAnswer): Promise<FactsRead | Fault> {
    try {
      return await parts.identify(tenant, provider, answer)
    } catch (error) {
      if (error instanceof Fault) return error
      throw error
    }
  }

  return async function askAgain(tenant, provider, session) {
    const tokens = await sessions.tokens(session)
    const hint = hintFor(session.facts, tokens)
    const refreshToken = tokens?.refreshToken ?? null
    if (tokens === null || refreshToken === null) return settle(tenant, session, { is: 'silent', hint }, {})
    const scopes = scopesOf(tenant, provider)
    const answered = await refresh(providers, provider, { facts: session.facts, tokens, refreshToken, scopes })
    if ('verdict' in answered) return await refused(tenant, session, answered, hint)
    return await renewed(tenant, provider, session, answered)
  }
}

function unsettledFor({ verdict, claims, fault }: RefreshRefused, hint: string | null): Unsettled {
  if (verdict === 'interactive') return { is: 'interactive', claims, hint }
  return verdict === 'alarm' ? { is: 'alarm' } : { is: 'grace', fault }
}
