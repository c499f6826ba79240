/**
 * The gate: every request walks through here once. Locate, load, decide, enforce.
 * Node's own request and response, no framework: what is forwarded passes nothing else of ours.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { consoleStrictTransport, strictTransport } from '../core/answer/strict-transport.ts'
import type { Gateway, Tenant } from '../core/gateway.ts'
import type { ToConsole } from '../core/request/console-place.ts'
import { type Located, locate, type ToEndpoint, type ToRoute } from '../core/request/locate.ts'
import type { Log } from '../ops/log.ts'
import type { Sessions } from '../session/sessions.ts'
import type { CallerReader } from './caller.ts'
import type { Console } from './console.ts'
import type { Endpoints } from './endpoints.ts'
import { createEnforcement, type EnforceParts, type Passage, promiseHttps } from './enforce.ts'
import type { Exchange } from './exchange.ts'
import type { Lasting } from './lasting.ts'
import { loadFor, loadForEndpoint } from './load-session.ts'
import type { Places } from './places.ts'
import { readFacts } from './read-facts.ts'
import { createReporter } from './report.ts'
import type { Revalidation } from './revalidation.ts'
import { writeAnswer } from './writers.ts'

export interface GateParts extends EnforceParts {
  /** The configuration in force; each request asks once, and keeps to what it got. */
  readonly current: () => Gateway
  readonly sessions: Sessions
  readonly revalidation: Revalidation
  readonly lasting: Lasting
  readonly places: Places
  readonly endpoints: Endpoints
  readonly console: Console
  readonly readCaller: CallerReader
  readonly log: Log
}

export type Gate = (request: IncomingMessage, response: ServerResponse, exchange: Exchange) => void

export function createGate(parts: GateParts): Gate {
  const report = createReporter(parts)
  const { enforce, answerOutcome, redirectTo } = createEnforcement(parts, report)

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
      case 'console':
        return serveConsole(passage, located)
      default:
        return located satisfies never
    }
  }

  /** The session is nearly always known at once, and then nobody waits: a turn of the event loop costs more than the decision. */
  function serveRoute(came: Passage, located: ToRoute): Promise<void> | void {
    const passage = parts.formSending.read(came, located.tenant)
    if (!(passage instanceof Promise)) return serveRead(passage, located)
    return passage.then((read) => serveRead(read, located))
  }

  function serveRead(passage: Passage, located: ToRoute): Promise<void> | void {
    const loaded = loadFor(parts, located, passage.facts)
    if (!(loaded instanceof Promise)) return enforce(passage, located, loaded)
    return loaded.then((found) => enforce(passage, located, found))
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

  async function serveConsole(passage: Passage, { place }: ToConsole): Promise<void> {
    const answer = await parts.console.answer(passage, place)
    promiseHttps(passage)
    writeAnswer(passage.request, passage.response, answer)
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

  return function gate(request, response, exchange) {
    const requestId = randomUUID()
    const facts = readFacts(request, parts.readCaller, false)
    const gateway = parts.current()
    const located = locate(gateway, facts)
    const { startedAt } = exchange
    const value = located.at === 'console' ? consoleStrictTransport(gateway) : strictTransport(gateway, located.tenant)
    const passage = { request, response, requestId, facts, startedAt, exchange, strictTransport: value }
    const failed = (error: unknown) => answerFailure(passage, located.tenant, error)
    try {
      walk(passage, located)?.catch(failed)
    } catch (error) {
      failed(error)
    }
  }
}
