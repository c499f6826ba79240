/** When break-glass is open for a tenant: while none of its providers answers, or while the operator's file is there. */
import type { BreakGlassSettings, Gateway, Provider, Tenant } from '../core/gateway.ts'
import { breakGlassStands } from '../core/identity/break-glass.ts'
import { neverAsked, type Reach, reachAfter } from '../core/identity/outage.ts'
import type { Session } from '../core/identity/session.ts'
import type { Probe } from '../oidc/probe.ts'
import type { Log } from '../ops/log.ts'

export interface Openings {
  isOpen(tenant: Tenant): boolean
  /** Whether a provider counts as away, and has just been asked in vain: whoever is sent there meets nobody. */
  isAway(provider: Provider): boolean
  /** Whether a session that an account of the gateway itself has made may still be used. */
  stands(tenant: Tenant, session: Session): boolean
  /** Names of the tenants for which it is open. */
  open(): readonly string[]
  close(): void
}

export interface OpeningsParts {
  readonly current: () => Gateway
  readonly probe: Probe
  /** Whether a file exists. Never rejects. */
  readonly exists: (path: string) => Promise<boolean>
  /** Seconds since 1970. */
  readonly clock: () => number
  readonly log: Log
}

/** How often a provider is asked, in seconds. */
const askedEvery = 15
const lookMilliseconds = 1_000

export function createOpenings({ current, probe, exists, clock, log }: OpeningsParts): Openings {
  // Hangs on the compiled provider: one that is configured anew has to be silent anew.
  const reaches = new Map<Provider, Reach>()
  const askedAt = new Map<Provider, number>()
  /** By tenant: when it was last seen to be open. */
  const openUntil = new Map<string, number>()
  let opened: ReadonlyMap<string, Why> = new Map()
  let looking = false

  const reachOf = (provider: Provider) => reaches.get(provider) ?? neverAsked

  async function ask(provider: Provider, { outageSeconds }: BreakGlassSettings): Promise<void> {
    const answered = await probe(provider)
    // That says nothing of the provider, and a silence in which nobody asked is none.
    if (answered === null) return void reaches.set(provider, { ...reachOf(provider), silentSince: null })
    reaches.set(provider, reachAfter(reachOf(provider), answered, clock(), outageSeconds))
  }

  function askAll({ breakGlass }: Gateway, tenants: readonly Tenant[]): void {
    const settings = breakGlass?.opens === 'on-outage' ? breakGlass : null
    const asked = new Set(settings === null ? [] : tenants.flatMap(({ providers }) => providers))
    forgetAllBut(asked)
    if (settings === null) return
    const now = clock()
    for (const provider of asked) {
      // Also where the clock was set back.
      if (Math.abs(now - (askedAt.get(provider) ?? Number.NEGATIVE_INFINITY)) < askedEvery) continue
      askedAt.set(provider, now)
      ask(provider, settings).catch((error: unknown) => log.error('break_glass_unknown', { error }))
    }
  }

  /** Of whom nobody asks any more nothing is known: they would count as away for ever, and open the door of another day. */
  function forgetAllBut(asked: ReadonlySet<Provider>): void {
    for (const known of [reaches, askedAt]) {
      for (const provider of known.keys()) if (!asked.has(provider)) known.delete(provider)
    }
  }

  function whyOpen({ breakGlass }: Gateway, { providers }: Tenant, isTold: boolean): Why | null {
    if (isTold) return 'operator'
    const byItself = breakGlass?.opens === 'on-outage'
    return byItself && providers.every((provider) => reachOf(provider).away) ? 'outage' : null
  }

  async function look(): Promise<void> {
    const gateway = current()
    const file = gateway.breakGlass?.openWhile ?? null
    const tenants = gateway.tenants.filter(({ emergency }) => emergency.length > 0)
    const isTold = file !== null && (await exists(file))
    // Not waited for: one that hangs must not keep the operator's file from being seen.
    askAll(gateway, tenants)
    const next = new Map(
      tenants.flatMap((tenant) => {
        const why = whyOpen(gateway, tenant, isTold)
        return why === null ? [] : [[tenant.name, why] as const]
      }),
    )
    tell(next)
    opened = next
    for (const name of next.keys()) openUntil.set(name, clock())
    for (const name of openUntil.keys()) if (!tenants.some((tenant) => tenant.name === name)) openUntil.delete(name)
  }

  /** Aloud: while it is open, people come in past the provider. */
  function tell(next: ReadonlyMap<string, Why>): void {
    for (const [tenant, why] of next) if (!opened.has(tenant)) log.error('break_glass_opened', { tenant, why })
    for (const tenant of opened.keys()) if (!next.has(tenant)) log.error('break_glass_closed', { tenant })
  }

  function lookSoon(): void {
    if (looking || (current().breakGlass === null && opened.size === 0 && reaches.size === 0)) return
    looking = true
    look()
      .catch((error: unknown) => log.error('break_glass_unknown', { error }))
      .finally(() => {
        looking = false
      })
  }

  const timer = setInterval(lookSoon, lookMilliseconds).unref()
  lookSoon()

  return {
    // Whoever has no account in the configuration in force has none, whatever was seen a moment ago.
    isOpen: ({ name, emergency }) => emergency.length > 0 && opened.has(name),
    isAway(provider) {
      const { away, answersSince } = reachOf(provider)
      return away && answersSince === null
    },
    stands(tenant, session) {
      const times = current().breakGlass
      if (times === null) return false
      return breakGlassStands(tenant, session, { times, openUntil: openUntil.get(tenant.name) ?? null, now: clock() })
    },
    open: () => [...opened.keys()],
    close: () => clearInterval(timer),
  }
}

type Why = 'operator' | 'outage'
