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
import type { Placeholder } from '../core/request/own-form.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { Forwarder } from '../proxy/forward.ts'
import type { OwnBody } from '../proxy/plan.ts'
import type { Bonds } from '../session/bonds.ts'
import type { AccessTokens } from './access-tokens.ts'
import type { Answers } from './answers.ts'
import type { Budgets } from './budgets.ts'
import { callerIn } from './callers-bond.ts'
import type { Exchange } from './exchange.ts'
import { createFormWalk, type FormWalkParts } from './form-walk.ts'
import { accessTokenFor, type Forwarding, planFor } from './forwarding.ts'
import type { Ending } from './lasting.ts'
import { type Loaded, sessionIn } from './load-session.ts'
import type { Login } from './login.ts'
import type { Reporter } from './report.ts'
import type { SignInAgain } from './revalidation.ts'
import { countedAs, type Wanted, wayToSession } from './way-to-session.ts'
import { writeAnswer, writeAnswerPatiently } from './writers.ts'

export interface EnforceParts extends FormWalkParts {
  readonly bonds: Bonds
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
  readonly exchange: Exchange
  /** The value of Strict-Transport-Security, or null. */
  readonly strictTransport: string | null
  /** What was read of the request already, in place of its own body. */
  readonly body?: OwnBody
  /** The kept form that the request stands for (http/form-sending.ts). */
  readonly standsFor?: StandsFor
}

export interface StandsFor {
  /** What the browser's cookie holds. */
  readonly browser: string
  readonly placeholder: Placeholder | null
}

export interface Enforcement {
  enforce(passage: Passage, located: ToRoute, loaded: Loaded): Promise<void> | void
  answerOutcome(passage: Passage, outcome: ReturnType<Reporter['refusal']>): void
  redirectTo(passage: Passage, tenant: Tenant, status: number, location: string): void
}

export function createEnforcement(parts: EnforceParts, report: Reporter): Enforcement {
  function enforce(passage: Passage, located: ToRoute, loaded: Loaded): Promise<void> | void {
    const { facts } = passage
    const again = loaded !== null && 'again' in loaded ? loaded : null
    const session = sessionIn(loaded)
    const { tenant, requirement } = located
    const decision = decide({ tenant, requirement, facts, session, now: parts.clock() })
    switch (decision.act) {
      case 'forward':
        return passage.standsFor === undefined
          ? carryOut(passage, located, loaded, decision.person)
          : forms.send(passage, located, decision.person, (form) => carryOut(form, located, loaded, decision.person))
      case 'login': {
        // A session that nobody vouches for any more proves nothing, and is nobody's.
        const own = decision.reason === 'login_required' ? null : session
        const wanted = { tenant, session: own, stepUp: decision.stepUp }
        return facts.method === 'POST'
          ? forms.keep(passage, { located, wanted, again })
          : sendToLogin(passage, wanted, again?.again ?? null)
      }
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
    parts.metrics.request(tenant.name, countedAs(answer))
    say(passage, answer)
  }

  function carryOut(passage: Passage, located: ToRoute, loaded: Loaded, person: Person | null): Promise<void> | void {
    const { tenant, route, target } = located
    const { to } = route
    switch (to.act) {
      case 'forward': {
        const caller = callerIn(parts.bonds, tenant, passage.facts, loaded)
        return forward(passage, { tenant, to, target, strictTransport: passage.strictTransport, ...caller }, person)
      }
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
    const now = parts.clock()
    const asked = accessTokenFor(parts.accessTokens, way, person)
    const accessToken = asked instanceof Promise ? await asked : asked
    const { request, response, exchange, facts, requestId, body = null } = passage
    const plan = planFor(facts, way, person, { requestId, accessToken, body })
    exchange.granted = { passing: passage, facts, way, person, now }
    const how = await parts.forwarder.forward(request, response, plan, exchange)
    if (how === 'caller_too_slow' || how === 'recalled') {
      return answerInstead(passage, way.tenant, how === 'recalled' ? exchange.ending : tooSlow)
    }
    report.forwarded(passage, way.tenant, how)
  }

  /** Nothing was answered yet, and the application has been let go. */
  function answerInstead(passage: Passage, tenant: Tenant, ending: Pick<Ending, 'refused'> | null): void {
    passage.exchange.granted = null
    if (ending === null || ending.refused === null) return void passage.response.destroy()
    answerOutcome(passage, report.refusal(passage, { ...ending.refused, tenant }))
  }

  function answerOutcome(passage: Passage, outcome: ReturnType<Reporter['refusal']>): void {
    say(passage, parts.answers.outcome(outcome.code, outcome.occasion))
  }

  const forms = createFormWalk(parts, report, { say, answerOutcome })
  return { enforce, answerOutcome, redirectTo }
}

const tooSlow = { refused: { reason: 'request_too_slow' } } as const

/** Answers of ours; what the application says gets the header on its way through the proxy. */
function say(passage: Passage, answer: Answer): void {
  promiseHttps(passage)
  const { request, response, facts } = passage
  // Whoever has sent a form must see why it goes no further, and not an error of the connection.
  const write = facts.method === 'POST' && facts.kind !== 'data' ? writeAnswerPatiently : writeAnswer
  write(request, response, answer)
}

/** Says that the host is to be reached by https alone, unless an answer has begun. */
export function promiseHttps({ response, strictTransport: value }: Passage): void {
  if (value !== null && !response.headersSent) response.setHeader(strictTransportName, value)
}
