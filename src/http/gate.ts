/**
 * The gate: every request walks through here once. Locate, load, decide, enforce.
 * Node's own request and response, no framework: what is forwarded passes nothing else of ours.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ownCookieNames } from '../core/answer/cookies.ts'
import { decide } from '../core/answer/decide.ts'
import { finishHeaders, type Person } from '../core/answer/headers.ts'
import { Fault } from '../core/fault.ts'
import type { Gateway, Tenant } from '../core/gateway.ts'
import type { Session } from '../core/identity/session.ts'
import type { RequestFacts } from '../core/request/facts.ts'
import { type Located, locate } from '../core/request/locate.ts'
import type { Log } from '../ops/log.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { Forwarder } from '../proxy/forward.ts'
import type { ForwardPlan } from '../proxy/plan.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Answers } from './answers.ts'
import type { CallerReader } from './caller.ts'
import type { Endpoints } from './endpoints.ts'
import type { Login } from './login.ts'
import { cookieOf, readFacts } from './read-facts.ts'
import { createReporter, type Reporter } from './report.ts'
import { writeAnswer } from './writers.ts'

export interface GateParts {
  readonly gateway: Gateway
  readonly sessions: Sessions
  readonly forwarder: Forwarder
  readonly endpoints: Endpoints
  readonly login: Login
  readonly answers: Answers
  readonly readCaller: CallerReader
  readonly metrics: Metrics
  readonly log: Log
}

export type Gate = (request: IncomingMessage, response: ServerResponse) => void

type ToRoute = Extract<Located, { at: 'route' }>
type ToEndpoint = Extract<Located, { at: 'endpoint' }>

/** One request on its way, as far as it has come. */
interface Passage {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly requestId: string
  readonly facts: RequestFacts
  readonly startedAt: number
}

export function createGate(parts: GateParts): Gate {
  const report = createReporter(parts)

  function walk(passage: Passage, located: Located): Promise<void> | void {
    switch (located.at) {
      case 'refused':
        return answerOutcome(passage, report.refusal(passage, located))
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
    const loaded = loadFor(parts.sessions, located, passage.facts)
    if (!(loaded instanceof Promise)) return enforce(passage, located, loaded)
    return loaded.then((session) => enforce(passage, located, session))
  }

  function enforce(passage: Passage, located: ToRoute, session: Session | null): Promise<void> | void {
    const { method, kind } = passage.facts
    const { tenant, requirement } = located
    const decision = decide({ tenant, requirement, method, kind, session })
    switch (decision.act) {
      case 'forward':
        return forward(passage, located, decision.person)
      case 'login':
        return sendToLogin(passage, tenant)
      case 'refuse':
        return answerOutcome(passage, report.refusal(passage, { ...decision, tenant, session }))
      default:
        return decision satisfies never
    }
  }

  async function sendToLogin(passage: Passage, tenant: Tenant): Promise<void> {
    const { facts } = passage
    if (parts.login.goesRound(facts)) {
      return answerOutcome(passage, report.refusal(passage, { reason: 'login_loop', tenant }))
    }
    const answer = await parts.login.start({
      tenant,
      cookieHeader: cookieOf(facts),
      returnTo: facts.target,
      attempt: 0,
    })
    parts.metrics.request(tenant.name, 'login')
    writeAnswer(passage.request, passage.response, answer)
  }

  async function forward(passage: Passage, located: ToRoute, person: Person | null): Promise<void> {
    const plan = planFor(passage.facts, located, person, passage.requestId)
    const how = await parts.forwarder.forward(passage.request, passage.response, plan)
    report.forwarded(passage, located.tenant, how)
  }

  async function serveEndpoint(passage: Passage, located: ToEndpoint): Promise<void> {
    const { tenant, endpoint } = located
    // Asking who is signed in is not activity: a page that polls must not keep a session alive (T131).
    const needsSession = endpoint !== 'signedOut'
    const session = needsSession
      ? await parts.sessions.load(tenant.name, cookieOf(passage.facts), { activity: endpoint !== 'me' })
      : null
    const { requestId, facts, response } = passage
    await parts.endpoints.serve(passage.request, { requestId, facts, tenant, session, response }, located)
    parts.metrics.request(tenant.name, 'answered')
  }

  function answerOutcome(passage: Passage, outcome: ReturnType<Reporter['refusal']>): void {
    writeAnswer(passage.request, passage.response, parts.answers.outcome(outcome.code, outcome.occasion))
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

  return function gate(request, response) {
    const requestId = randomUUID()
    const facts = readFacts(request, parts.readCaller, false)
    const passage = { request, response, requestId, facts, startedAt: performance.now() }
    const located = locate(parts.gateway, facts)
    const failed = (error: unknown) => answerFailure(passage, located.tenant, error)
    try {
      walk(passage, located)?.catch(failed)
    } catch (error) {
      failed(error)
    }
  }
}

/** Public routes skip the well; optional ones survive its absence: whoever cannot be known is nobody in particular. */
export function loadFor(
  sessions: Sessions,
  located: ToRoute,
  facts: RequestFacts,
): Promise<Session | null> | Session | null {
  const { level } = located.requirement
  if (level === 'public') return null
  if (level === 'optional') return loadOrNobody(sessions, located, facts)
  return sessions.load(located.tenant.name, cookieOf(facts))
}

async function loadOrNobody(sessions: Sessions, located: ToRoute, facts: RequestFacts): Promise<Session | null> {
  try {
    return await sessions.load(located.tenant.name, cookieOf(facts))
  } catch (error) {
    // The store has logged and counted its own absence; an optional route is open without it. A defect is not an absence.
    if (error instanceof Fault && error.code === 'session_store_down') return null
    throw error
  }
}

/** What the proxy needs: it decides nothing. */
export function planFor(
  facts: RequestFacts,
  { tenant }: ToRoute,
  person: Person | null,
  requestId: string,
): ForwardPlan {
  return {
    upstream: tenant.upstream,
    target: facts.target,
    headers: finishHeaders(facts, tenant, person, requestId),
    ownCookieNames,
    signedIn: person !== null,
  }
}
