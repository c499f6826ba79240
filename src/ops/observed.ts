/**
 * What operators see of the running gateway: the gauges of the metrics, and the detail of readiness, each read when
 * somebody asks.
 */
import type { Gateway, Provider } from '../core/gateway.ts'
import type { Health } from './health.ts'
import type { Metrics } from './metrics.ts'

type Readings = Iterable<readonly [string, number]>

/** The parts that are looked at, as far as they are. */
export interface Seen {
  readonly current: () => Gateway
  /** Names of the tenants for which break-glass is open. */
  readonly glassOpen: () => readonly string[]
  readonly open: (what: 'websocket' | 'stream') => number
  readonly isStoreReady: () => boolean
  readonly signOutsUnfinished: () => number
  readonly logLinesLost: () => number
  /** What is wrong with a store that answers all the same; `isOver` where it was and is no more. */
  readonly storeTrouble: () => { readonly says: string; readonly isOver: boolean } | null
  readonly unreturned: { read(): Readings }
  readonly providers: { summary(): unknown }
  readonly credentials: {
    refusals(providers: readonly Provider[]): Readings
    expiries(providers: readonly Provider[]): Readings
    summary(providers: readonly Provider[]): unknown
  }
}

export function observe({ metrics, health }: { readonly metrics: Metrics; readonly health: Health }, seen: Seen): void {
  const { current, credentials } = seen
  metrics.gauge('sallyport_tunnels', 'Open WebSockets.', () => seen.open('websocket'))
  metrics.gauge('sallyport_streams', 'Requests that have been under way for longer than ten seconds.', () =>
    seen.open('stream'),
  )
  metrics.gauge(
    'sallyport_session_store_ready',
    '1 while the session store answers, and takes what is to be written.',
    () => (seen.isStoreReady() && seen.storeTrouble()?.isOver !== false ? 1 : 0),
  )
  metrics.gauge(
    'sallyport_sign_outs_unfinished',
    'Sign-outs that the session store has not heard of yet.',
    seen.signOutsUnfinished,
  )
  metrics.gauge('sallyport_log_lines_lost', 'Lines of the log that could not be written.', seen.logLinesLost)
  metrics.gauges(
    'sallyport_sign_ins_unreturned',
    'Sign-ins that began within an hour that ended ten minutes ago, less those that came back. Add up all gateways.',
    'tenant',
    () => seen.unreturned.read(),
  )
  metrics.gauges('sallyport_tenants', 'Tenants by what becomes of them.', 'state', () => tenantStates(current()))
  metrics.gauges('sallyport_tenant_refused', '1 for a tenant whose configuration has an issue.', 'tenant', () =>
    current().troubles.map(({ tenant }) => [tenant, 1] as const),
  )
  metrics.gauges(
    'sallyport_certificate_expires_seconds',
    'When a certificate expires, in seconds since 1970, by tenant; the listener\u2019s own has none.',
    'tenant',
    () => certificatesOf(current()),
  )
  metrics.gauges(
    'sallyport_credential_refused',
    '1 for a provider that refuses the gateway\u2019s credential, or the one that should be in use while another works.',
    'provider',
    () => credentials.refusals(providersOf(current())),
  )
  metrics.gauges(
    'sallyport_credential_expires_seconds',
    'When a credential expires, in seconds since 1970, by provider, where that is known.',
    'provider',
    () => credentials.expiries(providersOf(current())),
  )
  metrics.gauges('sallyport_break_glass_open', '1 for a tenant for which break-glass is open.', 'tenant', () =>
    seen.glassOpen().map((tenant) => [tenant, 1] as const),
  )
  health.part('breakGlass', () => (current().breakGlass === null ? 'off' : { open: seen.glassOpen() }))
  health.part('sessionStore', () => (seen.isStoreReady() ? (seen.storeTrouble()?.says ?? 'ready') : 'down'))
  health.awaits(seen.isStoreReady)
  health.part('providers', () => seen.providers.summary())
  health.part('credentials', () => credentials.summary(providersOf(current())))
  health.part('tenants', () => ({ served: current().tenants.length, refused: current().troubles.slice(0, 50) }))
}

/** Each once, however many tenants share it. */
export function providersOf({ tenants }: Gateway): readonly Provider[] {
  return [...new Set(tenants.flatMap((tenant) => tenant.providers))]
}

function tenantStates({ tenants, troubles, closedHosts }: Gateway): readonly (readonly [string, number])[] {
  const old = troubles.filter(({ served }) => served === 'last-good').length
  const off = new Set([...closedHosts.values()].filter(({ why }) => why === 'off').map(({ tenant }) => tenant)).size
  return [
    ['served', tenants.length - old],
    ['last_good', old],
    ['broken', troubles.length - old],
    ['off', off],
  ]
}

function certificatesOf({ server, tenants }: Gateway): readonly (readonly [string, number])[] {
  const own = tenants.flatMap(({ name, certificate }) =>
    certificate === null ? [] : [[name, certificate.expiresAt] as const],
  )
  return server.tls === null ? own : [['', server.tls.certificate.expiresAt], ...own]
}
