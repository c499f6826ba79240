/** The gate for upgrades: the same walk, spoken to a raw socket. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { decide } from '../core/answer/decide.ts'
import type { Person } from '../core/answer/headers.ts'
import { strictTransport, strictTransportName } from '../core/answer/strict-transport.ts'
import { refusedUpgrade } from '../core/request/handshake.ts'
import { locate } from '../core/request/locate.ts'
import type { OnRefusal, Tunnel } from '../proxy/tunnel.ts'
import { callerIn } from './callers-bond.ts'
import { accessTokenFor, type Forwarding, planFor } from './forwarding.ts'
import type { GateParts } from './gate.ts'
import type { Opened } from './lasting.ts'
import { loadFor, sessionIn } from './load-session.ts'
import { readFacts } from './read-facts.ts'
import { createReporter, type Ended, type Passing } from './report.ts'
import { writeAnswerToSocket } from './writers.ts'

export type TakeUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

export interface UpgradeGate {
  readonly take: TakeUpgrade
}

export function createUpgradeGate(parts: GateParts): UpgradeGate {
  const report = createReporter(parts)

  function take(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Node has taken its own listener off by now: a reset while we wait for the session would end the process (T132).
    socket.on('error', destroy)
    const facts = readFacts(request, parts.readCaller, true)
    const passing = { requestId: randomUUID(), facts, startedAt: performance.now() }
    const gateway = parts.current()
    const located = locate(gateway, facts)
    const answer = ({ code, occasion }: Ended) => {
      const said = parts.answers.outcome(code, occasion)
      const value = strictTransport(gateway, located.tenant)
      const headers = value === null ? said.headers : { ...said.headers, [strictTransportName]: value }
      writeAnswerToSocket(socket, { ...said, headers })
    }
    walk({ passing, located, socket, head })
      .then((refused) => {
        if (refused !== null) answer(report.refusal(passing, refused))
      })
      .catch((error: unknown) => answer(report.failure(passing, located.tenant, error)))
      .catch((error: unknown) => {
        parts.log.error('answer_failed', { requestId: passing.requestId, error })
        socket.destroy()
      })
  }

  /** @returns the refusal, or null once the tunnel is open or the socket has been dealt with. */
  async function walk(passage: UpgradePassage): Promise<Refused | null> {
    const { passing, located } = passage
    const { facts } = passing
    if (located.at === 'refused') return located
    if (located.at === 'console') return { reason: 'endpoint_unknown', tenant: null }
    const { tenant } = located
    if (located.at !== 'route') return { reason: 'endpoint_unknown', tenant }
    const { to } = located.route
    if (to.act !== 'forward') return { reason: 'upgrade_refused', detail: 'local-answer', tenant }
    // What nobody could be let through with needs no session.
    const unfit = refusedUpgrade(facts, tenant, false)
    if (unfit !== null) return { ...unfit, tenant }
    const loaded = await loadFor(parts, located, facts)
    const session = sessionIn(loaded)
    const now = parts.clock()
    const decision = decide({ tenant, requirement: located.requirement, facts, session, now })
    if (decision.act !== 'forward') return { ...decision, tenant, session }
    const { person } = decision
    const refused = refusedUpgrade(facts, tenant, person !== null)
    if (refused !== null) return { ...refused, tenant, session }
    const caller = callerIn(parts.bonds, tenant, facts, loaded)
    const promised = strictTransport(parts.current(), tenant)
    const way = { tenant, to, target: located.target, strictTransport: promised, ...caller }
    const place = parts.places.take('websocket', person)
    if (typeof place !== 'function') return { ...place, tenant, session }
    const grounds = { passing, facts, way, person, now }
    const refusal = (answer: Tunnel) => keep(answer, { what: 'stream', ...grounds }, nothing)
    const tunnel = await openTunnel(passage, grounds, refusal).catch((error: unknown) => {
      place()
      throw error
    })
    if (tunnel === null) place()
    else keep(tunnel, { what: 'websocket', ...grounds }, place)
    return null
  }

  /** Nothing that it needs no more is held for as long as it is open. */
  function keep({ cut, closed }: Tunnel, grounds: Omit<Opened, 'cut'>, place: () => void): void {
    const release = parts.lasting.hold({ ...grounds, cut })
    closed.finally(() => {
      release()
      place()
    })
  }

  /** @returns null where there is none: the socket has been dealt with. */
  async function openTunnel(
    { passing, socket, head }: UpgradePassage,
    { way, person }: { readonly way: Forwarding; readonly person: Person | null },
    refusal: OnRefusal,
  ): Promise<Tunnel | null> {
    const { requestId, facts } = passing
    const accessToken = await accessTokenFor(parts.accessTokens, way, person)
    const plan = planFor(facts, way, person, { requestId, accessToken })
    const tunnel = await parts.forwarder.tunnel(socket, head, plan, refusal)
    parts.metrics.request(way.tenant.name, typeof tunnel === 'string' ? tunnel : 'tunnelled')
    return typeof tunnel === 'string' ? null : tunnel
  }

  return { take }
}

/** Not made in `take`: it would hold on to the configuration of that moment for as long as the socket is open. */
function destroy(this: Duplex): void {
  this.destroy()
}

function nothing(): void {}

interface UpgradePassage {
  readonly passing: Passing
  readonly located: ReturnType<typeof locate>
  readonly socket: Duplex
  readonly head: Buffer
}

type Refused = Parameters<ReturnType<typeof createReporter>['refusal']>[1]
