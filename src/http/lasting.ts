/**
 * What stays open: WebSockets, and answers and uploads that take their time. Nobody asks for them again, so a timer does,
 * as requests would; and they end with what let them through (T101, T126, T129).
 */

import { type Granted, type NotLetThrough, standingOf } from '../core/answer/granted.ts'
import type { Person } from '../core/answer/headers.ts'
import { Fault } from '../core/fault.ts'
import type { Gateway } from '../core/gateway.ts'
import type { Session } from '../core/identity/session.ts'
import type { Log } from '../ops/log.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Exchange } from './exchange.ts'
import type { Places, What } from './places.ts'
import { loggedPath, type Passing } from './report.ts'
import type { Revalidation } from './revalidation.ts'

export interface Lasting {
  /** Watches over what was opened, and ends it when it may go on no longer. @returns the way out, once it is over. */
  hold(opened: Opened): () => void
  /** Holds the requests that are being forwarded at this moment. To be called about once a second. */
  sweep(underWay: Iterable<readonly Exchange[]>): void
  /**
   * Judges everything by the configuration in force. What it would not let through is cut. What would go another way is
   * cut where it is a WebSocket, which connects anew; a request may finish for as long as a shut-down would wait for it.
   * @returns how many of each were cut at once.
   */
  reconsider(): Readonly<Record<What, number>>
  close(): void
}

/** Something open, and on what grounds. */
export interface Opened extends Granted {
  readonly what: What
  readonly passing: Passing
  cut(ending: Ending): void
}

export interface Ending {
  /**
   * `session_ended`: signed out, revoked, expired, replaced, or nobody vouches for it any more. `access_lost`: it would not
   * be let through now. `changed`: it would go another way, or the application be told something else. `limit`: too many.
   */
  readonly why: 'session_ended' | 'access_lost' | 'changed' | 'limit'
  /** What whoever waits for an answer is told; null: nothing. */
  readonly refused: NotLetThrough | null
}

export interface LastingParts {
  readonly current: () => Gateway
  readonly sessions: Pick<Sessions, 'current' | 'watch'>
  readonly revalidation: Revalidation
  readonly places: Places
  /** Seconds since 1970. */
  readonly clock: () => number
  readonly metrics: Pick<Metrics, 'cut'>
  readonly log: Log
  /** How often all are looked at, in milliseconds. */
  readonly interval?: number
}

interface Held {
  readonly opened: Opened
  /** As it is now. */
  way: Granted['way']
  person: Person | null
  /** Whose session in the application went along, where nobody is named to it (T128). */
  holder: Session | null
  /** When it ends at the latest, since it would go another way by now. */
  until: number
  unwatch: () => void
}

/** Looked at together: each may wait for a provider. */
const mostAtOnce = 20
/** Nobody is behind it who could be redirected. */
const asUpgrade = { kind: 'upgrade', method: 'GET' } as const
/** From when on, in milliseconds, a request under way counts against the limit of what a person may have open. */
const longAfter = 10_000
const ended: Ending = { why: 'session_ended', refused: { reason: 'login_required' } }
const changed: Ending = { why: 'changed', refused: null }

export function createLasting(parts: LastingParts): Lasting {
  const { current, sessions, revalidation, places, clock, metrics, log, interval = 5_000 } = parts
  const all = new Set<Held>()
  let looking = false

  function add(opened: Opened): Held {
    const { way, person } = opened
    const holder = person === null ? (way.holder ?? null) : null
    const held: Held = { opened, way, person, holder, until: Number.POSITIVE_INFINITY, unwatch() {} }
    all.add(held)
    // Both may have changed since it was let through.
    const session = person?.session ?? holder
    if (session !== null) held.unwatch = sessions.watch(session, () => end(held, ended))
    if (all.has(held)) judge(held, person?.session ?? null)
    if (all.has(held)) void lookSafely(held)
    return held
  }

  const defect = (error: unknown) => log.error('revalidation_failed', { error })

  function drop(held: Held): boolean {
    held.unwatch()
    return all.delete(held)
  }

  function end(held: Held, ending: Ending): void {
    if (!drop(held)) return
    const { what, passing, person } = held.opened
    metrics.cut(what, ending.why)
    log.info('open_cut', {
      ...{ requestId: passing.requestId, tenant: held.way.tenant.name, what, why: ending.why },
      reason: ending.refused?.reason,
      path: loggedPath(passing.facts),
      seconds: Math.round((performance.now() - passing.startedAt) / 1_000),
      directoryId: person?.session.facts.directoryId,
      objectId: person?.session.facts.objectId,
    })
    held.opened.cut(ending)
  }

  function judge(held: Held, session: Session | null): void {
    const { opened, way, person } = held
    const { facts, now } = opened
    const standing = standingOf(current(), { facts, way, person, now }, session)
    switch (standing.is) {
      case 'same':
        held.way = standing.way
        held.person = standing.person
        held.until = Number.POSITIVE_INFINITY
        break
      case 'other':
        if (opened.what === 'websocket') end(held, changed)
        else held.until = Math.min(held.until, clock() + current().server.drainSeconds)
        break
      case 'refused':
        end(held, { why: 'access_lost', refused: standing.refused })
        break
      default:
        standing satisfies never
    }
  }

  async function look(held: Held): Promise<void> {
    if (clock() >= held.until) return end(held, changed)
    const session = held.person?.session ?? held.holder
    if (session === null) return
    const now = await sessionNow(held, session)
    if (now === session || !all.has(held)) return
    if (now === null) end(held, ended)
    else if (held.person === null) held.holder = now
    else judge(held, now)
  }

  async function sessionNow(held: Held, session: Session): Promise<Session | null> {
    const { tenant } = held.way
    try {
      const known = await sessions.current(session)
      const confirmed = known === null ? null : await revalidation.confirm(tenant, known, asUpgrade)
      return confirmed !== null && 'facts' in confirmed ? confirmed : null
    } catch (error) {
      // Nobody can say that it goes on, for longer than the grace; and where we have a defect, nobody can say anything.
      if (!(error instanceof Fault)) log.error('revalidation_failed', { tenant: tenant.name, error })
      return null
    }
  }

  /** A defect with the one keeps nobody from looking at the others; and it ends what nobody can judge. */
  async function lookSafely(held: Held): Promise<void> {
    const unjudged = (error: unknown) => {
      defect(error)
      end(held, ended)
    }
    await look(held).catch(unjudged).catch(defect)
  }

  async function lookAtAll(): Promise<void> {
    if (looking) return
    looking = true
    try {
      const now = [...all]
      for (let at = 0; at < now.length; at += mostAtOnce)
        await Promise.all(now.slice(at, at + mostAtOnce).map(lookSafely))
    } finally {
      looking = false
    }
  }

  const timer = setInterval(() => void lookAtAll(), interval).unref()

  /** From now on the request is watched over; it comes here only once. */
  function holdStream(exchange: Exchange, granted: NonNullable<Exchange['granted']>): void {
    const cut = (ending: Ending) => {
      exchange.ending = ending
      exchange.recall?.()
    }
    const held = add({ ...granted, what: 'stream', cut })
    exchange.held = {
      release: () => drop(held),
      tooMany: (refused) => end(held, { why: 'limit', refused }),
    }
  }

  function sweep(underWay: Iterable<readonly Exchange[]>): void {
    const long = performance.now() - longAfter
    for (const ofConnection of underWay) {
      for (const exchange of ofConnection) {
        const { granted, held } = exchange
        if (granted === null) continue
        if (held === null) holdStream(exchange, granted)
        else if (exchange.startedAt < long && exchange.place === null) takePlace(exchange, held, granted.person)
      }
    }
  }

  function takePlace(exchange: Exchange, held: NonNullable<Exchange['held']>, person: Person | null): void {
    const place = places.take('stream', person)
    if (typeof place === 'function') exchange.place = place
    else held.tooMany(place)
  }

  return {
    hold(opened) {
      const held = add(opened)
      return () => drop(held)
    },
    sweep,
    reconsider() {
      const before = [...all]
      for (const held of before) judge(held, held.person?.session ?? null)
      const cut = before.filter((held) => !all.has(held))
      const websockets = cut.filter(({ opened }) => opened.what === 'websocket').length
      return { websocket: websockets, stream: cut.length - websockets }
    },
    close() {
      clearInterval(timer)
      for (const held of [...all]) drop(held)
    },
  }
}
