/** What an ID token says about a person: the claims of Entra's v2.0 tokens, absent ones absent. */
import { createHash, randomBytes } from 'node:crypto'
import { isGuest } from './account.ts'
import type { Person } from './directory.ts'
import type { Grant } from './grants.ts'
import { groupClaims } from './group-claims.ts'
import type { Groups } from './groups.ts'
import { optionalClaims } from './optional-claims.ts'
import type { Application } from './registration.ts'
import { consumersId } from './tenancies.ts'

/** Entra dates its tokens back, for clocks that are slow. */
const backDating = 5 * 60
const lifetime = 3900
const personalLifetime = 86_700

export interface ClaimSources {
  readonly person: Person
  readonly grant: Grant
  readonly application: Application
  readonly groups: Groups
  readonly issuer: string
  /** Seconds since 1970. */
  readonly now: number
}

export function idTokenClaims(sources: ClaimSources): Record<string, unknown> {
  const { person, grant, application, groups, issuer, now } = sources
  const issuedAt = Math.floor(now) - backDating
  return {
    aud: application.clientId,
    iss: issuer,
    iat: issuedAt,
    nbf: issuedAt,
    exp: issuedAt + (person.directory === consumersId ? personalLifetime : lifetime),
    aio: randomBytes(60).toString('base64url'),
    ...(grant.authTime === null ? {} : { auth_time: Math.floor(grant.authTime) }),
    ...emailOf(person, grant.scopes),
    ...identityProviderOf(person),
    ...(grant.nonce === null ? {} : { nonce: grant.nonce }),
    ...(grant.scopes.includes('profile') ? profileOf(person) : {}),
    rh: `1.A${randomBytes(30).toString('base64url')}.`,
    ...(person.appRoles.length === 0 ? {} : { roles: person.appRoles }),
    // After the app roles: groups that are emitted as roles take their place.
    ...groupClaims(person, application, groups),
    sub: pairwise(person, application),
    uti: randomBytes(16).toString('base64url'),
    ver: '2.0',
    ...optionalClaims({ person, grant }, application),
    ...person.claims,
  }
}

function profileOf(person: Person): Record<string, unknown> {
  return {
    name: person.name,
    oid: person.id,
    preferred_username: person.username,
    tid: person.directory,
  }
}

/** A guest's address is always told, a member's where it was asked for; nobody has verified either. */
function emailOf(person: Person, scopes: readonly string[]): Record<string, unknown> {
  if (person.mail === null) return {}
  if (!isGuest(person) && !scopes.includes('email')) return {}
  return { email: person.mail }
}

/** Left out where it would only repeat the issuer. */
function identityProviderOf(person: Person): Record<string, unknown> {
  const home = person.homeDirectory === null ? null : `https://sts.windows.net/${person.homeDirectory}/`
  const provider = person.identityProvider ?? home
  return provider === null ? {} : { idp: provider }
}

/** Another one for every application, so that two of them cannot compare notes. */
export function pairwise(person: Person, application: Application): string {
  return createHash('sha256').update(`${application.clientId} ${person.id}`).digest('base64url')
}
