/**
 * What we know of the providers: their discovery documents, fetched when first needed, kept fresh, never a reason not
 * to start.
 */
import type { Configuration, CustomFetch } from 'openid-client'
import { Fault } from '../core/fault.ts'
import type { EntraProvider, Provider } from '../core/gateway.ts'
import type { Log } from '../ops/log.ts'
import { hasSeveral } from './directories.ts'
import { copyOf, type Discovered, discover, forDirectory, shareKeys, type WayOut } from './discovery.ts'
import { createTurns } from './turns.ts'

export type ProviderState = 'unknown' | 'ready' | 'failing'

export interface Providers {
  /**
   * The library's configuration for a provider, discovered at once if it is not known yet.
   * @param directoryId where one of several directories is meant: with its issuer and its keys. The caller has seen to
   *   it that the provider may bring its people.
   * @throws Fault `provider_unreachable` while discovery does not succeed.
   */
  configuration(provider: Provider, directoryId?: string | null): Promise<Configuration>
  /** The same, asking in another way. */
  asking(provider: Provider, configuration: Configuration, ask: CustomFetch): Configuration
  /** What is known of it at this moment, without asking or waiting. */
  known(provider: Provider): Configuration | null
  /** Sees to it that the provider is known soon, and goes on trying until `keepOnly` leaves it out; returns at once. */
  warm(provider: Provider): void
  /** Those that the configuration has now: nothing is tried again for any other, unless somebody asks for it. */
  keepOnly(providers: readonly Provider[]): void
  state(provider: Provider): ProviderState
  /** How it stands with those that are being kept. */
  summary(): ProvidersSummary
  close(): void
}

export interface ProvidersSummary {
  readonly ready: number
  readonly failing: number
  readonly unknown: number
  /** Names of the first that are failing. */
  readonly failingNames: readonly string[]
}

interface Known {
  found: Discovered | null
  /** For single directories of several, each made from the newest document. */
  readonly directories: Map<string, { readonly from: Configuration; readonly configuration: Configuration }>
  /** Milliseconds since 1970 of the last success and the last failure. */
  succeededAt: number
  failedAt: number
  failures: number
  running: Promise<Discovered> | null
}

/** Providers roll keys and endpoints seldom; the last good document goes on serving while a new one cannot be had. */
const refreshAfter = 3_600_000
/**
 * After a failure, callers within this time share it, so that a crowd at the door does not hammer a provider that is
 * down.
 */
const failureShared = 1_000
const longestRetry = 60_000
/** Discoveries at the same time that nobody waits for. */
const mostInBackground = 16
const mostNames = 20

export function createProviders({ log, ...wayOut }: WayOut & { readonly log: Log }): Providers {
  // Hangs on the compiled provider: gone with it, kept over reloads that do not change it.
  const known = new WeakMap<Provider, Known>()
  const kept = new Set<Provider>()
  const retries = new Map<Provider, NodeJS.Timeout>()
  const turns = createTurns<Provider>(mostInBackground, discoverOnce)

  function entry(provider: Provider): Known {
    const found = known.get(provider)
    if (found !== undefined) return found
    const made: Known = { found: null, directories: new Map(), succeededAt: 0, failedAt: 0, failures: 0, running: null }
    known.set(provider, made)
    return made
  }

  /**
   * Whoever asks while it runs gets the same; a turn in the background or a retry that was to come is then needless.
   */
  function discoverOnce(provider: Provider): Promise<Discovered> {
    turns.drop(provider)
    forgetRetry(provider)
    const state = entry(provider)
    state.running ??= discover(provider, state.found, wayOut)
      .then((found) => {
        if (state.failures > 0) log.info('provider_recovered', { provider: provider.name })
        Object.assign(state, { found, succeededAt: Date.now(), failures: 0 })
        return found
      })
      .catch((cause: unknown) => {
        Object.assign(state, { failedAt: Date.now(), failures: state.failures + 1 })
        log.error('provider_unreachable', { provider: provider.name, failures: state.failures, error: cause })
        retryLater(provider, state.failures)
        throw new Fault('provider_unreachable', { cause })
      })
      .finally(() => {
        state.running = null
      })
    return state.running
  }

  async function discovered(provider: Provider): Promise<Discovered> {
    const state = entry(provider)
    const now = Date.now()
    if (state.found !== null) {
      const refresh = now - state.succeededAt > refreshAfter && now - state.failedAt > failureShared
      if (refresh && state.running === null) turns.want(provider)
      return state.found
    }
    if (state.running === null && now - state.failedAt < failureShared) throw new Fault('provider_unreachable')
    return await discoverOnce(provider)
  }

  function directoryOf(provider: EntraProvider, directoryId: string, from: Configuration): Configuration {
    const { directories } = entry(provider)
    const found = directories.get(directoryId)
    if (found?.from === from) return found.configuration
    const configuration = forDirectory(provider, directoryId, from, wayOut)
    if (found !== undefined) shareKeys(found.configuration, configuration)
    directories.set(directoryId, { from, configuration })
    return configuration
  }

  /** The timer holds the provider, so only one that the configuration has gets one. */
  function retryLater(provider: Provider, failures: number): void {
    if (!kept.has(provider)) return
    const delay = Math.min(longestRetry, 1_000 * 2 ** Math.min(failures - 1, 6))
    const timer = setTimeout(() => {
      retries.delete(provider)
      turns.want(provider)
    }, delay)
    timer.unref()
    retries.set(provider, timer)
  }

  function forgetRetry(provider: Provider): void {
    clearTimeout(retries.get(provider))
    retries.delete(provider)
  }

  function stateOf(provider: Provider): ProviderState {
    const state = known.get(provider)
    if (state === undefined) return 'unknown'
    if (state.found !== null) return 'ready'
    return state.failures > 0 ? 'failing' : 'unknown'
  }

  function keepOnly(providers: readonly Provider[]): void {
    kept.clear()
    for (const provider of providers) kept.add(provider)
    turns.keepOnly(kept)
    for (const provider of retries.keys()) if (!kept.has(provider)) forgetRetry(provider)
  }

  return {
    async configuration(provider, directoryId = null) {
      const { configuration } = await discovered(provider)
      if (directoryId === null || !hasSeveral(provider)) return configuration
      return directoryOf(provider, directoryId, configuration)
    },
    asking: (provider, configuration, ask) => copyOf(provider, configuration, { ask }, wayOut),
    known: (provider) => known.get(provider)?.found?.configuration ?? null,
    warm(provider) {
      kept.add(provider)
      if (stateOf(provider) !== 'ready' && !retries.has(provider)) turns.want(provider)
    },
    keepOnly,
    state: stateOf,
    summary: () => summarise([...kept], stateOf),
    close: () => keepOnly([]),
  }
}

function summarise(providers: readonly Provider[], stateOf: (provider: Provider) => ProviderState): ProvidersSummary {
  const counts = { ready: 0, failing: 0, unknown: 0 }
  for (const provider of providers) counts[stateOf(provider)] += 1
  const failing = providers.filter((provider) => stateOf(provider) === 'failing')
  return { ...counts, failingNames: failing.slice(0, mostNames).map(({ name }) => name) }
}
