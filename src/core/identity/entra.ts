/**
 * What an ID token of Entra says, as the facts that a session keeps. The token's signature, issuer, audience, times and
 * nonce have been checked before (oidc/redeem.ts); this is the rest: which directory, who, which groups.
 * @see https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
 */
import type { EntraProvider, Tenant } from '../gateway.ts'
import { admitsDirectory, authorityOf, isDirectoryId, personalDirectory, registrationOf } from './authority.ts'
import {
  type Claims,
  decidingClaims,
  type FactsRead,
  harmless,
  keepClaims,
  namedDirectoryRoles,
  protocolClaims,
  timeOf,
} from './claims.ts'
import {
  type GraphFindings,
  type GraphQuestions,
  graphProperties,
  keepProperties,
  nothingAsked,
} from './graph-questions.ts'
import { guestClaims } from './guest.ts'
import { groupsThrough, readOverage } from './overage.ts'
import { isUnknownPersonalAccount, type PersonIds } from './people.ts'

type Refused = Extract<FactsRead, { refused: string }>

/**
 * What Microsoft Graph must be asked before the claims can be read: groups that the token left out, and what headers
 * send.
 * Nothing about somebody who is refused anyway.
 */
export function questionsAbout(tenant: Tenant, provider: EntraProvider, claims: Claims): GraphQuestions {
  const who = readIdentity(tenant, provider, claims)
  const overage = readOverage(tenant, provider, claims)
  if ('refused' in who || 'refused' in overage) return nothingAsked
  const ids = [...(overage.groups ?? []), ...(overage.appRoles ?? [])].map((id) => id.toLowerCase())
  return { memberships: [...new Set(ids)], properties: propertiesOf(tenant, who) }
}

/** Personal accounts have no directory that could know such things of them. */
function propertiesOf(tenant: Tenant, { directoryId }: PersonIds): readonly string[] {
  return directoryId === personalDirectory ? [] : graphProperties(tenant)
}

/**
 * @param also `found`: what Graph answered to `questionsAbout`; `now`: seconds since 1970.
 * @returns the facts; or the refusal, when the token is of another directory (T106), lacks `tid` or `oid`, is of a
 *   personal account that nobody named, or when Entra left out what the tenant's roles depend on (overage) and nobody
 *   can be asked: what cannot be found out is refused, never guessed (T109).
 */
export function readEntraClaims(
  tenant: Tenant,
  provider: EntraProvider,
  claims: Claims,
  also: { readonly now: number; readonly found: GraphFindings },
): FactsRead {
  const { now, found } = also
  const who = readIdentity(tenant, provider, claims)
  if ('refused' in who) return who
  const overage = readOverage(tenant, provider, claims)
  if ('refused' in overage) return { refused: 'groups_unknown', detail: overage.refused }
  const named = groupsThrough(tenant, provider)
  const listed = provider.groupNames === 'ids' ? lower(texts(claims.groups)) : texts(claims.groups)
  const { memberships } = found
  if (memberships === null && overage.groups !== null) return { refused: 'groups_unknown', detail: 'groups-overage' }
  if (memberships === null && overage.appRoles !== null) return { refused: 'groups_unknown', detail: 'roles-overage' }
  const among = (ids: readonly string[]) => ids.filter((id) => memberships?.has(id.toLowerCase()))
  const groups = overage.groups === null ? listed.filter((group) => named.has(group)) : among(overage.groups)
  const directoryRoles = namedDirectoryRoles(tenant)
  const claimsRead = keepClaims(claims, notKeptOf(claims), decidingClaims(tenant))
  if (tenant.admission.guests === 'deny' && guestClaims.some((name) => claimsRead.dropped.includes(name)))
    return { refused: 'identity_refused', detail: 'guest-sign-unreadable' }
  const graph = keepProperties(propertiesOf(tenant, who), found)
  return {
    facts: {
      tenant: tenant.name,
      provider: provider.name,
      authority: authorityOf(provider),
      registration: registrationOf(provider),
      ...who,
      claims: claimsRead.kept,
      groups: [...new Set(groups)],
      appRoles: overage.appRoles === null ? texts(claims.roles).filter(harmless) : among(overage.appRoles),
      directoryRoles: lower(texts(claims.wids)).filter((role) => directoryRoles.has(role)),
      graph: graph.kept,
      sid: guid(claims.sid),
      authTime: timeOf(claims.auth_time),
      contexts: {},
      startedAt: now,
      checkedAt: now,
    },
    unnamedGroups: overage.groups === null ? listed.length - groups.length : null,
    dropped: [...claimsRead.dropped, ...graph.dropped],
  }
}

function readIdentity(tenant: Tenant, provider: EntraProvider, claims: Claims): PersonIds | Refused {
  const directoryId = guid(claims.tid)
  const objectId = guid(claims.oid)
  const refused = (detail: string): Refused => ({ refused: 'identity_refused', detail })
  if (directoryId === null) return refused('tid-missing')
  if (!admitsDirectory(provider, directoryId)) return refused('tid-of-another-directory')
  if (objectId === null) return refused('oid-missing')
  if (claims.ver !== undefined && claims.ver !== '2.0') return refused('ver')
  const ids = { directoryId, objectId }
  return isUnknownPersonalAccount(tenant, ids) ? { ...refused('personal-account-not-named'), person: ids } : ids
}

/** GUIDs compare without case; Entra writes them in lower case. */
function guid(value: unknown): string | null {
  if (typeof value !== 'string') return null
  const lower = value.toLowerCase()
  return isDirectoryId(lower) ? lower : null
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : []
}

function lower(values: readonly string[]): readonly string[] {
  return values.map((value) => value.toLowerCase())
}

/** Pointers at what was left out go too, in the spelling that has been seen beside the documented one. */
function notKeptOf(claims: Claims): ReadonlySet<string> {
  const pointers = Object.keys(claims).filter((name) => /^(?:groups|roles|wids):/.test(name))
  return pointers.length === 0 ? notKept : new Set([...notKept, ...pointers])
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
