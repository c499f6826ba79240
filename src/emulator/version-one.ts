/** What the endpoints of version 1 say differently: whoever leaves `/v2.0` out of an address talks to these without noticing. */
import { namesOf } from './account.ts'
import type { Person } from './directory.ts'
import { type Authority, issuerTemplate } from './tenancies.ts'

/** The name of the issuer is a name only: nobody asks there. */
function issuerOfVersionOne(tenancyId: string): string {
  return `https://sts.windows.net/${tenancyId}/`
}

/** Graph under its older name too; every other resource is unknown (500011). */
export const resources: readonly string[] = ['https://graph.microsoft.com', 'https://graph.windows.net']

/** There are no scopes yet: whoever signs in gets this. */
export const scopesOfVersionOne: readonly string[] = ['openid', 'profile', 'email', 'offline_access', 'User.Read']

/** The discovery document without `/v2.0`: other addresses, another issuer, nothing about scopes and consent. */
export function documentOfVersionOne(
  origin: string,
  { segment, tenancyId }: Authority,
): Readonly<Record<string, unknown>> {
  const base = `${origin}/${segment}`
  return {
    token_endpoint: `${base}/oauth2/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    jwks_uri: `${origin}/common/discovery/keys`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'token id_token', 'token'],
    scopes_supported: ['openid'],
    issuer: issuerOfVersionOne(tenancyId ?? issuerTemplate),
    microsoft_multi_refresh_token: true,
    authorization_endpoint: `${base}/oauth2/authorize`,
    http_logout_supported: true,
    frontchannel_logout_supported: true,
    end_session_endpoint: `${base}/oauth2/logout`,
    claims_supported: [
      'sub',
      'iss',
      'aud',
      'exp',
      'iat',
      'amr',
      'nonce',
      'email',
      'given_name',
      'family_name',
      'nickname',
    ],
    check_session_iframe: `${base}/oauth2/checksession`,
    userinfo_endpoint: `${base}/openid/userinfo`,
    tenant_region_scope: null,
    cloud_instance_name: 'microsoftonline.com',
    cloud_graph_host_name: 'graph.windows.net',
    msgraph_host: new URL(origin).host,
  }
}

/** The claims of version 2, as version 1 has them: another issuer, other names, and how the person has proved who it is. */
export function claimsOfVersionOne(
  claims: Readonly<Record<string, unknown>>,
  person: Person,
  secondFactor: boolean,
): Record<string, unknown> {
  const { preferred_username: name, ...others } = claims
  const { given, family } = namesOf(person)
  return {
    ...others,
    iss: issuerOfVersionOne(person.directory),
    ver: '1.0',
    amr: secondFactor ? ['pwd', 'mfa'] : ['pwd'],
    given_name: given,
    ...(family === null ? {} : { family_name: family }),
    ...{ unique_name: name, upn: person.userPrincipalName },
  }
}
