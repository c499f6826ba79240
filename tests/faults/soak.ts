/** Traffic of a day in miniature: people sign in and out, open and close WebSockets, the configuration changes; and nothing may grow. */
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { createVisitor, signIn } from '../visitor.ts'
import type { Account } from './account.ts'
import { holdingOf, withProbe } from './launch.ts'
import { openPlace, type Place, people } from './place.ts'
import type { Holding } from './probe.ts'
import { ownForm, send, startSteadyLoad } from './steady-load.ts'

interface SoakOptions {
  readonly minutes: number
  readonly json: boolean
  readonly progress: (text: string) => void
}

export interface Growth {
  readonly what: string
  /** Medians of the second and of the last third. */
  readonly second: number
  readonly last: number
  /** How much more is no growth yet: the breath of a heap, of a load. */
  readonly allowed: number
}

const megabyte = 1_048_576

/** @returns whether nothing grew, and no answer was wrong. */
export async function soak({ minutes, json, progress }: SoakOptions): Promise<boolean> {
  // More people come from this one address than from a company at nine.
  const server = ', limits: { failures: 0, signIns: { perCaller: 0, perTenant: 0, overall: 0 } }'
  const place = await openPlace({ redis: 'plain', gateways: 1, launch: withProbe, server })
  const samples: Holding[] = []
  let account: Account
  let counts: Readonly<Record<string, number>>
  try {
    const load = await startSteadyLoad(place)
    const churn = startChurn(place)
    const [gateway] = place.gateways
    const every = Math.max(1_000, minutes * 600)
    for (let at = 0; at < Math.floor((minutes * 60_000) / every); at += 1) {
      await pause(every)
      if (gateway === undefined) continue
      const sample = await holdingOf(gateway.command())
      samples.push(sample)
      const { heapBytes, residentBytes, resources } = sample
      const parts = [heapBytes, residentBytes].map((each) => `${(each / megabyte).toFixed(1)} MB`)
      if (at % 10 === 0) progress(`heap, resident ${parts.join(', ')}; ${JSON.stringify(resources)}`)
    }
    counts = await churn.stop()
    account = await load.stop()
  } finally {
    await place.close()
  }
  const growths = growthsOf(samples)
  const grown = growths.filter(hasGrown)
  const wrong = account.letIn + account.loggedOut + account.lost
  const lines = growths.map(
    ({ what, second, last }) => `${what.padEnd(22)} ${second.toFixed(1).padStart(9)} → ${last.toFixed(1).padStart(9)}`,
  )
  const done = Object.entries(counts).map(([what, times]) => `${times} ${what}`)
  const said = [`${account.sent} requests, of which ${wrong} ended wrongly; ${done.join(', ')}`, ...lines]
  const bad = [
    ...grown.map(({ what }) => `GROWN ${what}`),
    ...account.details.filter((line) => !line.includes('right:')),
  ]
  process.stdout.write(
    json ? `${JSON.stringify({ account, counts, growths }, null, 2)}\n` : `${[...said, ...bad].join('\n')}\n`,
  )
  return grown.length === 0 && wrong === 0
}

/** Whatever was not measured has grown, as far as anybody knows. */
export function hasGrown({ second, last, allowed }: Growth): boolean {
  return !(last - second <= allowed)
}

/** Exported for its own test. */
export function growthsOf(samples: readonly Holding[]): readonly Growth[] {
  const third = Math.floor(samples.length / 3)
  const [second, last] = [samples.slice(third, 2 * third), samples.slice(2 * third)]
  const growth = (what: string, of: (sample: Holding) => number, allowed: number): Growth => {
    return { what, second: median(second.map(of)), last: median(last.map(of)), allowed }
  }
  const kinds = [...new Set(samples.flatMap(({ resources }) => Object.keys(resources)))]
  return [
    growth('heap, MB', ({ heapBytes }) => heapBytes / megabyte, 2),
    growth('resident, MB', ({ residentBytes }) => residentBytes / megabyte, 12),
    growth('listeners', ({ listeners }) => listeners, 0),
    ...kinds.map((kind) => growth(kind, ({ resources }) => resources[kind] ?? 0, 6)),
  ]
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Everything that comes and goes, each in a loop of its own. */
function startChurn(place: Place) {
  const counts = { 'sign-ins and sign-outs': 0, 'WebSockets opened and closed': 0, reloads: 0 }
  let over = false
  const loop = async (work: (n: number) => Promise<void>, breath: number) => {
    for (let n = 0; !over; n += 1) {
      await work(n)
      await pause(breath)
    }
  }
  const working = [
    loop(async (n) => {
      await comeAndGo(place, people[n % people.length]?.username ?? '')
      counts['sign-ins and sign-outs'] += 1
    }, 100),
    loop(async (n) => {
      const file = place.gateways[0]?.file ?? ''
      const yaml = readFileSync(file, 'utf8')
      writeFileSync(file, yaml.replace(/branding: \{ name: [^,]*,/, `branding: { name: Payroll ${n},`))
      counts.reloads += 1
    }, 2_000),
  ]
  return {
    async stop() {
      over = true
      await Promise.all(working)
      return counts
    },
  }

  async function comeAndGo({ origin, roundRobin }: Place, username: string): Promise<void> {
    const visitor = createVisitor()
    await signIn(visitor, `${origin}/x`, username)
    const cookie = visitor.cookies(origin).join('; ')
    visitor.close()
    const { host } = new URL(origin)
    const socket = new WebSocket(`ws://127.0.0.1:${roundRobin.port}/socket`, { origin, headers: { cookie, host } })
    await new Promise((resolve) => socket.once('open', resolve).once('error', resolve))
    counts['WebSockets opened and closed'] += 1
    // Some leave by closing, some are cut by their sign-out, some go without a word.
    const way = counts['WebSockets opened and closed'] % 3
    if (way === 0) socket.close()
    if (way === 1) socket.terminate()
    await send(place, false, { path: '/.auth/logout', method: 'POST', cookie, ...ownForm(place) })
    await pause(100)
    socket.terminate()
  }
}
