/** A signed-in person: the facts that the provider stated, and when. Conclusions (roles, headers) are never stored. */
import type { Tenant } from '../gateway.ts'
import { providerOf } from './authority.ts'
import { emergencyAccountOf } from './break-glass.ts'

export type ClaimValue = string | number | boolean | readonly string[]

/** Record 1 of a session: small, read per request. Times are seconds since 1970. */
export interface SessionFacts {
  /** Name of the tenant of our YAML; a session is worth nothing at any other. */
  readonly tenant: string
  /** Name of the provider that signed the person in. */
  readonly provider: string
  /** Where that provider was at the time, as `authorityOf` spells it: at another place it is somebody else. */
  readonly authority: string
  /** The client there, as `registrationOf` spells it: tenants may share it, and its sign-outs are for all of them. */
  readonly registration: string
  /** Entra's `tid` and `oid`, elsewhere issuer and `sub`: together the key of the person, never e-mail. */
  readonly directoryId: string
  readonly objectId: string
  /** Claims of the ID token (and of userinfo), without those that only serve the protocol. */
  readonly claims: Readonly<Record<string, ClaimValue>>
  /** The person's groups that the configuration names, spelled as there. */
  readonly groups: readonly string[]
  readonly appRoles: readonly string[]
  /** Template ids of the person's directory roles that the configuration names. */
  readonly directoryRoles: readonly string[]
  /** What Microsoft Graph says of the person, of what the configuration asks for. */
  readonly graph: Readonly<Record<string, string>>
  /** The provider's own session, as its front- and back-channel log-out name it; null where it has no name. */
  readonly sid: string | null
  /** When the person last proved to the provider who they are (`auth_time`), where it said so. */
  readonly authTime: number | null
  /**
   * Authentication contexts that have been satisfied, as the provider calls them, and when. What we call them may
   * change.
   */
  readonly contexts: Readonly<Record<string, number>>
  /**
   * A random value that the application's own session cookies are bound to: of this sign-in, and of those by which the
   * same person only proves more. Missing in records of before it was there; `bondOf` knows.
   */
  readonly bond?: string
  /**
   * What cookies were bound to on public routes, where nobody looked whose a request was, before the same person proved
   * more: `browserOf` of session/bonds.ts. Missing where there is none.
   */
  readonly browsers?: readonly string[]
  readonly startedAt: number
  /** When the provider last vouched for the person: at the sign-in, and at each revalidation. */
  readonly checkedAt: number
  /** When the session ends whatever the configured lifetime; not given for any that a provider vouches for. */
  readonly endsAt?: number
}

/**
 * Record 2 of a session: what asks the provider again, and ends the session there. The ID token itself is not kept:
 * nothing needs it.
 */
export interface SessionTokens {
  /** The opaque `login_hint` claim, which Entra takes as `logout_hint`. */
  readonly loginHint: string | null
  /** Null where the provider gave none, or none was asked for. */
  readonly refreshToken: string | null
  /** Of the person, for applications, by scope; only where the configuration asks for them. */
  readonly accessTokens?: Readonly<Record<string, AccessToken>>
}

export interface AccessToken {
  readonly value: string
  /** Seconds since 1970. */
  readonly expiresAt: number
}

/**
 * An opened session as a replica holds it. One object per session and replica, so that conclusions can be memoised on
 * it.
 */
export interface Session {
  readonly facts: SessionFacts
  /** Counts the writes; compare-and-set is on it. */
  readonly version: number
}

/** False once the tenant has changed to another provider or directory: what the old one said counts no more (T126). */
export function isVouchedFor({ facts }: Session, tenant: Tenant): boolean {
  return providerOf(tenant, facts) !== null || emergencyAccountOf(tenant, facts) !== null
}

export interface Lifetimes {
  readonly lifetimeSeconds: number
}

/**
 * Whether a session may still be used. Idle time is the store's to watch; this is the absolute limit.
 * A session that claims to begin in the future is ended, unless a clock that was set back explains it: only a gateway can
 * have written that time.
 */
export function sessionStatus(facts: SessionFacts, lifetimes: Lifetimes, now: number): 'live' | 'ended' {
  if (!Number.isFinite(facts.startedAt)) return 'ended'
  if (facts.startedAt > now + clockSetBack) return 'ended'
  return now >= endOf(facts, lifetimes) ? 'ended' : 'live'
}

/** When the session ends at the latest, in seconds since 1970. */
export function endOf({ startedAt, endsAt }: SessionFacts, { lifetimeSeconds }: Lifetimes): number {
  return Math.min(startedAt + lifetimeSeconds, endsAt ?? Number.POSITIVE_INFINITY)
}

/** Clocks of replicas may differ by this much, in seconds. */
export const clockLeeway = 60

/** By so much a clock may be set back without ending a session, in seconds: a wrong time zone, a wrong summer time. */
export const clockSetBack = 3_600
