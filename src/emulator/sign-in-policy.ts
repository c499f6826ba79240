/** Conditional Access: what a sign-in must have shown, and what stands in its way. */
import type { AskedClaims } from './asked-claims.ts'
import type { Application } from './registration.ts'

export type PolicyVerdict =
  /** The authentication contexts that the token may name. */
  | { readonly act: 'pass'; readonly contexts: readonly string[] }
  | { readonly act: 'second-factor' }
  | { readonly act: 'refuse'; readonly code: number }

/**
 * Judges a sign-in. A context without a policy is passed without a question, as at Entra; one that was never published is
 * passed too, but the token will not name it.
 */
export function judgePolicy(asked: AskedClaims, application: Application, secondFactor: boolean): PolicyVerdict {
  const published = asked.contexts.filter((context) => application.contexts[context] !== undefined)
  const policies = published.map((context) => application.contexts[context])
  if (policies.includes('blocked')) return { act: 'refuse', code: 53003 }
  const wanted = application.secondFactor || asked.policy || policies.includes('second-factor')
  if (wanted && !secondFactor) return { act: 'second-factor' }
  return { act: 'pass', contexts: published }
}

/** What a refresh is refused with because a policy has changed since the sign-in; null for nothing. */
export function policyAtRefresh(
  application: Application,
  grant: { readonly secondFactor: boolean; readonly signedInAt: number },
  now: number,
): number | null {
  const { signInFrequency, secondFactor } = application
  if (signInFrequency !== null && now - grant.signedInAt > signInFrequency) return 70043
  return secondFactor && !grant.secondFactor ? 50076 : null
}
