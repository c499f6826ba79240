/**
 * What an ID token of Entra says, as the facts that a session keeps. The token's signature, issuer, audience, times and nonce
 * have been checked before (oidc/redeem.ts); this is the rest: which directory, who, which groups.
 * @see https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
 */
import type { EntraProvider, Tenant } from '../gateway.ts'
import { admitsDirectory, authorityOf, registrationOf } from './authority.ts'
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
import { guestClaims } from './guest.ts'

/**
 * @param now seconds since 1970.
 * @returns the facts; or the refusal, when the token is of another directory (T106), lacks `tid` or `oid`, or when Entra left
 *   groups out (overage) that the tenant's roles depend on: what cannot be found out is refused, never guessed (T109).
 */
export function readEntraClaims(tenant: Tenant, provider: EntraProvider, claims: Claims, now: number): FactsRead {
  const directoryId = guid(claims.tid)
  const objectId = guid(claims.oid)
  if (directoryId === null) return { refused: 'identity_refused', detail: 'tid-missing' }
  if (!admitsDirectory(provider, directoryId))
    return { refused: 'identity_refused', detail: 'tid-of-another-directory' }
  if (objectId === null) return { refused: 'identity_refused', detail: 'oid-missing' }
  if (claims.ver !== undefined && claims.ver !== '2.0') return { refused: 'identity_refused', detail: 'ver' }
  const named = namedGroups(tenant)
  if (named.size > 0 && overage(claims, 'groups')) return { refused: 'groups_unknown', detail: 'groups-overage' }
  if (namedAppRoles(tenant).size > 0 && overage(claims, 'roles'))
    return { refused: 'groups_unknown', detail: 'roles-overage' }
  const groups = texts(claims.groups).map((group) => group.toLowerCase())
  const { kept, dropped } = keepClaims(claims, notKept, decidingClaims(tenant))
  if (tenant.admission.guests === 'deny' && guestClaims.some((name) => dropped.includes(name)))
    return { refused: 'identity_refused', detail: 'guest-sign-unreadable' }
  const held = groups.filter((group) => named.has(group))
  return {
    facts: {
      tenant: tenant.name,
      provider: provider.name,
      authority: authorityOf(provider),
      registration: registrationOf(provider),
      directoryId,
      objectId,
      claims: kept,
      groups: [...new Set(held)],
      appRoles: texts(claims.roles).filter(harmless),
      graph: {},
      sid: guid(claims.sid),
      authTime: timeOf(claims.auth_time),
      contexts: {},
      startedAt: now,
      checkedAt: now,
    },
    unnamedGroups: groups.length - held.length,
    dropped,
  }
}

/** GUIDs compare without case; Entra writes them in lower case. */
function guid(value: unknown): string | null {
  if (typeof value !== 'string') return null
  const lower = value.toLowerCase()
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(lower) ? lower : null
}

/** The endpoint that `_claim_sources` names is never asked: it is retired, and a token must not choose whom we call (T110). */
function overage(claims: Claims, claim: 'groups' | 'roles'): boolean {
  if (claim === 'groups' && claims.hasgroups !== undefined && claims.hasgroups !== false) return true
  const names = claims._claim_names
  if (names === undefined) return false
  return typeof names !== 'object' || names === null || claim in names
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : []
}

/** Serve the protocol alone, are facts under a name of their own, or would let a session grow. */
const notKept: ReadonlySet<string> = new Set([
  ...protocolClaims,
  'aio',
  'auth_time',
  'groups',
  'hasgroups',
  'login_hint',
  'rh',
  'roles',
  'sid',
  'uti',
  'ver',
])
