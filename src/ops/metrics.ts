/** What can be counted, for Prometheus. Every label has a small, closed set of values: tenants, codes of outcomes, states. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export interface Metrics {
  /** @param outcome `forwarded`, `login`, `answered`, or the code of an outcome. */
  request(tenant: string, outcome: string): void
  /** @param seconds from the request to the end of the upstream's answer. */
  forwarded(tenant: string, seconds: number): void
  /** @param outcome `signed_in`, `started`, or the code of an outcome. */
  signIn(tenant: string, outcome: string): void
  signOut(tenant: string): void
  /** Read when somebody asks for the metrics. */
  gauge(name: string, help: string, read: () => number): void
  /** The text that Prometheus reads, and its content type. */
  text(): Promise<{ readonly contentType: string; readonly body: string }>
}

/** What stands for the tenant of a request to a host that is nobody's. */
const nobody = ''

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const requests = new Counter({
    name: 'sallyport_requests_total',
    help: 'Requests by tenant and how they ended.',
    labelNames: ['tenant', 'outcome'],
    registers: [registry],
  })
  const seconds = new Histogram({
    name: 'sallyport_forwarded_seconds',
    help: 'Time from a request to the end of the application’s answer.',
    labelNames: ['tenant'],
    buckets: [0.005, 0.025, 0.1, 0.5, 2.5, 10, 60],
    registers: [registry],
  })
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
    request: (tenant, outcome) => requests.inc({ tenant: tenant || nobody, outcome }),
    forwarded: (tenant, duration) => seconds.observe({ tenant }, duration),
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
