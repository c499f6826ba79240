/**
 * Whether a session may be used now: while the provider's word for the person is fresh, at once; then the provider is
 * asked again.
 */
import { Fault } from '../core/fault.ts'
import type { Provider, SessionPolicy, Tenant } from '../core/gateway.ts'
import { providerOf } from '../core/identity/authority.ts'
import { isBreakGlass } from '../core/identity/break-glass.ts'
import { freshness } from '../core/identity/renewal.ts'
import type { Session } from '../core/identity/session.ts'
import type { RequestFacts } from '../core/request/facts.ts'
import type { Providers } from '../oidc/provider.ts'
import type { Log } from '../ops/log.ts'
import type { Sessions } from '../session/sessions.ts'
import type { AskAgain } from './ask-again.ts'
import type { LoginStart } from './login.ts'
import { pauseFor, readUnsettled, type Unsettled } from './unsettled.ts'

/** Nobody is let through with the session as it is; a person who can be redirected proves anew who they are. */
export interface SignInAgain {
  readonly again: Pick<LoginStart, 'provider' | 'intent' | 'prompt' | 'loginHint' | 'claims'>
  /** Whose session it is. */
  readonly of: Session
}

export type Confirmed = Session | SignInAgain | null

export interface Revalidation {
  /**
   * The session as it may be used for a request. Nearly always it is the one handed in, at once, for one comparison of
   * numbers. From 80 % of the interval the provider is asked in the background; from its end the answer is waited for.
   * null: it has ended.
   * @throws Fault where the provider could not be asked for longer than the grace.
   */
  confirm(tenant: Tenant, session: Session, facts: Asking): Confirmed | Promise<Confirmed>
}

type Asking = Pick<RequestFacts, 'kind' | 'method'>

export interface RevalidationParts {
  readonly sessions: Sessions
  readonly providers: Providers
  readonly askAgain: AskAgain
  /** Whether a session that an account of the gateway itself has made may still be used. */
  readonly glassStands: (tenant: Tenant, session: Session) => boolean
  /** In force; may change while it is held. */
  readonly policy: SessionPolicy
  /** Seconds since 1970. */
  readonly clock: () => number
  readonly log: Log
  readonly random?: () => number
}

interface Known {
  readonly unsettled: Unsettled
  readonly until: number
}

/** What another replica has found out is looked up again after this time: how old it is nobody said. */
const secondHandSeconds = 5

export function createRevalidation(parts: RevalidationParts): Revalidation {
  const { sessions, providers, askAgain, policy, clock, log, random = Math.random } = parts
  // Both hang on the opened session: gone with it, and with every change of it.
  const findings = new WeakMap<Session, Known>()
  const flights = new WeakMap<Session, Promise<Session | Unsettled | null>>()

  function stage({ facts }: Session): ReturnType<typeof freshness> {
    const { revalidateSeconds, lifetimeSeconds } = policy
    // A session that ends before the provider would have to be asked is none to ask about.
    return revalidateSeconds >= lifetimeSeconds ? 'fresh' : freshness(facts, revalidateSeconds, clock())
  }

  function keep(session: Session, unsettled: Unsettled, seconds: number): Unsettled {
    findings.set(session, { unsettled, until: clock() + seconds })
    return unsettled
  }

  async function renew(tenant: Tenant, provider: Provider, session: Session): Promise<Session | Unsettled | null> {
    let own = null as Unsettled | null
    const isDone = (each: Session) => stage(each) === 'fresh'
    const alone = await sessions.alone(session, isDone, async (now) => {
      own = await askAgain(tenant, provider, now)
      return own === null ? null : { note: JSON.stringify(own), seconds: pauseFor(own, random) }
    })
    switch (alone.was) {
      case 'done':
        return alone.session
      case 'ended':
        return null
      case 'put-off':
        if (own !== null) return keep(session, own, pauseFor(own, random))
        return keep(session, readUnsettled(alone.note), secondHandSeconds)
      case 'busy':
        return keep(session, { is: 'grace', fault: 'provider_unreachable' }, secondHandSeconds)
      default:
        return alone satisfies never
    }
  }

  /** One at a time per session; whoever asks meanwhile gets the same. */
  function fly(tenant: Tenant, provider: Provider, session: Session): Promise<Session | Unsettled | null> {
    const running = flights.get(session)
    if (running !== undefined) return running
    const flight = renew(tenant, provider, session)
      .catch((error: unknown) => {
        if (!(error instanceof Fault)) throw error
        // Without the store nobody can tell whose turn it is; the session goes on as an outage lets it.
        return keep(session, { is: 'grace', fault: error.code }, secondHandSeconds)
      })
      .finally(() => flights.delete(session))
    flights.set(session, flight)
    return flight
  }

  function inBackground(tenant: Tenant, provider: Provider, session: Session): void {
    fly(tenant, provider, session).catch((error: unknown) =>
      log.error('revalidation_failed', { tenant: tenant.name, error }),
    )
  }

  function use(session: Session, provider: Provider, unsettled: Unsettled, facts: Asking): Session | SignInAgain {
    const at = stage(session)
    const mayRedirect = facts.kind === 'navigation' && (facts.method === 'GET' || facts.method === 'HEAD')
    switch (unsettled.is) {
      case 'alarm':
        return session
      case 'grace':
        if (at === 'over') throw new Fault(unsettled.fault)
        return session
      case 'interactive':
        if (at === 'soft') return session
        return { again: { provider, claims: unsettled.claims, loginHint: unsettled.hint }, of: session }
      case 'silent': {
        if (at === 'soft' && !mayRedirect) return session
        // Nobody is sent to a provider of which not even the address is known.
        if (at !== 'over' && providers.known(provider) === null) return session
        return { again: { provider, prompt: 'none', loginHint: unsettled.hint, intent: { silent: true } }, of: session }
      }
      default:
        return unsettled satisfies never
    }
  }

  return {
    confirm(tenant, session, facts) {
      // No provider knows of these, so none is asked.
      if (isBreakGlass(session.facts)) return parts.glassStands(tenant, session) ? session : null
      const at = stage(session)
      if (at === 'fresh') return session
      const provider = providerOf(tenant, session.facts)
      // Nobody vouches for it any more, and nobody will believe it.
      if (provider === null) return session
      const known = findings.get(session)
      if (known !== undefined) {
        if (clock() >= known.until) inBackground(tenant, provider, session)
        return use(session, provider, known.unsettled, facts)
      }
      if (at === 'soft') {
        inBackground(tenant, provider, session)
        return session
      }
      return fly(tenant, provider, session).then((found) => {
        if (found === null || 'facts' in found) return found
        return use(session, provider, found, facts)
      })
    },
  }
}
