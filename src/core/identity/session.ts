/** A signed-in person: the facts that the provider stated, and when. Conclusions (roles, headers) are never stored. */
import type { Provider, Tenant } from '../gateway.ts'

export type ClaimValue = string | number | boolean | readonly string[]

/** Record 1 of a session: small, read per request. Times are seconds since 1970. */
export interface SessionFacts {
  /** Name of the tenant of our YAML; a session is worth nothing at any other. */
  readonly tenant: string
  /** Name of the provider that signed the person in. */
  readonly provider: string
  /** Entra's `tid` and `oid`, elsewhere issuer and `sub`: together the key of the person, never e-mail. */
  readonly directoryId: string
  readonly objectId: string
  /** Claims of the ID token (and of userinfo), without those that only serve the protocol. */
  readonly claims: Readonly<Record<string, ClaimValue>>
  /** The person's groups that the configuration names, spelled as there. */
  readonly groups: readonly string[]
  readonly appRoles: readonly string[]
  readonly startedAt: number
}

/** Record 2 of a session: read only to end the session at the provider. The ID token itself is not kept: nothing needs it. */
export interface SessionTokens {
  /** The opaque `login_hint` claim, which Entra takes as `logout_hint`. */
  readonly loginHint: string | null
}

/** An opened session as a replica holds it. One object per session and replica, so that conclusions can be memoised on it. */
export interface Session {
  readonly facts: SessionFacts
  /** Counts the writes; compare-and-set is on it. */
  readonly version: number
}

/** Whoever vouches for people of this provider: what `directoryId` of their facts is. */
export function directoryOf(provider: Provider): string {
  return provider.kind === 'entra' ? provider.tenantId : provider.issuer
}

/** False once the tenant has changed to another provider or directory: what the old one said counts no more (T126). */
export function isVouchedFor({ facts }: Session, { provider }: Tenant): boolean {
  return facts.provider === provider.name && facts.directoryId === directoryOf(provider)
}

export interface Lifetimes {
  readonly lifetimeSeconds: number
}

/**
 * Whether a session may still be used. Idle time is the store's to watch; this is the absolute limit.
 * A session that claims to begin in the future is ended: its time cannot be trusted.
 */
export function sessionStatus(facts: SessionFacts, lifetimes: Lifetimes, now: number): 'live' | 'ended' {
  if (!Number.isFinite(facts.startedAt)) return 'ended'
  if (facts.startedAt > now + clockLeeway) return 'ended'
  if (now >= facts.startedAt + lifetimes.lifetimeSeconds) return 'ended'
  return 'live'
}

/** Clocks of replicas may differ by this much, in seconds. */
const clockLeeway = 60
