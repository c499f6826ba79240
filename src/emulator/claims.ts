/** What an ID token says about a person: the claims of Entra's v2.0 tokens, absent ones absent. */
import { createHash, randomBytes } from 'node:crypto'
import { type Application, directoryId, type Person } from './directory.ts'
import type { Grant } from './grants.ts'

/** More groups than this are not listed but pointed at. */
const groupLimit = 200
/** Entra dates its tokens back, for clocks that are slow. */
const backDating = 5 * 60
const lifetime = 3900

export interface ClaimSources {
  readonly person: Person
  readonly grant: Grant
  readonly application: Application
  readonly issuer: string
  /** Seconds since 1970. */
  readonly now: number
}

export function idTokenClaims({ person, grant, application, issuer, now }: ClaimSources): Record<string, unknown> {
  const issuedAt = Math.floor(now) - backDating
  return {
    aud: application.clientId,
    iss: issuer,
    iat: issuedAt,
    nbf: issuedAt,
    exp: issuedAt + lifetime,
    acct: person.homeDirectory === null ? 0 : 1,
    aio: randomBytes(60).toString('base64url'),
    ...(grant.authTime === null ? {} : { auth_time: Math.floor(grant.authTime) }),
    ...emailOf(person, grant.scopes),
    ...groupsOf(person),
    ...(person.homeDirectory === null ? {} : { idp: `https://sts.windows.net/${person.homeDirectory}/` }),
    ...(grant.nonce === null ? {} : { nonce: grant.nonce }),
    ...(grant.scopes.includes('profile') ? profileOf(person) : {}),
    rh: `1.A${randomBytes(30).toString('base64url')}.`,
    ...(person.appRoles.length === 0 ? {} : { roles: person.appRoles }),
    sid: grant.sessionId,
    sub: pairwise(person, application),
    uti: randomBytes(16).toString('base64url'),
    ver: '2.0',
  }
}

/** The opaque `login_hint` claim: it picks the account at a sign-out, which a username does not. */
export function loginHintOf(person: Person): string {
  return `O.${Buffer.from(JSON.stringify({ oid: person.id, tid: directoryId })).toString('base64url')}`
}

function profileOf(person: Person): Record<string, unknown> {
  return {
    login_hint: loginHintOf(person),
    name: person.name,
    oid: person.id,
    preferred_username: person.username,
    tid: directoryId,
  }
}

/** A guest's address is always told, a member's where it was asked for; nobody has verified either. */
function emailOf(person: Person, scopes: readonly string[]): Record<string, unknown> {
  if (person.mail === null) return {}
  if (person.homeDirectory === null && !scopes.includes('email')) return {}
  return { email: person.mail }
}

/** The pointer names an API that has been retired: nobody should follow it. */
function groupsOf(person: Person): Record<string, unknown> {
  if (person.groups.length === 0) return {}
  if (person.groups.length <= groupLimit) return { groups: person.groups }
  const endpoint = `https://graph.windows.net/${directoryId}/users/${person.id}/getMemberObjects`
  return { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint } } }
}

/** Another one for every application, so that two of them cannot compare notes. */
function pairwise(person: Person, application: Application): string {
  return createHash('sha256').update(`${application.clientId} ${person.id}`).digest('base64url')
}
