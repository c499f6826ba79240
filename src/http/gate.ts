/**
 * The gate: every request walks through here once. Locate, load, decide, enforce.
 * Node's own request and response, no framework: what is forwarded passes nothing else of ours.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from '../core/answer/answer.ts'
import { causeOfLoop } from '../core/answer/causes.ts'
import { decide } from '../core/answer/decide.ts'
import type { Person } from '../core/answer/headers.ts'
import { strictTransport, strictTransportName } from '../core/answer/strict-transport.ts'
import type { Gateway, Tenant } from '../core/gateway.ts'
import type { RequestFacts } from '../core/request/facts.ts'
import { type Located, locate, type ToEndpoint, type ToRoute } from '../core/request/locate.ts'
import type { Log } from '../ops/log.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { Forwarder } from '../proxy/forward.ts'
import type { Sessions } from '../session/sessions.ts'
import type { AccessTokens } from './access-tokens.ts'
import type { Answers } from './answers.ts'
import type { CallerReader } from './caller.ts'
import type { Endpoints } from './endpoints.ts'
import { accessTokenFor, type Forwarding, planFor } from './forwarding.ts'
import { loadFor, loadForEndpoint } from './load-session.ts'
import type { Login } from './login.ts'
import type { OpenSockets } from './open-sockets.ts'
import { readFacts } from './read-facts.ts'
import { createReporter, type Reporter } from './report.ts'
import type { Confirmed, Revalidation, SignInAgain } from './revalidation.ts'
import { type Wanted, wayToSession } from './way-to-session.ts'
import { writeAnswer } from './writers.ts'

export interface GateParts {
  /** The configuration in force; each request asks once, and keeps to what it got. */
  readonly current: () => Gateway
  readonly sessions: Sessions
  readonly revalidation: Revalidation
  readonly openSockets: OpenSockets
  readonly accessTokens: AccessTokens
  readonly forwarder: Forwarder
  readonly endpoints: Endpoints
  readonly login: Login
  readonly answers: Answers
  readonly readCaller: CallerReader
  readonly metrics: Metrics
  readonly log: Log
  /** Seconds since 1970. */
  readonly clock: () => number
}

/** @param tooSlow tells that the body comes too slowly, as long as there is no answer; null where there is no body. */
export type Gate = (request: IncomingMessage, response: ServerResponse, tooSlow: AbortSignal | null) => void

/** One request on its way, as far as it has come. */
interface Passage {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly requestId: string
  readonly facts: RequestFacts
  readonly startedAt: number
  readonly tooSlow: AbortSignal | null
  /** The value of Strict-Transport-Security, or null. */
  readonly strictTransport: string | null
}

export function createGate(parts: GateParts): Gate {
  const report = createReporter(parts)

  function walk(passage: Passage, located: Located): Promise<void> | void {
    switch (located.at) {
      case 'refused':
        return answerOutcome(passage, report.refusal(passage, located))
      case 'alias':
        return redirectTo(passage, located.tenant, 308, located.location)
      case 'endpoint':
        return serveEndpoint(passage, located)
      case 'route':
        return serveRoute(passage, located)
      default:
        return located satisfies never
    }
  }

  /** The session is nearly always known at once, and then nobody waits: a turn of the event loop costs more than the decision. */
  function serveRoute(passage: Passage, located: ToRoute): Promise<void> | void {
    const loaded = loadFor(parts, located, passage.facts)
    if (!(loaded instanceof Promise)) return enforce(passage, located, loaded)
    return loaded.then((found) => enforce(passage, located, found))
  }

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

  async function serveEndpoint(passage: Passage, located: ToEndpoint): Promise<void> {
    const { tenant } = located
    // Asking who is signed in is not activity: a page that polls must not keep a session alive (T131).
    const session = await loadForEndpoint(parts, located, passage.facts)
    const { requestId, facts, response } = passage
    promiseHttps(passage)
    await parts.endpoints.serve(passage.request, { requestId, facts, tenant, session, response }, located)
    parts.metrics.request(tenant.name, 'answered')
  }

  function answerOutcome(passage: Passage, outcome: ReturnType<Reporter['refusal']>): void {
    say(passage, parts.answers.outcome(outcome.code, outcome.occasion))
  }

  function answerFailure(passage: Passage, tenant: Tenant | null, error: unknown): void {
    try {
      answerOutcome(passage, report.failure(passage, tenant, error))
    } catch (cause) {
      // Not even the page of the failure could be made: no answer is better than a second attempt at a wrong one.
      parts.log.error('answer_failed', { requestId: passage.requestId, error: cause })
      passage.response.destroy()
    }
  }

  return function gate(request, response, tooSlow) {
    const requestId = randomUUID()
    const facts = readFacts(request, parts.readCaller, false)
    const gateway = parts.current()
    const located = locate(gateway, facts)
    const startedAt = performance.now()
    const value = strictTransport(gateway, located.tenant)
    const passage = { request, response, requestId, facts, startedAt, tooSlow, strictTransport: value }
    const failed = (error: unknown) => answerFailure(passage, located.tenant, error)
    try {
      walk(passage, located)?.catch(failed)
    } catch (error) {
      failed(error)
    }
  }
}

/** Answers of ours; what the application says gets the header on its way through the proxy. */
function say(passage: Passage, answer: Answer): void {
  promiseHttps(passage)
  writeAnswer(passage.request, passage.response, answer)
}

function promiseHttps({ response, strictTransport: value }: Passage): void {
  if (value !== null && !response.headersSent) response.setHeader(strictTransportName, value)
}
