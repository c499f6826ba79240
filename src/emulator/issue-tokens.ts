/** The tokens for a person, signed: an ID token for `openid`, an access token for Graph, a refresh token for `offline_access`. */
import { idTokenClaims } from './claims.ts'
import { secretsOf } from './client-authentication.ts'
import type { Backstage } from './control.ts'
import type { Directory, Person } from './directory.ts'
import type { Grant, Grants } from './grants.ts'
import { graphAccessToken, signIdToken } from './id-token.ts'
import type { KeyRing } from './keys.ts'
import { grantedScope } from './scopes.ts'
import { consumersId, issuer } from './tenancies.ts'
import { claimsOfVersionOne } from './version-one.ts'

/** The body of a good answer. */
export type TokenAnswer = Readonly<Record<string, unknown>>

export interface IssueParts {
  readonly directory: Directory
  readonly grants: Grants
  readonly keys: KeyRing
  readonly takeForgery: Backstage['takeForgery']
  readonly origin: string
  readonly now: () => number
}

/** @param whole what was granted in all, of which a refresh may ask for less. */
export async function issueTokens(
  { grant, whole }: { readonly grant: Grant; readonly whole: Grant },
  person: Person,
  parts: IssueParts,
): Promise<TokenAnswer> {
  const { application, groups } = parts.directory
  const { grants, keys } = parts
  const said = idTokenClaims({
    ...{ person, grant, application, groups, now: parts.now() },
    issuer: issuer(parts.origin, person.directory),
  })
  const { secondFactor } = grant
  const claims = grant.version === '1.0' ? claimsOfVersionOne(said, person, secondFactor) : said
  const [secret = ''] = secretsOf(application)
  const own = application.ownSigningKey ? await keys.applicationKey() : keys.signer()
  const genuine = person.directory === consumersId ? keys.consumers() : own
  const expiresIn = lifetimeOf(grant)
  const accessToken = graphAccessToken(accessClaims(grant, person, parts, expiresIn), keys)
  grants.rememberAccessToken(
    accessToken,
    { personId: person.id, tenancyId: person.directory, scopes: grant.scopes },
    expiresIn,
  )
  return {
    token_type: 'Bearer',
    scope: grantedScope(grant.scopes),
    expires_in: expiresIn,
    ext_expires_in: expiresIn,
    access_token: accessToken,
    ...(grant.scopes.includes('offline_access') ? { refresh_token: grants.issueRefreshToken(whole) } : {}),
    ...(grant.scopes.includes('openid')
      ? { id_token: await signIdToken(claims, { keys, genuine, forgery: parts.takeForgery(), clientSecret: secret }) }
      : {}),
  }
}

/**
 * In seconds: between an hour and an hour and a half, so that nobody counts on a round figure; most of a day or more for a client
 * that hears challenges, since its tokens can be called back.
 */
function lifetimeOf({ hearsChallenges }: Grant): number {
  const [least, most] = hearsChallenges ? [20 * 3600, 28 * 3600] : [3600, 5400]
  return least + Math.floor(Math.random() * (most - least))
}

function accessClaims(grant: Grant, person: Person, parts: IssueParts, expiresIn: number): Record<string, unknown> {
  const issuedAt = Math.floor(parts.now())
  return {
    aud: '00000003-0000-0000-c000-000000000000',
    iss: `https://sts.windows.net/${person.directory}/`,
    ...{ iat: issuedAt, nbf: issuedAt, exp: issuedAt + expiresIn },
    ...{ appid: grant.clientId, oid: person.id, tid: person.directory, ver: '1.0' },
    ...(grant.hearsChallenges ? { xms_cc: ['cp1'] } : {}),
    scp: grant.scopes.filter((scope) => scope !== 'offline_access').join(' '),
  }
}
