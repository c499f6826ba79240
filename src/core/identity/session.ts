/** A signed-in person: the facts that the provider stated, and when. Conclusions (roles, headers) are never stored. */

export type ClaimValue = string | number | boolean | readonly string[]

/** Record 1 of a session: small, read per request. Times are seconds since 1970. */
export interface SessionFacts {
  /** Name of the tenant of our YAML; a session is worth nothing at any other. */
  readonly tenant: string
  /** Name of the provider that signed the person in. */
  readonly provider: string
  /** Entra's `tid` and `oid`: together the key of the person, never e-mail. */
  readonly directoryId: string
  readonly objectId: string
  /** Claims of the ID token, without those that only serve the protocol. */
  readonly claims: Readonly<Record<string, ClaimValue>>
  /** Object ids of the person's groups that the configuration names, lower case. */
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
