/** What can happen to a gateway itself: it is killed, drained, reloaded, cannot write its log, or has its clock moved. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Fault } from './fault.ts'
import { withFullDisk, withMovedClock } from './launch.ts'
import type { GatewayProcess, Place, Wish } from './place.ts'

const two = { redis: 'plain', gateways: 2 } as const satisfies Wish

function first({ gateways }: Place): GatewayProcess {
  const [gateway] = gateways
  if (gateway === undefined) throw new Error('this place has no gateway')
  return gateway
}

/** As what stands in front does it: callers are sent there once it says that it is ready, not as soon as it listens. */
async function startAgain(place: Place): Promise<void> {
  sendTo(place.gateways.slice(1), place)
  await first(place).start()
  sendTo(place.gateways, place)
}

function sendTo(gateways: readonly GatewayProcess[], { roundRobin }: Place): void {
  roundRobin.to(gateways.map(({ port }) => port))
}

/** Writes the configuration of all gateways anew, as often as there are changes, and gives them time to take it. */
async function rewrite({ gateways }: Place, ...changes: readonly ((yaml: string) => string)[]): Promise<void> {
  const before = gateways.map(({ file }) => readFileSync(file, 'utf8'))
  for (const change of changes) {
    for (const [at, { file }] of gateways.entries()) writeFileSync(file, change(before[at] ?? ''))
    await pause(900)
  }
}

const secretLine = 'secrets: [a-session-secret-of-the-tests-0123456789abcdef]'
const clockFolder = mkdtempSync(join(tmpdir(), 'sallyport-clock-'))
process.once('exit', () => rmSync(clockFolder, { recursive: true, force: true }))
const clock = join(clockFolder, 'seconds')
const movedClock = { ...two, launch: withMovedClock(clock) }
/** One that is asked directly while it is away, or not ready yet. */
const starting = ['ECONNREFUSED', 'ECONNRESET', '503 session_store_down']
/** A provider and a gateway that do not agree on the time: what one of them signs is too old, or not yet true. */
const noSignIn = ['400', '401', '403', '500', '502', '503']
writeFileSync(clock, '0')

export const gatewayFaults: readonly Fault[] = [
  {
    name: 'gateway-killed',
    what: 'one of two gateways is killed (SIGKILL): what was on its way there is lost',
    // A connection that breaks is what a caller sees of it, and a browser sends most requests again.
    ...{ wish: two, right: { socket: ['cut'], 'signed out': starting }, losesNothing: false },
    begin: async (place) => void (await first(place).end('SIGKILL')),
    end: startAgain,
  },
  {
    name: 'gateway-drained',
    what: 'one of two gateways is told to end (SIGTERM), and starts again',
    ...{ wish: two, right: { socket: ['cut'], 'signed out': starting }, losesNothing: true, seconds: 1 },
    async begin(place) {
      const ending = first(place).end('SIGTERM')
      // Taken for a while yet, until what stands in front has seen that it is not ready any more.
      await pause(1_000)
      sendTo(place.gateways.slice(1), place)
      const code = await ending
      if (code !== 0) throw new Error(`the gateway ended with ${code}`)
    },
    end: startAgain,
  },
  {
    name: 'log-disk-full',
    what: 'the disk that the log is written to is full all the time',
    ...{ wish: { ...two, launch: withFullDisk }, right: {}, losesNothing: true, begin: () => {}, end: () => {} },
  },
  {
    name: 'log-reader-gone',
    what: 'whoever reads the log through a pipe goes away',
    ...{ wish: two, right: {}, losesNothing: true },
    begin({ gateways }) {
      for (const each of gateways) each.command().child.stdout?.destroy()
    },
    end: () => {},
  },
  {
    name: 'clock-forward',
    what: 'the clocks of the gateways jump twenty minutes forward, and back',
    ...{ wish: movedClock, right: { 'sign-in': noSignIn }, losesNothing: true },
    begin: () => writeFileSync(clock, '1200'),
    end: () => writeFileSync(clock, '0'),
  },
  {
    name: 'clock-back',
    what: 'the clocks of the gateways jump twenty minutes back, and forward',
    ...{ wish: movedClock, right: { 'sign-in': noSignIn }, losesNothing: true },
    begin: () => writeFileSync(clock, '-1200'),
    end: () => writeFileSync(clock, '0'),
  },
  {
    name: 'reload-valid',
    what: 'the configuration is changed five times',
    ...{ wish: two, right: {}, losesNothing: true, seconds: 1 },
    begin: (place) =>
      rewrite(
        place,
        ...[1, 2, 3, 4, 5].map((n) => (yaml: string) => yaml.replace('name: Payroll,', `name: Payroll ${n},`)),
      ),
    end: (place) => rewrite(place),
  },
  {
    name: 'reload-broken',
    what: 'the configuration is broken, in a tenant and as a whole, and mended',
    ...{ wish: two, right: {}, losesNothing: true, seconds: 1 },
    begin: (place) =>
      rewrite(
        place,
        (yaml) => yaml.replace('access: signed-in', 'access: [nobody-has-this]'),
        (yaml) => `${yaml}\n  : [`,
        () => '',
        (yaml) => yaml,
      ),
    end: () => {},
  },
  {
    name: 'secret-rotated',
    what: 'a new session secret is put before the old one, on one gateway after the other',
    ...{ wish: two, right: {}, losesNothing: true, seconds: 1 },
    async begin({ gateways }) {
      for (const { file } of gateways) {
        // First it is only known everywhere, then it is used.
        const old = /\[(.*)\]/.exec(secretLine)?.[1] ?? ''
        writeFileSync(file, readFileSync(file, 'utf8').replace(secretLine, `secrets: [${old}, ${fresh}]`))
      }
      await pause(1_500)
      for (const { file } of gateways) {
        writeFileSync(file, readFileSync(file, 'utf8').replace(/secrets: \[(\S+), (\S+)\]/, 'secrets: [$2, $1]'))
        await pause(1_500)
      }
    },
    end: () => {},
  },
]

const fresh = 'another-session-secret-of-the-tests-0123456789'
