/**
 * What a plain OpenID provider says of a person, as the facts that a session keeps. Signature, issuer, audience, times
 * and nonce of the ID token have been checked before (oidc/redeem.ts); what it leaves out comes from the provider's
 * userinfo endpoint.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDToken
 */
import type { PlainProvider, Tenant } from '../gateway.ts'
import { authorityOf, isDirectoryId, registrationOf } from './authority.ts'
import {
  type Claims,
  decidingClaims,
  type FactsRead,
  harmless,
  keepClaims,
  namedAppRoles,
  namedGroups,
  protocolClaims,
  timeOf,
} from './claims.ts'

/**
 * Groups and app roles are the strings of the configured claims, letter by letter; only those that the configuration
 * names are kept. A claim that is not there means none; one that is there and is no list of strings cannot be read.
 * @param now seconds since 1970.
 * @returns the facts; or the refusal, when the token is of another issuer, has no usable subject, or when groups or app
 *   roles that the tenant's roles depend on cannot be read: what cannot be found out is refused, never guessed.
 */
export function readPlainClaims(tenant: Tenant, provider: PlainProvider, claims: Claims, now: number): FactsRead {
  const { iss, sub } = claims
  if (iss !== provider.issuer) return { refused: 'identity_refused', detail: 'iss-of-another-issuer' }
  if (typeof sub !== 'string' || sub === '') return { refused: 'identity_refused', detail: 'sub-missing' }
  if (!isSubject(sub)) return { refused: 'identity_refused', detail: 'sub-unfit' }
  const [inRoles, appRolesInRoles] = [groupsMeant(tenant), namedAppRoles(tenant)]
  const groups = listOf(claims, provider.groupsClaim)
  if (groups === null && inRoles.size > 0) return { refused: 'groups_unknown', detail: 'groups-unreadable' }
  const appRoles = listOf(claims, provider.appRolesClaim)
  if (appRoles === null && appRolesInRoles.size > 0) return { refused: 'groups_unknown', detail: 'roles-unreadable' }
  const held = (groups ?? []).filter((group) => inRoles.has(group) && harmless(group))
  const { kept, dropped } = keepClaims(claims, notKeptOf(provider), decidingClaims(tenant))
  return {
    facts: {
      tenant: tenant.name,
      provider: provider.name,
      authority: authorityOf(provider),
      registration: registrationOf(provider),
      directoryId: provider.issuer,
      objectId: sub,
      claims: kept,
      groups: [...new Set(held)],
      appRoles: [...new Set((appRoles ?? []).filter((each) => appRolesInRoles.has(each) && harmless(each)))],
      directoryRoles: [],
      graph: {},
      sid: typeof claims.sid === 'string' && isSubject(claims.sid) ? claims.sid : null,
      authTime: timeOf(claims.auth_time),
      contexts: {},
      startedAt: now,
      checkedAt: now,
    },
    unnamedGroups: (groups ?? []).length - held.length,
    dropped,
  }
}

/**
 * The groups in the tenant's roles, as far as a provider of this kind can mean them: where Entra names groups by ids,
 * those in the configuration are Entra's, and nobody else may say that somebody is in them (T112).
 */
function groupsMeant(tenant: Tenant): ReadonlySet<string> {
  const areEntras = tenant.providers.some((each) => each.kind === 'entra' && each.groupNames === 'ids')
  const named = namedGroups(tenant)
  return areEntras ? new Set([...named].filter((group) => !isDirectoryId(group))) : named
}

/**
 * At most 255 ASCII characters (OpenID Connect Core 2). None that cannot be seen, and no blank at either end: a header
 * loses it on its way, and then two people would be one to the application.
 */
function isSubject(sub: string): boolean {
  return /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(sub)
}

/**
 * The strings of a claim; none where it is not there. A claim without a value should not be sent, but some send it as
 * null.
 * @returns null where it is something else, or kept elsewhere: where `_claim_names` points to is never asked (T110).
 */
function listOf(claims: Claims, name: string): readonly string[] | null {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  if (value === undefined || value === null) return isElsewhere(claims, name) ? null : []
  return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : null
}

function isElsewhere({ _claim_names: names }: Claims, name: string): boolean {
  if (names === undefined || names === null) return false
  return typeof names !== 'object' || Array.isArray(names) || Object.hasOwn(names, name)
}

/** `oid` and `tid` are placeholders for subject and issuer here, so claims of these names would only mislead. */
function notKeptOf({ groupsClaim, appRolesClaim }: PlainProvider): ReadonlySet<string> {
  return new Set([...protocolClaims, 'jti', 'oid', 's_hash', 'session_state', 'sid', 'tid', groupsClaim, appRolesClaim])
}
