/** What can be counted, for Prometheus. Every label has a small, closed set of values: tenants, codes of outcomes, states. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { createTally, type Tally } from './tally.ts'

export interface Metrics extends Tally {
  /** @param outcome `started`, `returned`, `signed_in`, or the code of an outcome. */
  signIn(tenant: string, outcome: string): void
  signOut(tenant: string): void
  /** @param result `refreshed`, or what became of the session instead. */
  revalidation(tenant: string, result: string): void
  /** Read when somebody asks for the metrics. */
  gauge(name: string, help: string, read: () => number): void
  /** The same for what only grows. */
  counter(name: string, help: string, read: () => number): void
  /** The same with a value for each of a few words of one label. */
  gauges(name: string, help: string, label: string, read: () => Iterable<readonly [string, number]>): void
  reload(outcome: 'taken' | 'refused'): void
  /** Something open was ended before its time. */
  cut(what: 'websocket' | 'stream', why: string): void
  /** The text that Prometheus reads, and its content type. */
  text(): Promise<{ readonly contentType: string; readonly body: string }>
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const tally = createTally(registry)
  const signIns = new Counter({
    name: 'sallyport_sign_ins_total',
    help: 'Sign-ins by tenant and how they ended; `started` counts the redirects to the provider, `returned` the answers to them.',
    labelNames: ['tenant', 'outcome'],
    registers: [registry],
  })
  const signOuts = new Counter({
    name: 'sallyport_sign_outs_total',
    help: 'Sign-outs by tenant.',
    labelNames: ['tenant'],
    registers: [registry],
  })
  const revalidations = new Counter({
    name: 'sallyport_revalidations_total',
    help: 'Sessions for which the provider was asked again, by tenant and what came of it: refreshed, ended, interactive, alarm, grace, silent.',
    labelNames: ['tenant', 'result'],
    registers: [registry],
  })
  const reloads = new Counter({
    name: 'sallyport_reloads_total',
    help: 'Changes of the configuration that were taken, and looks at it that found it unusable.',
    labelNames: ['outcome'],
    registers: [registry],
  })
  const cuts = new Counter({
    name: 'sallyport_cuts_total',
    help: 'WebSockets and requests under way that were cut, by why: session_ended, access_lost, changed, limit.',
    labelNames: ['what', 'why'],
    registers: [registry],
  })
  return {
    request: tally.request,
    forwarded: tally.forwarded,
    signIn: (tenant, outcome) => signIns.inc({ tenant, outcome }),
    signOut: (tenant) => signOuts.inc({ tenant }),
    revalidation: (tenant, result) => revalidations.inc({ tenant, result }),
    reload: (outcome) => reloads.inc({ outcome }),
    cut: (what, why) => cuts.inc({ what, why }),
    gauges(name, help, label, read) {
      new Gauge({
        name,
        help,
        labelNames: [label],
        registers: [registry],
        collect() {
          this.reset()
          for (const [word, value] of read()) this.set({ [label]: word }, value)
        },
      })
    },
    gauge(name, help, read) {
      new Gauge({
        name,
        help,
        registers: [registry],
        collect() {
          this.set(read())
        },
      })
    },
    counter(name, help, read) {
      new Counter({
        name,
        help,
        registers: [registry],
        collect() {
          this.reset()
          this.inc(read())
        },
      })
    },
    text: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  }
}
