/** What we know of a provider: its discovery document, fetched when it is first needed, kept fresh, never a reason not to start. */
import * as client from 'openid-client'
import { Fault } from '../core/fault.ts'
import type { Provider } from '../core/gateway.ts'
import type { Log } from '../ops/log.ts'
import { fetchWithOwnKeys } from './keys.ts'

export interface Providers {
  /**
   * The library's configuration for a provider, discovered if it is not known yet.
   * @throws Fault `provider_unreachable` while discovery does not succeed.
   */
  configuration(provider: Provider): Promise<client.Configuration>
  /** Begins discovery in the background, and goes on trying; returns at once. */
  warm(provider: Provider): void
  state(provider: Provider): 'unknown' | 'ready' | 'failing'
  close(): void
}

interface Known {
  configuration: client.Configuration | null
  /** Milliseconds since 1970 of the last success and the last failure. */
  succeededAt: number
  failedAt: number
  failures: number
  running: Promise<client.Configuration> | null
  timer: NodeJS.Timeout | null
}

/** Entra rolls keys and endpoints seldom; the last good document goes on serving while a new one cannot be had. */
const refreshAfter = 3_600_000
/** After a failure, callers within this time share it, so that a crowd at the door does not hammer a provider that is down. */
const failureShared = 1_000
const longestRetry = 60_000
const requestTimeoutSeconds = 8

export function createProviders({ log }: { readonly log: Log }): Providers {
  // Hangs on the compiled provider: gone with it, kept over reloads that do not change it.
  const known = new WeakMap<Provider, Known>()
  const timers = new Set<NodeJS.Timeout>()
  let closed = false

  function entry(provider: Provider): Known {
    const found = known.get(provider)
    if (found !== undefined) return found
    const made: Known = { configuration: null, succeededAt: 0, failedAt: 0, failures: 0, running: null, timer: null }
    known.set(provider, made)
    return made
  }

  function discoverOnce(provider: Provider): Promise<client.Configuration> {
    const state = entry(provider)
    state.running ??= discover(provider, state.configuration)
      .then((configuration) => {
        if (state.failures > 0) log.info('provider_recovered', { provider: provider.name })
        Object.assign(state, { configuration, succeededAt: Date.now(), failures: 0 })
        return configuration
      })
      .catch((cause: unknown) => {
        Object.assign(state, { failedAt: Date.now(), failures: state.failures + 1 })
        log.error('provider_unreachable', { provider: provider.name, failures: state.failures, error: cause })
        retryLater(provider, state)
        throw new Fault('provider_unreachable', { cause })
      })
      .finally(() => {
        state.running = null
      })
    return state.running
  }

  function retryLater(provider: Provider, state: Known): void {
    if (state.timer !== null || closed) return
    const delay = Math.min(longestRetry, 1_000 * 2 ** Math.min(state.failures - 1, 6))
    const timer = setTimeout(() => {
      timers.delete(timer)
      state.timer = null
      inBackground(provider)
    }, delay)
    timer.unref()
    timers.add(timer)
    state.timer = timer
  }

  /** The failure is logged and retried where it happens; nobody waits for this promise. */
  function inBackground(provider: Provider): void {
    discoverOnce(provider).catch(() => undefined)
  }

  return {
    async configuration(provider) {
      const state = entry(provider)
      const now = Date.now()
      if (state.configuration !== null) {
        if (now - state.succeededAt > refreshAfter && now - state.failedAt > failureShared) inBackground(provider)
        return state.configuration
      }
      if (state.running === null && now - state.failedAt < failureShared) throw new Fault('provider_unreachable')
      return await discoverOnce(provider)
    },
    warm: inBackground,
    state(provider) {
      const state = known.get(provider)
      if (state === undefined) return 'unknown'
      if (state.configuration !== null) return 'ready'
      return state.failures > 0 ? 'failing' : 'unknown'
    },
    close() {
      closed = true
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

/**
 * OpenID Connect Discovery 1.0 for one directory: the issuer must be the directory's own, byte for byte.
 * The application's id goes along because an application with signing keys of its own has key sets of its own.
 */
async function discover(provider: Provider, previous: client.Configuration | null): Promise<client.Configuration> {
  const issuer = `${provider.authority}/${provider.tenantId}/v2.0`
  const url = new URL(`${issuer}/.well-known/openid-configuration?appid=${provider.clientId}`)
  const execute = [client.enableNonRepudiationChecks]
  // Only a loopback authority can be http: config/check.ts refuses any other.
  if (url.protocol === 'http:') execute.push(client.allowInsecureRequests)
  const configuration = await client.discovery(
    url,
    provider.clientId,
    undefined,
    client.ClientSecretPost(provider.clientSecret.reveal()),
    { execute, timeout: requestTimeoutSeconds, [client.customFetch]: fetchWithOwnKeys(provider) },
  )
  // With a full /.well-known/ address the library does not compare the issuer.
  if (configuration.serverMetadata().issuer !== issuer) throw new Error('the discovery document names another issuer')
  const keys = previous === null ? undefined : client.getJwksCache(previous)
  if (keys !== undefined) client.setJwksCache(configuration, keys)
  return configuration
}
