/** What can be counted, for Prometheus. Every label has a small, closed set of values: tenants, codes of outcomes, states. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { createTally, type Tally } from './tally.ts'

export interface Metrics extends Tally {
  /** @param outcome `signed_in`, `started`, or the code of an outcome. */
  signIn(tenant: string, outcome: string): void
  signOut(tenant: string): void
  /** Read when somebody asks for the metrics. */
  gauge(name: string, help: string, read: () => number): void
  /** The text that Prometheus reads, and its content type. */
  text(): Promise<{ readonly contentType: string; readonly body: string }>
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const tally = createTally(registry)
  const signIns = new Counter({
    name: 'sallyport_sign_ins_total',
    help: 'Sign-ins by tenant and how they ended; `started` counts the redirects to the provider.',
    labelNames: ['tenant', 'outcome'],
    registers: [registry],
  })
  const signOuts = new Counter({
    name: 'sallyport_sign_outs_total',
    help: 'Sign-outs by tenant.',
    labelNames: ['tenant'],
    registers: [registry],
  })
  return {
    request: tally.request,
    forwarded: tally.forwarded,
    signIn: (tenant, outcome) => signIns.inc({ tenant, outcome }),
    signOut: (tenant) => signOuts.inc({ tenant }),
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
    text: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  }
}
