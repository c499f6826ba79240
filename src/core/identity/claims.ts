/** Claims as a session keeps them, whoever the provider is: what a header could carry, and not much of it. */
import type { Tenant } from '../gateway.ts'
import { emailClaims } from './email.ts'
import { guestClaims } from './guest.ts'
import type { PersonIds } from './people.ts'
import type { ClaimValue, SessionFacts } from './session.ts'

/** Everything that the provider stated, checked for nothing but where it comes from. */
export type Claims = Readonly<Record<string, unknown>>

export type FactsRead =
  | {
      readonly facts: SessionFacts
      /** How many groups the provider named beside those of the configuration; null where it left them out. */
      readonly unnamedGroups: number | null
      readonly dropped: readonly string[]
    }
  | {
      readonly refused: 'identity_refused' | 'groups_unknown'
      readonly detail: string
      /** Who it was, where that is known and would let an operator name the person. */
      readonly person?: PersonIds
    }

/** Serve the protocol alone (OpenID Connect Core 2, 3.3.2.11 and 5.6.2), with any provider. */
export const protocolClaims: readonly string[] = [
  '_claim_names',
  '_claim_sources',
  'at_hash',
  'aud',
  'c_hash',
  'exp',
  'iat',
  'iss',
  'nbf',
  'nonce',
]

const longestClaim = 1_024
const mostClaimBytes = 4_096
const mostDroppedNames = 20

/**
 * Claims that a header could carry. One with control characters is left out: it could only be an attack on a header
 * (T28).
 * @param notKept names that are left out without a word.
 * @param first names that must not be crowded out by others: something is decided by them.
 * @returns also the names of the first claims that were dropped, for the log.
 */
export function keepClaims(
  claims: Claims,
  notKept: ReadonlySet<string>,
  first: readonly string[],
): { readonly kept: Readonly<Record<string, ClaimValue>>; readonly dropped: readonly string[] } {
  const kept: Record<string, ClaimValue> = {}
  const dropped: string[] = []
  let size = 0
  const names = new Set([...first.filter((name) => Object.hasOwn(claims, name)), ...Object.keys(claims)])
  for (const name of names) {
    const value = claims[name]
    if (notKept.has(name)) continue
    const length = name.length + (JSON.stringify(value)?.length ?? 0)
    if (!/^[\w.:/-]{1,100}$/.test(name) || name === '__proto__' || !keepable(value) || size + length > mostClaimBytes) {
      if (dropped.length < mostDroppedNames) dropped.push(name.replace(/[^\w.:/-]/g, '?').slice(0, 100))
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

/** False for what no header, log or page should have to carry: control characters and line separators. */
export function harmless(value: string): boolean {
  return !/[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(value)
}

/** Seconds since 1970; null where it is no time. */
export function timeOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : null
}

/** The groups that give a role; a session keeps no others. */
export function namedGroups(tenant: Tenant): ReadonlySet<string> {
  return new Set(tenant.roles.flatMap((role) => role.groups))
}

/**
 * Claims by which it is decided who may sign in, now or after the next change of the configuration, and who has which
 * role.
 */
export function decidingClaims({ admission, roles }: Tenant): readonly string[] {
  const inRoles = roles.flatMap((role) => role.claims.map(({ claim }) => claim))
  return [...guestClaims, ...emailClaims, ...admission.claims, ...inRoles]
}

/** The app roles that give a role. */
export function namedAppRoles(tenant: Tenant): ReadonlySet<string> {
  return new Set(tenant.roles.flatMap((role) => role.appRoles))
}

/** The directory roles that give a role. */
export function namedDirectoryRoles(tenant: Tenant): ReadonlySet<string> {
  return new Set(tenant.roles.flatMap((role) => role.directoryRoles))
}
