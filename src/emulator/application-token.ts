/** A token for the application itself, with nobody signed in: the client credentials grant (RFC 6749 section 4.4). */
import type { Problem } from './errors.ts'
import type { Grants } from './grants.ts'
import { graphAccessToken } from './id-token.ts'
import type { TokenAnswer } from './issue-tokens.ts'
import type { KeyRing } from './keys.ts'
import type { Application } from './registration.ts'
import { graphPrefix } from './scopes.ts'
import type { Authority } from './tenancies.ts'

interface TokenWish {
  readonly scope: string | null
  readonly authority: Authority
  readonly application: Application
  /** Seconds since 1970. */
  readonly now: number
}

const expiresIn = 3599

/**
 * Entra asks for one directory (9001023) and for one resource with all that an administrator has consented to (1002012); Graph is
 * the only one here (500011).
 */
export function applicationToken(
  { scope, authority, application, now }: TokenWish,
  { grants, keys }: { readonly grants: Grants; readonly keys: KeyRing },
): TokenAnswer | Problem {
  const { tenancyId, keyword } = authority
  if (tenancyId === null || keyword !== null) return { code: 9001023 }
  if (scope === null) return { code: 900144, detail: 'scope' }
  const [resource, more] = scope.split('/.default')
  if (resource === undefined || resource === '' || more !== '') return { code: 1002012, detail: scope }
  if (`${resource}/` !== graphPrefix) return { code: 500011, detail: resource }
  const issuedAt = Math.floor(now)
  const { clientId, applicationPermissions: roles } = application
  const claims = {
    ...{ aud: 'https://graph.microsoft.com', iss: `https://sts.windows.net/${tenancyId}/` },
    ...{ iat: issuedAt, nbf: issuedAt, exp: issuedAt + expiresIn },
    ...{ appid: clientId, idtyp: 'app', tid: tenancyId, ver: '1.0', ...(roles.length === 0 ? {} : { roles }) },
  }
  const accessToken = graphAccessToken(claims, keys)
  grants.rememberAccessToken(accessToken, { personId: null, tenancyId, scopes: roles }, expiresIn)
  return { token_type: 'Bearer', expires_in: expiresIn, ext_expires_in: expiresIn, access_token: accessToken }
}
