/** Counts what every request does, by hand: the library works out a key from the labels each time, which is too dear there. */
import type { Registry } from 'prom-client'

export interface Tally {
  /** @param tenant empty for a host that is nobody's. @param outcome from a small, closed set. */
  request(tenant: string, outcome: string): void
  /** @param seconds from the request to the end of the upstream's answer. */
  forwarded(tenant: string, seconds: number): void
}

const requests = {
  name: 'sallyport_requests_total',
  help: 'Requests by tenant and how they ended.',
  type: 'counter',
} as const

const seconds = {
  name: 'sallyport_forwarded_seconds',
  help: 'Time from a request to the end of the application’s answer.',
  type: 'histogram',
} as const

/** Upper bounds of the histogram, in seconds; the last one is infinity. */
const bounds = [0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, Number.POSITIVE_INFINITY] as const

interface Counts {
  readonly outcomes: Map<string, number>
  /** How many took at most as long as the bound, and longer than the one before. */
  readonly took: number[]
  sum: number
}

interface Value {
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Has the library ask for the counts when somebody reads the metrics. */
export function createTally(registry: Registry): Tally {
  const tenants = new Map<string, Counts>()

  function countsOf(tenant: string): Counts {
    const known = tenants.get(tenant)
    if (known !== undefined) return known
    const made: Counts = { outcomes: new Map(), took: bounds.map(() => 0), sum: 0 }
    tenants.set(tenant, made)
    return made
  }

  const counters = (): readonly Value[] =>
    [...tenants].flatMap(([tenant, { outcomes }]) =>
      [...outcomes].map(([outcome, value]) => ({ labels: { tenant, outcome }, value })),
    )
  const histogram = (): readonly Value[] =>
    [...tenants]
      .filter(([, { took }]) => took.some((n) => n > 0))
      .flatMap(([tenant, counts]) => buckets(tenant, counts))

  for (const [metric, values] of [
    [requests, counters],
    [seconds, histogram],
  ] as const) {
    // What the library asks of a metric: a name, and what there is to tell. Its types know only its own classes.
    const own = { ...metric, get: async () => ({ ...metric, aggregator: 'sum', values: values() }) }
    registry.registerMetric(own as unknown as Parameters<Registry['registerMetric']>[0])
  }

  return {
    request(tenant, outcome) {
      const { outcomes } = countsOf(tenant)
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    },
    forwarded(tenant, duration) {
      const counts = countsOf(tenant)
      counts.sum += duration
      let at = 0
      while (duration > (bounds[at] ?? 0)) at += 1
      counts.took[at] = (counts.took[at] ?? 0) + 1
    },
  }
}

/** As Prometheus has it: each bucket counts all that took at most as long as its bound. */
function buckets(tenant: string, { took, sum }: Counts): readonly Value[] {
  let count = 0
  const values: Value[] = bounds.map((bound, at) => {
    count += took[at] ?? 0
    const le = Number.isFinite(bound) ? String(bound) : '+Inf'
    return { metricName: `${seconds.name}_bucket`, labels: { le, tenant }, value: count }
  })
  values.push({ metricName: `${seconds.name}_sum`, labels: { tenant }, value: sum })
  values.push({ metricName: `${seconds.name}_count`, labels: { tenant }, value: count })
  return values
}
