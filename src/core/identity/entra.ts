/**
 * What an ID token of Entra says, as the facts that a session keeps. The token's signature, issuer, audience, times and nonce
 * have been checked before (oidc/redeem.ts); this is the rest: which directory, who, which groups.
 * @see https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
 */
import type { Tenant } from '../gateway.ts'
import type { ClaimValue, SessionFacts } from './session.ts'

export type FactsRead =
  | { readonly facts: SessionFacts; readonly unnamedGroups: number; readonly dropped: readonly string[] }
  | { readonly refused: 'identity_refused' | 'groups_unknown'; readonly detail: string }

type Claims = Readonly<Record<string, unknown>>

/**
 * @param now seconds since 1970.
 * @returns the facts; or the refusal, when the token is of another directory (T106), lacks `tid` or `oid`, or when Entra left
 *   groups out (overage) that the tenant's roles depend on: what cannot be found out is refused, never guessed (T109).
 */
export function readEntraClaims(tenant: Tenant, claims: Claims, now: number): FactsRead {
  const directoryId = guid(claims.tid)
  const objectId = guid(claims.oid)
  if (directoryId === null) return { refused: 'identity_refused', detail: 'tid-missing' }
  if (directoryId !== tenant.provider.tenantId)
    return { refused: 'identity_refused', detail: 'tid-of-another-directory' }
  if (objectId === null) return { refused: 'identity_refused', detail: 'oid-missing' }
  if (claims.ver !== undefined && claims.ver !== '2.0') return { refused: 'identity_refused', detail: 'ver' }
  const named = namedGroups(tenant)
  if (named.size > 0 && overage(claims, 'groups')) return { refused: 'groups_unknown', detail: 'groups-overage' }
  if (namesAppRoles(tenant) && overage(claims, 'roles')) return { refused: 'groups_unknown', detail: 'roles-overage' }
  const groups = texts(claims.groups).map((group) => group.toLowerCase())
  const { kept, dropped } = keepClaims(claims)
  const held = groups.filter((group) => named.has(group))
  return {
    facts: {
      tenant: tenant.name,
      provider: tenant.provider.name,
      directoryId,
      objectId,
      claims: kept,
      groups: [...new Set(held)],
      appRoles: texts(claims.roles).filter(harmless),
      startedAt: now,
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

function namedGroups(tenant: Tenant): ReadonlySet<string> {
  return new Set(tenant.roles.flatMap((role) => role.groups))
}

function namesAppRoles(tenant: Tenant): boolean {
  return tenant.roles.some((role) => role.appRoles.length > 0)
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
  '_claim_names',
  '_claim_sources',
  'aio',
  'at_hash',
  'aud',
  'c_hash',
  'exp',
  'groups',
  'hasgroups',
  'iat',
  'iss',
  'login_hint',
  'nbf',
  'nonce',
  'rh',
  'roles',
  'uti',
  'ver',
])

const longestClaim = 1_024
const mostClaimBytes = 4_096

/** Claims that a header could carry. One with control characters is left out: it could only be an attack on a header (T28). */
function keepClaims(claims: Claims): {
  readonly kept: Record<string, ClaimValue>
  readonly dropped: readonly string[]
} {
  const kept: Record<string, ClaimValue> = {}
  const dropped: string[] = []
  let size = 0
  for (const [name, value] of Object.entries(claims)) {
    if (notKept.has(name)) continue
    const length = JSON.stringify(value)?.length ?? 0
    if (!/^[\w.:/-]{1,100}$/.test(name) || name === '__proto__' || !keepable(value) || size + length > mostClaimBytes) {
      dropped.push(name.replace(/[^\w.:/-]/g, '?').slice(0, 100))
      continue
    }
    size += length
    kept[name] = value
  }
  return { kept, dropped }
}

function keepable(value: unknown): value is ClaimValue {
  if (typeof value === 'string') return value.length <= longestClaim && harmless(value)
  if (Array.isArray(value)) return value.every((each) => typeof each === 'string' && keepable(each))
  return typeof value === 'number' || typeof value === 'boolean'
}

function harmless(value: string): boolean {
  return !/[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(value)
}
