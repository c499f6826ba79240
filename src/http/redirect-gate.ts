/** The plain port beside https: it sends people over to https, and takes nothing else. It forwards nothing and sets no cookies. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { RefusalCode } from '../core/answer/outcomes.ts'
import type { Gateway, PublicUrl, Tenant } from '../core/gateway.ts'
import type { RequestFacts } from '../core/request/facts.ts'
import { tenantNamed } from '../core/request/server-name.ts'
import { hostName, normaliseHost } from '../core/request/tenant.ts'
import type { Log } from '../ops/log.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { Answers } from './answers.ts'
import { createCallerReader } from './caller.ts'
import type { Gate } from './gate.ts'
import { readFacts } from './read-facts.ts'
import { createReporter, type Ended } from './report.ts'
import type { TakeUpgrade } from './upgrade.ts'
import { writeAnswer, writeAnswerToSocket } from './writers.ts'

export interface RedirectGateParts {
  readonly current: () => Gateway
  readonly answers: Answers
  readonly metrics: Metrics
  readonly log: Log
}

export type Redirection =
  /** The tenant is null for the console's host. */
  | { readonly tenant: Tenant | null; readonly location: string }
  | { readonly reason: RefusalCode; readonly detail?: string; readonly tenant: Tenant | null }

/**
 * Where a request to the plain port is sent, or why it is refused. What is not a plain GET or HEAD has sent its data in the open
 * by now: it must not seem to work, or nobody would ever notice.
 */
export function redirection(gateway: Gateway, { host, method, target }: RequestFacts): Redirection {
  const normal = host === null ? null : normaliseHost(host)
  if (normal === null) return { reason: 'request_malformed', detail: 'host', tenant: null }
  const name = hostName(normal)
  const tenant = tenantNamed(gateway, name)
  const publicUrl = tenant?.publicUrl ?? consoleNamed(gateway, name)
  // One on http would be sent round in circles; only localhost may be.
  if (publicUrl?.scheme !== 'https') return { reason: elsewhere(gateway, name), tenant: null }
  if (method !== 'GET' && method !== 'HEAD') return { reason: 'https_required', tenant }
  // Without its slash, a target would go on with the name of the host; what is no visible ASCII is no target (RFC 3986).
  if (!/^\/[\x21-\x7e]*$/.test(target)) return { reason: 'https_required', detail: 'target', tenant }
  return { tenant, location: publicUrl.origin + target }
}

function consoleNamed({ server }: Gateway, name: string): PublicUrl | null {
  return server.console !== null && hostName(server.console.host) === name ? server.console : null
}

function elsewhere(gateway: Gateway, name: string): RefusalCode {
  const closed = gateway.closedHosts.get(name)
  if (closed === undefined) return 'tenant_unknown'
  return closed.why === 'off' ? 'tenant_off' : 'tenant_broken'
}

export function createRedirectGate(parts: RedirectGateParts): { readonly gate: Gate; readonly upgrade: TakeUpgrade } {
  const { current, answers, metrics } = parts
  const report = createReporter(parts)
  const readCaller = createCallerReader([])

  function read(request: IncomingMessage, upgrade: boolean) {
    const facts = readFacts(request, readCaller, upgrade)
    return { facts, requestId: randomUUID(), startedAt: performance.now() }
  }
  const said = ({ code, occasion }: Ended) => answers.outcome(code, occasion)

  return {
    gate(request, response) {
      const passing = read(request, false)
      const found = redirection(current(), passing.facts)
      if ('reason' in found) return writeAnswer(request, response, said(report.refusal(passing, found)))
      metrics.request(found.tenant?.name ?? '', 'redirected')
      writeAnswer(request, response, { ...answers.redirect(found.location), status: 308 })
    },
    upgrade(request, socket) {
      socket.on('error', () => socket.destroy())
      const passing = read(request, true)
      const found = redirection(current(), passing.facts)
      const refused = 'reason' in found ? found : ({ reason: 'https_required', tenant: found.tenant } as const)
      writeAnswerToSocket(socket, said(report.refusal(passing, refused)))
    },
  }
}
