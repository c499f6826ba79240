/** Rounds of load over all contestants in turn, so that whatever else the machine does meets each of them alike. */
import type { Contestant, Letter } from './contestants.ts'
import type { Load } from './load.ts'
import { cpuSeconds } from './processes.ts'

export interface Measured {
  readonly letter: Letter
  readonly label: string
  readonly requestsPerSecond: number
  readonly p99: number
  /** Of the proxy's process alone, all its threads. */
  readonly cpuMicroseconds: number
  /** CPU per request by that of the bare http-proxy-middleware in the same round. */
  readonly ratio: number
  /** Shares of one core. */
  readonly proxyShare: number
  readonly generatorShare: number
  readonly upstreamShare: number
}

interface Sample extends Omit<Measured, 'letter' | 'label' | 'ratio'> {
  readonly requests: number
}

export interface Rounds {
  readonly contestants: readonly Contestant[]
  readonly upstreamPid: number
  readonly load: Load
  readonly rounds: number
  readonly seconds: number
  readonly onProgress: (text: string) => void
  /** Told before and after each measurement, with its requests. */
  readonly around?: (contestant: Contestant, requests: number | null) => Promise<void>
}

/** The yardstick. */
const yardstick: Letter = 'b'

export async function measureRounds(parts: Rounds): Promise<readonly Measured[]> {
  const samples = new Map<Letter, Sample[]>(parts.contestants.map(({ letter }) => [letter, []]))
  for (let round = 1; round <= parts.rounds; round += 1) {
    for (const contestant of parts.contestants) {
      await parts.around?.(contestant, null)
      const sample = await measureOnce(parts, contestant, parts.seconds)
      await parts.around?.(contestant, sample.requests)
      samples.get(contestant.letter)?.push(sample)
      const figures = `${sample.requestsPerSecond.toFixed(0)} requests/s, ${sample.cpuMicroseconds.toFixed(1)} µs CPU`
      parts.onProgress(`round ${round}/${parts.rounds}  ${contestant.letter}  ${figures}`)
    }
  }
  const bare = samples.get(yardstick) ?? []
  return parts.contestants.map(({ letter, label }) => summarise(letter, label, samples.get(letter) ?? [], bare))
}

/** Node compiles what it runs again and again in several steps: a cold proxy would be measured with its compiler. */
const warmAfterRequests = 60_000
const longestWarmUpSeconds = 6

export async function warmUp(parts: Pick<Rounds, 'load' | 'upstreamPid'>, contestant: Contestant): Promise<void> {
  let served = 0
  for (let second = 1; served < warmAfterRequests && second <= longestWarmUpSeconds; second += 1) {
    served += (await measureOnce(parts, contestant, 1)).requests
  }
}

/** One stretch of load. Throws where one answer was not a 200: what fails fast must not look fast. */
export async function measureOnce(
  { load, upstreamPid }: Pick<Rounds, 'load' | 'upstreamPid'>,
  contestant: Contestant,
  seconds: number,
): Promise<Sample> {
  const before = [cpuOf(contestant.pid), cpuOf(upstreamPid)] as const
  const result = await load.run(contestant, seconds)
  const proxy = cpuOf(contestant.pid) - before[0]
  if (result.failed > 0) throw new Error(`${contestant.label}: ${result.failed} of ${result.requests} requests failed`)
  return {
    requests: result.requests,
    requestsPerSecond: result.requests / result.seconds,
    p99: result.p99,
    cpuMicroseconds: (proxy / result.requests) * 1_000_000,
    proxyShare: proxy / result.seconds,
    generatorShare: result.generatorSeconds / result.seconds,
    upstreamShare: (cpuOf(upstreamPid) - before[1]) / result.seconds,
  }
}

function summarise(letter: Letter, label: string, own: readonly Sample[], bare: readonly Sample[]): Measured {
  const middle = (read: (sample: Sample) => number) => median(own.map(read))
  // Round by round: a neighbour that slows the machine down for a while slows both down.
  const ratios = own.map((sample, round) => sample.cpuMicroseconds / (bare[round]?.cpuMicroseconds ?? Number.NaN))
  return {
    ...{ letter, label },
    requestsPerSecond: middle((sample) => sample.requestsPerSecond),
    p99: middle((sample) => sample.p99),
    cpuMicroseconds: middle((sample) => sample.cpuMicroseconds),
    ratio: median(ratios),
    proxyShare: middle((sample) => sample.proxyShare),
    generatorShare: middle((sample) => sample.generatorShare),
    upstreamShare: middle((sample) => sample.upstreamShare),
  }
}

function cpuOf(pid: number): number {
  const seconds = cpuSeconds(pid)
  if (seconds === null) throw new Error(`process ${pid} has ended before its time, or /proc is missing (Linux only)`)
  return seconds
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}
