/**
 * Whether an e-mail address may be believed. At Entra anybody can write what they like into that of their own directory
 * (nOAuth), so it counts only where somebody vouches for it. It never is the key of a person.
 * @see https://learn.microsoft.com/entra/identity-platform/migrate-off-email-claim-authorization
 */
import type { Provider } from '../gateway.ts'
import { isKeyword } from './authority.ts'
import { isGuest } from './guest.ts'
import type { ClaimValue, SessionFacts } from './session.ts'

/** The claims that say so. */
export const emailClaims: readonly string[] = ['email', 'email_verified', 'verified_primary_email', 'xms_edov']

/**
 * Whether people of several directories, or whoever has a personal account, come by a provider: then no address is the
 * operator's.
 */
export function hasForeignAddresses(tenantId: string): boolean {
  return isKeyword(tenantId)
}

/**
 * The e-mail address of a session, where it can be trusted: Entra says that the owner of its domain was verified
 * (`xms_edov`), or lists it as verified; or it is that of a member of the one directory whose people come in, since its
 * own administrators wrote it. Elsewhere what `email_verified` says.
 * @param strict only what the provider calls verified, of other providers than Entra; else what it does not call
 *   unverified.
 * @returns the address, or null.
 */
export function vouchedEmail(
  provider: Provider,
  { directoryId, claims }: SessionFacts,
  strict: boolean,
): string | null {
  const email = textOf(claims, 'email')
  if (provider.kind === 'oidc') {
    const verified = claimOf(claims, 'email_verified')
    return isTrue(verified) || (verified === undefined && !strict) ? email : null
  }
  const listed = claimOf(claims, 'verified_primary_email')
  const [primary] = Array.isArray(listed) ? listed : []
  if (email === null) return primary ?? null
  if (Array.isArray(listed) && listed.some((each) => sameAddress(each, email))) return email
  const verified = claimOf(claims, 'xms_edov')
  if (verified !== undefined) return isTrue(verified) ? email : null
  return hasForeignAddresses(provider.tenantId) || isGuest(directoryId, claims) ? null : email
}

/** What stands after the last `@`, lower case; null where that is no domain. */
export function domainOf(email: string): string | null {
  const parts = email.split('@')
  const domain = parts.at(-1)?.toLowerCase() ?? ''
  return parts.length === 2 && parts[0] !== '' && /^[^\s"<>(),:;[\]\\]+$/.test(domain) ? domain : null
}

/** Entra has been seen to write it in any of these ways. */
function isTrue(value: ClaimValue | undefined): boolean {
  return value === true || value === 1 || value === '1' || (typeof value === 'string' && /^true$/i.test(value))
}

function sameAddress(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

function claimOf(claims: SessionFacts['claims'], name: string): ClaimValue | undefined {
  return Object.hasOwn(claims, name) ? claims[name] : undefined
}

function textOf(claims: SessionFacts['claims'], name: string): string | null {
  const value = claimOf(claims, name)
  return typeof value === 'string' && value !== '' ? value : null
}
