/**
 * What a person has to prove beyond who they are: authentication contexts (at Entra Conditional Access stands behind
 * them), and how long ago they proved who they are. Believed is only what a token says, never that it was asked for
 * (T111).
 * @see https://learn.microsoft.com/entra/identity-platform/developer-guide-conditional-access-authentication-context
 */
import type { Provider } from '../gateway.ts'
import type { Claims } from './claims.ts'
import type { SessionFacts } from './session.ts'

/** What a sign-in is asked to prove. */
export interface StepUp {
  /** Our name of the authentication context; null: none. */
  readonly authContext: string | null
  /** How long ago the person may have proved who they are, in seconds; null: that does not matter. */
  readonly maxAge: number | null
}

export interface Proof {
  readonly contexts: readonly { readonly name: string; readonly withinSeconds: number }[]
  readonly maxAgeSeconds: number | null
}

export interface ProofMissing {
  readonly reason: 'context_required' | 'sign_in_too_old'
  readonly stepUp: StepUp
}

/**
 * Clocks of provider and replicas may differ by this much, in seconds. The same wherever an age is judged: what a
 * sign-in has just proved must be enough for the request that it was for, or the two would send people round in
 * circles.
 */
const clockLeeway = 60

/**
 * @returns what the session does not prove of what is needed, or null. Of several contexts one is asked for at a time.
 */
export function missingProof(needed: Proof, provider: Provider, facts: SessionFacts, now: number): ProofMissing | null {
  const { contexts, maxAgeSeconds } = needed
  if (contexts.length === 0 && maxAgeSeconds === null) return null
  const unproven = contexts.find(({ name, withinSeconds }) => {
    const value = contextValue(provider, name)
    const at = value === null || !Object.hasOwn(facts.contexts, value) ? undefined : facts.contexts[value]
    return !isWithin(at ?? null, withinSeconds, now)
  })
  const tooOld = maxAgeSeconds !== null && !isWithin(facts.authTime, maxAgeSeconds, now)
  if (unproven === undefined && !tooOld) return null
  const stepUp = { authContext: unproven?.name ?? null, maxAge: maxAgeSeconds }
  return { reason: unproven === undefined ? 'sign_in_too_old' : 'context_required', stepUp }
}

/**
 * The same for an account of the gateway itself. Only a provider proves an authentication context, so what asks for one
 * stays closed; the age of the sign-in is known.
 */
export function unprovable(needed: Proof, { authTime }: SessionFacts, now: number): ProofMissing | null {
  const { contexts, maxAgeSeconds } = needed
  const tooOld = maxAgeSeconds !== null && !isWithin(authTime, maxAgeSeconds, now)
  if (contexts.length === 0 && !tooOld) return null
  const stepUp = { authContext: contexts[0]?.name ?? null, maxAge: maxAgeSeconds }
  return { reason: contexts.length === 0 ? 'sign_in_too_old' : 'context_required', stepUp }
}

/** All that can be asked for at once of whoever is not signed in yet. */
export function stepUpFor({ contexts, maxAgeSeconds }: Proof): StepUp {
  return { authContext: contexts[0]?.name ?? null, maxAge: maxAgeSeconds }
}

/** What the provider calls a context of ours; null where it has none of this name. */
export function contextValue({ authContexts }: Provider, name: string): string | null {
  return Object.hasOwn(authContexts, name) ? (authContexts[name] ?? null) : null
}

/**
 * Whether the answer to a sign-in proves what was asked for.
 * @param claims of the ID token, which has been checked.
 * @returns the rule that it fails, for the log, or null.
 */
export function unprovenBy(
  { authContext, maxAge }: StepUp,
  provider: Provider,
  { authTime, claims }: { readonly authTime: number | null; readonly claims: Claims },
  now: number,
): 'acrs' | 'auth-time' | null {
  if (authContext !== null && !names(provider, claims, contextValue(provider, authContext))) return 'acrs'
  return maxAge !== null && !isWithin(authTime, maxAge, now) ? 'auth-time' : null
}

/** Entra lists those that are satisfied in `acrs`; elsewhere `acr` says the one (OpenID Connect Core 2). */
function names({ kind }: Provider, { acrs, acr }: Claims, value: string | null): boolean {
  if (value === null) return false
  return kind === 'entra' ? [acrs].flat().includes(value) : acr === value
}

/**
 * The contexts of the session that a sign-in makes: those that the one before had, if it is of the same person, and the
 * one that has just been proved. Each keeps its own age (T130).
 */
export function contextsAfter(
  { authContext }: StepUp,
  provider: Provider,
  { before, facts }: { readonly before: SessionFacts | null; readonly facts: SessionFacts },
  now: number,
): SessionFacts['contexts'] {
  const kept = before !== null && isSamePerson(before, facts) ? before.contexts : {}
  const proven = authContext === null ? null : contextValue(provider, authContext)
  // What nobody asks for any more need not be carried along.
  const values = new Set(Object.values(provider.authContexts))
  const known = Object.fromEntries(Object.entries(kept).filter(([value]) => values.has(value)))
  return proven === null ? known : { ...known, [proven]: now }
}

/**
 * When the person last proved who they are, as far as it is known: what an answer says nothing of is as it was before.
 */
export function authTimeAfter(before: SessionFacts | null, facts: SessionFacts): number | null {
  return facts.authTime ?? (before !== null && isSamePerson(before, facts) ? before.authTime : null)
}

/** The person of a session, as a transaction remembers whom it is for. */
export function personKey({ directoryId, objectId }: SessionFacts): string {
  return `${directoryId}/${objectId}`
}

function isSamePerson(one: SessionFacts, other: SessionFacts): boolean {
  return one.authority === other.authority && personKey(one) === personKey(other)
}

/** False for what is not known, and for a time that is still to come: it cannot be trusted. */
function isWithin(at: number | null, seconds: number, now: number): boolean {
  return at !== null && at <= now + clockLeeway && now - at <= seconds + clockLeeway
}
