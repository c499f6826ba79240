/** The gate for upgrades: the same walk, spoken to a raw socket. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { decide } from '../core/answer/decide.ts'
import { refusedUpgrade } from '../core/request/handshake.ts'
import { locate } from '../core/request/locate.ts'
import { type GateParts, loadFor, planFor } from './gate.ts'
import { readFacts } from './read-facts.ts'
import { createReporter, type Ended, type Passing } from './report.ts'
import { writeAnswerToSocket } from './writers.ts'

export type UpgradeGate = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

export function createUpgradeGate(parts: GateParts): UpgradeGate {
  const report = createReporter(parts)
  return function upgrade(request, socket, head) {
    // Node has taken its own listener off by now: a reset while we wait for the session would end the process (T132).
    socket.on('error', () => socket.destroy())
    const facts = readFacts(request, parts.readCaller, true)
    const passing = { requestId: randomUUID(), facts, startedAt: performance.now() }
    const located = locate(parts.gateway, facts)
    const answer = (ended: Ended) => writeAnswerToSocket(socket, parts.answers.outcome(ended.code, ended.occasion))
    walk(parts, { passing, located, request, socket, head })
      .then((refused) => {
        if (refused !== null) answer(report.refusal(passing, refused))
      })
      .catch((error: unknown) => answer(report.failure(passing, located.tenant, error)))
      .catch((error: unknown) => {
        parts.log.error('answer_failed', { requestId: passing.requestId, error })
        socket.destroy()
      })
  }
}

interface UpgradePassage {
  readonly passing: Passing
  readonly located: ReturnType<typeof locate>
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

type Refused = Parameters<ReturnType<typeof createReporter>['refusal']>[1]

/** @returns the refusal, or null once the tunnel is open or the socket has been dealt with. */
async function walk(parts: GateParts, passage: UpgradePassage): Promise<Refused | null> {
  const { passing, located, request, socket, head } = passage
  const { facts, requestId } = passing
  if (located.at === 'refused') return located
  const { tenant } = located
  if (located.at === 'endpoint') return { reason: 'endpoint_unknown', tenant }
  // What nobody could be let through with needs no session.
  const unfit = refusedUpgrade(facts, tenant, false)
  if (unfit !== null) return { ...unfit, tenant }
  const session = await loadFor(parts.sessions, located, facts)
  const decision = decide({ tenant, requirement: located.requirement, method: facts.method, kind: facts.kind, session })
  if (decision.act !== 'forward') return { reason: decision.reason, tenant, session }
  const { person } = decision
  const refused = refusedUpgrade(facts, tenant, person !== null)
  if (refused !== null) return { ...refused, tenant, session }
  const tunnel = await parts.forwarder.tunnel(request, socket, head, planFor(facts, located, person, requestId))
  parts.metrics.request(tenant.name, typeof tunnel === 'string' ? tunnel : 'tunnelled')
  if (typeof tunnel !== 'string' && person !== null) {
    // Signing out anywhere cuts what is open (T101).
    const unwatch = parts.sessions.watch(person.session, tunnel.cut)
    tunnel.closed.then(unwatch, unwatch)
  }
  return null
}
