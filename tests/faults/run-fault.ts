/** One fault from beginning to end, under load. */
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../redis.ts'
import type { Account } from './account.ts'
import { makeDue } from './due-sessions.ts'
import type { Fault } from './fault.ts'
import { openPlace } from './place.ts'
import { startSteadyLoad } from './steady-load.ts'

export interface Ran extends Account {
  readonly name: string
  readonly what: string
  /** Sessions that were lost because the store lost them. */
  readonly forgiven: number
  /** How long it took from the end of the fault until the store was there for all gateways, in milliseconds. */
  readonly recovered: number
  /** The worst cells; empty where all is as it must be. */
  readonly forbidden: readonly string[]
}

/** How long the load runs before and after, in seconds; and how long the fault lasts where it does not say so itself. */
const [before, after, usual] = [1, 1.5, 4]
const longestRecovery = 15_000

/** @param shortened in seconds, in place of how long the fault lasts. */
export async function runFault(fault: Fault, shortened?: number): Promise<Ran> {
  const place = await openPlace(fault.wish)
  try {
    await until('all is well', () => place.isWell(), 15_000)
    const load = await startSteadyLoad(place)
    await pause(before * 1_000)
    load.allow(fault.right)
    if (fault.losesSessions === true) load.forgive('lost sessions')
    await fault.begin(place)
    if (fault.dueSessions === true) await makeDue(place, load.cookies)
    await pause((shortened ?? fault.seconds ?? usual) * 1_000)
    await fault.end(place)
    const endedAt = performance.now()
    await until('all is well again', () => place.isWell(), longestRecovery)
    // What was on its way may still end as the fault wanted it; and replicas hear each other again within two beats.
    const recovered = performance.now() - endedAt
    await pause(1_200)
    load.allow(fault.losesSessions === true ? fault.right : null)
    await pause(after * 1_000)
    const account = await load.stop()
    return {
      ...account,
      name: fault.name,
      what: fault.what,
      forgiven: load.forgiven(),
      recovered,
      ...judged(fault, account),
    }
  } finally {
    await place.close()
  }
}

function judged(fault: Fault, { lost, letIn, loggedOut, details }: Account): Pick<Ran, 'forbidden'> {
  const forbidden: string[] = []
  if (letIn > 0) forbidden.push(`${letIn} wrongly let in`)
  if (loggedOut > 0) forbidden.push(`${loggedOut} wrongly logged out`)
  if (fault.losesNothing && lost > 0) forbidden.push(`${lost} lost`)
  const wrong = details.filter((line) => !/^\d+ × right: /.test(line))
  return { forbidden: forbidden.length === 0 ? [] : [...forbidden, ...wrong.slice(0, 8)] }
}
