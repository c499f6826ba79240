/**
 * Whether somebody is a guest in the directory that vouches for them: any sign counts, since none of them is always
 * there (T113).
 */
import { personalDirectory } from './authority.ts'
import type { SessionFacts } from './session.ts'

/** The claims that may say so; a session keeps these whatever else it must leave out. */
export const guestClaims: readonly string[] = ['acct', 'idp', 'upn', 'preferred_username']

/**
 * @param directoryId Entra's; elsewhere there are no guests.
 * @see https://learn.microsoft.com/entra/identity-platform/optional-claims-reference (`acct`, `upn`)
 */
export function isGuest(directoryId: string, claims: SessionFacts['claims']): boolean {
  const { acct, idp, upn, preferred_username: username } = claims
  if (acct !== undefined && acct !== 0 && acct !== '0') return true
  if (idp !== undefined && !isOwnIssuer(String(idp), directoryId)) return true
  return [upn, username].some((name) => typeof name === 'string' && /[#_]EXT[#_]@/i.test(name))
}

/**
 * Entra leaves `idp` out where the account is of the directory itself. Some flows have been seen to repeat it, also in
 * its old form.
 */
function isOwnIssuer(idp: string, directoryId: string): boolean {
  if (directoryId === personalDirectory && idp === 'live.com') return true
  const path = /^https:\/\/[a-z0-9.-]+\/([0-9a-f-]{36})(?:\/|\/v2\.0\/?)?$/i.exec(idp)?.[1]
  return path?.toLowerCase() === directoryId
}
