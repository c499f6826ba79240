/**
 * How much callers may ask of the sign-in: so many begun within a minute by one address, at one tenant, and overall, and
 * so many attempts that lead to nothing. Whoever is known to be somebody of their own is not counted with their address.
 */
import type { Answer } from '../core/answer/answer.ts'
import type { Gateway, SignInLimits } from '../core/gateway.ts'
import type { Session } from '../core/identity/session.ts'
import type { Log } from '../ops/log.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { VouchedBindings } from '../session/vouched-binding.ts'
import type { Answers } from './answers.ts'
import { networkOf } from './caller-network.ts'
import { createLimitLog } from './limit-log.ts'
import type { Limit, Limits } from './limits.ts'
import { cookieOf } from './read-facts.ts'
import type { Walk } from './walk.ts'

/** Who asks for what. A session whose provider has to be asked again counts too: it is verified. */
export type Asking = Pick<Walk, 'requestId' | 'facts' | 'tenant'> & { readonly session: Session | null }

export interface Budgets {
  /** To be asked before a sign-in is begun. @returns null, or the answer to give in its place. */
  signIn(asking: Asking): Promise<Answer | null>
  /** Counts an answer of a provider that belongs to no sign-in of this browser. @returns as `signIn`. */
  strayAnswer(asking: Asking): Promise<Answer | null>
  /** Counts a sign-out by a provider, until `endedSessions` takes it back. @returns as `signIn`. */
  providerSignOut(asking: Asking): Promise<Answer | null>
  endedSessions(asking: Asking): Promise<void>
}

export interface BudgetsParts {
  readonly limits: Limits
  readonly bindings: VouchedBindings
  readonly answers: Answers
  readonly metrics: Metrics
  readonly log: Log
  readonly current: () => Gateway
  /** Seconds since 1970. */
  readonly clock: () => number
}

const windowSeconds = 60
/** Sign-ins of one browser or person: as many as a browser that comes back with all its tabs, and some more. */
const perPerson = 120

/** Those who are strangers to us, and those of whom we know that they began here or are signed in. */
type Class = 'known' | 'new'

export function createBudgets(parts: BudgetsParts): Budgets {
  const { limits, bindings, answers, metrics, current, clock } = parts
  const limitLog = createLimitLog(parts.log, clock)
  let made: { readonly numbers: string; readonly counters: Counters } | null = null

  /** Made anew where the configuration says other numbers, not with every reload. */
  function inForce(): Counters {
    const { signIns, failures } = current().server.limits
    const numbers = JSON.stringify([signIns, failures])
    if (made?.numbers !== numbers) made = { numbers, counters: createCounters(limits, signIns, failures) }
    return made.counters
  }

  return {
    async signIn(asking) {
      const counters = inForce()
      const person = knownAs(asking)
      // Whoever has used up what is theirs alone is still one of those at their address.
      const isKnown =
        person !== null && (await counters.known.own.take(person)) === null && (await mayCallThemselvesKnown(asking))
      const { tenant, overall } = isKnown ? counters.known : counters.new
      // One after the other: what the first refuses must not use up the next.
      const steps = [
        ...(isKnown ? [] : [['perCaller', counters.new.own, addressOf(asking)] as const]),
        ['perTenant', tenant, asking.tenant.name] as const,
        ['overall', overall, ''] as const,
      ]
      for (const [limit, counter, key] of steps) {
        const wait = await counter.take(key)
        if (wait !== null) return tooMany(`signIns.${limit}`, asking, wait)
      }
      return null
    },
    strayAnswer: (asking) => ask(inForce().strayAnswers, asking, knownAs(asking) ?? addressOf(asking)),
    // No cookie comes along there, so all that is known is the address.
    providerSignOut: (asking) => ask(inForce().signOuts, asking, addressOf(asking)),
    endedSessions: (asking) => inForce().signOuts.giveBack(addressOf(asking)),
  }

  /**
   * Proofs that a browser began here can be collected, and one address that did would have the budgets of thousands, and
   * the totals of all who are known. Who is signed in cannot be made up.
   */
  async function mayCallThemselvesKnown(asking: Asking): Promise<boolean> {
    return asking.session !== null || (await inForce().known.perAddress.take(addressOf(asking))) === null
  }

  async function ask(limit: Limit, asking: Asking, key: string): Promise<Answer | null> {
    const wait = await limit.take(key)
    return wait === null ? null : tooMany('failures', asking, wait)
  }

  /** Of whoever is signed in, or began a sign-in here within the hour: who that is; null of everybody else. */
  function knownAs({ facts, session }: Asking): string | null {
    if (session !== null) return JSON.stringify(['person', session.facts.directoryId, session.facts.objectId])
    const binding = bindings.find(cookieOf(facts))
    return binding === null ? null : JSON.stringify(['browser', binding])
  }

  function tooMany(limit: string, { requestId, facts, tenant, session }: Asking, wait: number): Answer {
    metrics.signIn(tenant.name, 'too_many_requests')
    limitLog.refused(limit, { tenant: tenant.name, callerAddress: facts.callerAddress })
    return answers.outcome('too_many_requests', { requestId, facts, tenant, session, retryAfter: wait })
  }
}

function addressOf({ facts }: Asking): string {
  return networkOf(facts.callerAddress)
}

type Counters = ReturnType<typeof createCounters>

function createCounters(limits: Limits, signIns: SignInLimits, failures: number) {
  const perMinute = (kind: string, most: number) => limits({ kind, most, seconds: windowSeconds })
  // Strangers and those who are known have the totals each to themselves: neither can use up what the others have.
  const totals = (which: Class) => ({
    tenant: perMinute(`sign-ins-${which}-tenant`, signIns.perTenant),
    overall: perMinute(`sign-ins-${which}-overall`, signIns.overall),
  })
  return {
    new: { own: perMinute('sign-ins-new', signIns.perCaller), ...totals('new') },
    known: {
      own: perMinute('sign-ins-known', signIns.perCaller === 0 ? 0 : perPerson),
      // As much again as the newcomers of an address have, and never less than one browser may.
      perAddress: perMinute('sign-ins-known-address', signIns.perCaller && Math.max(signIns.perCaller, perPerson)),
      ...totals('known'),
    },
    strayAnswers: perMinute('stray-answers', failures),
    signOuts: perMinute('provider-sign-outs', failures),
  }
}
