/** The figures as a table for people, beside the goals, with everything that makes them doubtful. */
import type { Letter } from './contestants.ts'
import type { Measured } from './measure.ts'
import type { TenantFigures } from './tenants.ts'

export interface Figures {
  readonly machine: {
    readonly cores: number
    readonly model: string
    readonly node: string
    readonly loadAverage: number
  }
  readonly load: string
  readonly rounds: number
  readonly seconds: number
  readonly contestants: readonly Measured[]
  /** Null where there was no Redis. */
  readonly redisCommandsPerRequest: number | null
  readonly bytesPerIdleSession: number
  readonly residentBytesPerIdleSession: number
  readonly coldStartSeconds: number
  /** Of CPU; null where it was not measured. */
  readonly signInMilliseconds: number | null
  readonly revalidationMilliseconds: number | null
  /** For one tenant, a thousand and five thousand. */
  readonly tenants: readonly TenantFigures[]
  readonly warnings: readonly string[]
}

/** The figures that the product must reach. */
interface Goal {
  readonly what: string
  readonly measured: number | null
  readonly goal: number
  readonly unit: string
}

export function goalsOf(figures: Omit<Figures, 'warnings'>): readonly Goal[] {
  const cpu = (letter: Letter) => figures.contestants.find((each) => each.letter === letter)?.cpuMicroseconds ?? null
  const signedIn = figures.contestants.find((each) => each.letter === 'd')
  const [d, a] = [cpu('d'), cpu('a')]
  return [
    { what: 'CPU per request, d ÷ b', measured: signedIn?.ratio ?? null, goal: 1.15, unit: '×' },
    { what: 'CPU per request, d ÷ a', measured: d === null || a === null ? null : d / a, goal: 1.25, unit: '×' },
    { what: 'Redis commands per request, d', measured: figures.redisCommandsPerRequest, goal: 0.05, unit: '' },
    { what: 'memory per idle session', measured: figures.bytesPerIdleSession / 1_024, goal: 2, unit: 'KB' },
    { what: 'cold start to ready', measured: figures.coldStartSeconds, goal: 0.5, unit: 's' },
    ...signInGoals(figures),
    ...tenantGoals(figures.tenants),
  ]
}

export function signInGoals(
  figures: Pick<Figures, 'signInMilliseconds' | 'revalidationMilliseconds'>,
): readonly Goal[] {
  return [
    { what: 'CPU per sign-in, Redis, 50 groups', measured: figures.signInMilliseconds, goal: 15, unit: 'ms' },
    { what: 'CPU per revalidation', measured: figures.revalidationMilliseconds, goal: 5, unit: 'ms' },
  ]
}

function tenantGoals(figures: readonly TenantFigures[]): readonly Goal[] {
  const [one, thousand] = figures
  if (one === undefined || thousand === undefined) return []
  const more = thousand.residentMegabytes - one.residentMegabytes
  return [
    { what: '1,000 tenants: start to ready', measured: thousand.startSeconds, goal: 3, unit: 's' },
    { what: '1,000 tenants: memory above one', measured: more, goal: 150, unit: 'MB' },
    { what: '1,000 tenants: reload of one', measured: thousand.reloadMilliseconds, goal: 50, unit: 'ms' },
  ]
}

/** What makes the figures worth less than they look. */
export function doubts({ contestants, machine }: Pick<Figures, 'contestants' | 'machine'>): readonly string[] {
  const found: string[] = []
  for (const each of contestants) {
    const percent = (share: number) => `${Math.round(share * 100)} %`
    if (each.generatorShare > 0.9) {
      found.push(`${each.letter}: the load generator was the limit (${percent(each.generatorShare)} of a core)`)
    }
    if (each.upstreamShare > 0.9)
      found.push(`${each.letter}: the upstream was the limit (${percent(each.upstreamShare)})`)
    if (each.proxyShare < 0.85) {
      found.push(
        `${each.letter}: the proxy had only ${percent(each.proxyShare)} of a core, so its requests/s are too low; CPU per request still counts`,
      )
    }
  }
  if (machine.loadAverage > machine.cores / 2) {
    found.push(
      `the machine was busy before the start (load ${machine.loadAverage.toFixed(1)} on ${machine.cores} cores)`,
    )
  }
  return found
}

export function printed(figures: Figures): string {
  const { machine } = figures
  const rows = figures.contestants.map((each) => [
    `${each.letter}  ${each.label}`,
    each.requestsPerSecond.toFixed(0),
    each.p99.toFixed(1),
    each.cpuMicroseconds.toFixed(1),
    each.ratio.toFixed(2),
  ])
  return [
    `${machine.cores} × ${machine.model}, Node ${machine.node}; load by ${figures.load};`,
    `median of ${figures.rounds} rounds of ${figures.seconds} s, contestants in turn, all on the loopback`,
    '',
    table(['', 'requests/s', 'p99 ms', 'CPU µs/request', '÷ b'], rows),
    '',
    goalsTable(goalsOf(figures)),
    '',
    tenantsTable(figures.tenants),
    '',
    `With what the process holds beyond its heap, an idle session takes ${(figures.residentBytesPerIdleSession / 1_024).toFixed(2)} KB.`,
    'The cold start is from the sources; the Redis figure is for one session under load, heartbeats included.',
    ...figures.warnings.map((warning) => `Beware: ${warning}.`),
    '',
  ].join('\n')
}

export function goalsTable(goals: readonly Goal[]): string {
  const rows = goals.map(({ what, measured, goal, unit }) => [
    what,
    measured === null ? 'not measured' : `${measured.toFixed(2)} ${unit}`.trim(),
    `≤ ${goal} ${unit}`.trim(),
    measured === null ? '' : measured <= goal ? 'reached' : 'missed',
  ])
  return table(['', 'measured', 'goal', ''], rows)
}

export function tenantsTable(figures: readonly TenantFigures[]): string {
  const rows = figures.map((each) => [
    each.tenants.toLocaleString('en'),
    each.startSeconds.toFixed(2),
    each.residentMegabytes.toFixed(0),
    each.reloadMilliseconds.toFixed(0),
    each.lookUpNanoseconds.toFixed(0),
  ])
  return table(['tenants', 'start s', 'resident MB', 'reload of one ms', 'look-up ns'], rows)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('   ')
      .trimEnd()
  return all.map(line).join('\n')
}
