/** The gate for upgrades: the same walk, spoken to a raw socket; and what is open is judged again when the configuration changes. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { decide } from '../core/answer/decide.ts'
import { identityHeaders, type Person } from '../core/answer/headers.ts'
import { strictTransport, strictTransportName } from '../core/answer/strict-transport.ts'
import type { Gateway, Tenant } from '../core/gateway.ts'
import type { Session } from '../core/identity/session.ts'
import { refusedUpgrade } from '../core/request/handshake.ts'
import { locate } from '../core/request/locate.ts'
import { accessTokenFor, type Forwarding, planFor } from './forwarding.ts'
import type { GateParts } from './gate.ts'
import { loadFor } from './load-session.ts'
import { readFacts } from './read-facts.ts'
import { createReporter, type Ended, type Passing } from './report.ts'
import { writeAnswerToSocket } from './writers.ts'

export type TakeUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

export interface UpgradeGate {
  readonly take: TakeUpgrade
  /**
   * Cuts every open WebSocket that the configuration in force would not let through in the same way: another role map, upstream
   * or identity, or no such tenant any more (T126). Whoever may still pass connects anew.
   * @returns how many were cut.
   */
  reconsider(): number
}

/** An open WebSocket, and on what grounds. */
interface Opened {
  readonly passing: Passing
  readonly way: Forwarding
  /** With the session as the application was last told of it. */
  person: Person | null
  /** When that was: what had been proved by then is enough for as long as it is open. */
  readonly now: number
  cut(): void
}

export function createUpgradeGate(parts: GateParts): UpgradeGate {
  const report = createReporter(parts)
  const opened = new Set<Opened>()

  function take(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Node has taken its own listener off by now: a reset while we wait for the session would end the process (T132).
    socket.on('error', () => socket.destroy())
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
    walk({ passing, located, request, socket, head })
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
    const { passing, located, request, socket, head } = passage
    const { facts, requestId } = passing
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
    const session = loaded === null || 'again' in loaded ? null : loaded
    const now = parts.clock()
    const decision = decide({ tenant, requirement: located.requirement, facts, session, now })
    if (decision.act !== 'forward') return { ...decision, tenant, session }
    const { person } = decision
    const refused = refusedUpgrade(facts, tenant, person !== null)
    if (refused !== null) return { ...refused, tenant, session }
    const way = { tenant, to, target: located.target, strictTransport: strictTransport(parts.current(), tenant) }
    const accessToken = await accessTokenFor(parts.accessTokens, way, person)
    const plan = planFor(facts, way, person, { requestId, accessToken })
    const tunnel = await parts.forwarder.tunnel(request, socket, head, plan)
    parts.metrics.request(tenant.name, typeof tunnel === 'string' ? tunnel : 'tunnelled')
    if (typeof tunnel === 'string') return null
    const entry = { passing, way, person, now, cut: tunnel.cut }
    opened.add(entry)
    // Signing out anywhere cuts what is open (T101), and so does what a revalidation finds out (T126).
    const unwatch = person === null ? () => {} : parts.sessions.watch(person.session, tunnel.cut)
    const tenantNow = () => locate(parts.current(), facts).tenant
    const unfollow =
      person === null ? () => {} : parts.openSockets.follow(person.session, tenantNow, (news) => takeNews(entry, news))
    tunnel.closed.finally(() => {
      opened.delete(entry)
      unwatch()
      unfollow()
    })
    // The configuration may have changed while the application was asked.
    if (!stillStands(parts.current(), entry, person?.session ?? null).stands) tunnel.cut()
    return null
  }

  /** The session of an open WebSocket has changed, or may be used no more. */
  function takeNews(entry: Opened, session: Session | null): void {
    const now = session === null ? null : stillStands(parts.current(), entry, session)
    if (now?.stands === true) entry.person = now.person
    else entry.cut()
  }

  return {
    take,
    reconsider() {
      const gateway = parts.current()
      const fallen = [...opened].filter((entry) => !stillStands(gateway, entry, entry.person?.session ?? null).stands)
      for (const entry of fallen) entry.cut()
      return fallen.length
    },
  }
}

/**
 * Whether the same request would go the same way now, and tell the application the same of the same person.
 * @param session that of the person as it is now; null where nobody is named to the application.
 */
function stillStands(gateway: Gateway, { passing, way, person, now }: Opened, session: Session | null): Standing {
  const fallen = { stands: false } as const
  const located = locate(gateway, passing.facts)
  if (located.at !== 'route') return fallen
  const { tenant, route, requirement, target } = located
  if (tenant === way.tenant && session === (person?.session ?? null)) return { stands: true, person }
  const { to } = route
  if (to.act !== 'forward' || to.upstream !== way.to.upstream || target !== way.target) return fallen
  const decision = decide({ tenant, requirement, facts: passing.facts, session, now })
  if (decision.act !== 'forward') return fallen
  return told({ tenant, to }, decision.person) === told(way, person)
    ? { stands: true, person: decision.person }
    : fallen
}

type Standing = { readonly stands: true; readonly person: Person | null } | { readonly stands: false }

/** What the application is told of a person. */
function told(way: { readonly tenant: Tenant; readonly to: Forwarding['to'] }, person: Person | null): string {
  return person === null ? '' : JSON.stringify(Object.entries(identityHeaders(way, person)))
}

interface UpgradePassage {
  readonly passing: Passing
  readonly located: ReturnType<typeof locate>
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

type Refused = Parameters<ReturnType<typeof createReporter>['refusal']>[1]
