/** Enforce: carries out what was decided about a request for a route. Forwards it, sends it to the sign-in, or says why not. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from '../core/answer/answer.ts'
import { causeOfLoop } from '../core/answer/causes.ts'
import { decide } from '../core/answer/decide.ts'
import type { Person } from '../core/answer/headers.ts'
import { strictTransportName } from '../core/answer/strict-transport.ts'
import type { Tenant } from '../core/gateway.ts'
import type { RequestFacts } from '../core/request/facts.ts'
import type { ToRoute } from '../core/request/locate.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { Forwarder } from '../proxy/forward.ts'
import type { AccessTokens } from './access-tokens.ts'
import type { Answers } from './answers.ts'
import type { Budgets } from './budgets.ts'
import { accessTokenFor, type Forwarding, planFor } from './forwarding.ts'
import type { Login } from './login.ts'
import type { Reporter } from './report.ts'
import type { Confirmed, SignInAgain } from './revalidation.ts'
import { type Wanted, wayToSession } from './way-to-session.ts'
import { writeAnswer } from './writers.ts'

export interface EnforceParts {
  readonly accessTokens: AccessTokens
  readonly forwarder: Forwarder
  readonly login: Login
  readonly answers: Answers
  readonly budgets: Budgets
  readonly metrics: Metrics
  /** Seconds since 1970. */
  readonly clock: () => number
}

/** One request on its way, as far as it has come. */
export interface Passage {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly requestId: string
  readonly facts: RequestFacts
  readonly startedAt: number
  readonly tooSlow: AbortSignal | null
  /** The value of Strict-Transport-Security, or null. */
  readonly strictTransport: string | null
}

export interface Enforcement {
  enforce(passage: Passage, located: ToRoute, loaded: Confirmed): Promise<void> | void
  answerOutcome(passage: Passage, outcome: ReturnType<Reporter['refusal']>): void
  redirectTo(passage: Passage, tenant: Tenant, status: number, location: string): void
}

export function createEnforcement(parts: EnforceParts, report: Reporter): Enforcement {
  function enforce(passage: Passage, located: ToRoute, loaded: Confirmed): Promise<void> | void {
    const { facts } = passage
    const again = loaded !== null && 'again' in loaded ? loaded.again : null
    const session = loaded === null || 'again' in loaded ? null : loaded
    const { tenant, requirement } = located
    const decision = decide({ tenant, requirement, facts, session, now: parts.clock() })
    switch (decision.act) {
      case 'forward':
        return carryOut(passage, located, decision.person)
      case 'login':
        // A session that nobody vouches for any more proves nothing, and is nobody's.
        return sendToLogin(
          passage,
          { tenant, session: decision.reason === 'login_required' ? null : session, stepUp: decision.stepUp },
          again,
        )
      case 'refuse':
        return answerOutcome(passage, report.refusal(passage, { ...decision, tenant, session }))
      default:
        return decision satisfies never
    }
  }

  async function sendToLogin(passage: Passage, wanted: Wanted, again: SignInAgain['again'] | null): Promise<void> {
    const { facts } = passage
    const { tenant } = wanted
    if (parts.login.goesRound(facts, wanted.session)) {
      const cause = wanted.session === null ? causeOfLoop(facts) : null
      return answerOutcome(passage, report.refusal(passage, { reason: 'login_loop', tenant, cause }))
    }
    const { requestId } = passage
    const answer = await wayToSession(parts, { ...wanted, facts, requestId, again })
    parts.metrics.request(tenant.name, 'login')
    say(passage, answer)
  }

  function carryOut(passage: Passage, located: ToRoute, person: Person | null): Promise<void> | void {
    const { tenant, route, target } = located
    const { to } = route
    switch (to.act) {
      case 'forward':
        return forward(passage, { tenant, to, target, strictTransport: passage.strictTransport }, person)
      case 'redirect':
        return redirectTo(passage, tenant, to.status, to.location)
      case 'respond':
        parts.metrics.request(tenant.name, 'answered')
        return say(passage, parts.answers.text(to))
      default:
        return to satisfies never
    }
  }

  function redirectTo(passage: Passage, tenant: Tenant, status: number, location: string): void {
    parts.metrics.request(tenant.name, 'redirected')
    say(passage, { ...parts.answers.redirect(location), status })
  }

  async function forward(passage: Passage, way: Forwarding, person: Person | null): Promise<void> {
    const asked = accessTokenFor(parts.accessTokens, way, person)
    const accessToken = asked instanceof Promise ? await asked : asked
    const plan = planFor(passage.facts, way, person, { requestId: passage.requestId, accessToken })
    const how = await parts.forwarder.forward(passage.request, passage.response, plan, passage.tooSlow)
    if (how === 'caller_too_slow') {
      return answerOutcome(passage, report.refusal(passage, { reason: 'request_too_slow', tenant: way.tenant }))
    }
    report.forwarded(passage, way.tenant, how)
  }

  function answerOutcome(passage: Passage, outcome: ReturnType<Reporter['refusal']>): void {
    say(passage, parts.answers.outcome(outcome.code, outcome.occasion))
  }

  return { enforce, answerOutcome, redirectTo }
}

/** Answers of ours; what the application says gets the header on its way through the proxy. */
function say(passage: Passage, answer: Answer): void {
  promiseHttps(passage)
  writeAnswer(passage.request, passage.response, answer)
}

/** Says that the host is to be reached by https alone, unless an answer has begun. */
export function promiseHttps({ response, strictTransport: value }: Passage): void {
  if (value !== null && !response.headersSent) response.setHeader(strictTransportName, value)
}
