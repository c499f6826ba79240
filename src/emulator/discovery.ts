/** The discovery document of an authority: exactly the members that Entra's has, and none that Entra's lacks. */
import { type Authority, consumersId, issuer, issuerTemplate } from './tenancies.ts'

/**
 * What `/.well-known/openid-configuration` answers. Graph is at the same address, so nothing leaves the machine.
 * @param appId given with `?appid=`: the key set is then that of the application
 */
export function discoveryDocument(
  origin: string,
  { segment, tenancyId, keyword }: Authority,
  appId: string | null,
): Readonly<Record<string, unknown>> {
  const base = `${origin}/${segment}`
  return {
    token_endpoint: `${base}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    jwks_uri: `${base}/discovery/v2.0/keys${appId === null ? '' : `?appid=${encodeURIComponent(appId)}`}`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer: issuer(origin, tenancyId ?? issuerTemplate),
    request_uri_parameter_supported: false,
    userinfo_endpoint: `${origin}/oidc/userinfo`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
    http_logout_supported: true,
    frontchannel_logout_supported: true,
    end_session_endpoint: `${base}/oauth2/v2.0/logout`,
    claims_supported: claims,
    kerberos_endpoint: `${base}/kerberos`,
    tenant_region_scope: regionOf(tenancyId, keyword),
    cloud_instance_name: 'microsoftonline.com',
    cloud_graph_host_name: 'graph.windows.net',
    msgraph_host: new URL(origin).host,
    rbac_url: `${origin}/rbac`,
  }
}

const claims: readonly string[] = [
  ...['sub', 'iss', 'cloud_instance_name', 'cloud_instance_host_name', 'cloud_graph_host_name', 'msgraph_host'],
  ...['aud', 'exp', 'iat', 'auth_time', 'acr', 'nonce', 'preferred_username', 'name', 'tid', 'ver', 'at_hash'],
  ...['c_hash', 'email'],
]

function regionOf(tenancyId: string | null, keyword: string | null): string | null {
  if (keyword !== null) return null
  return tenancyId === consumersId ? 'WW' : 'EU'
}
