/** The address at Entra where an administrator lets the application in for a whole directory. */
import type { EntraProvider } from '../core/gateway.ts'

/**
 * @see https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
 * @returns null for personal accounts alone, which have no administrator.
 */
export function adminConsentUrl(
  { authority, tenantId, clientId }: EntraProvider,
  {
    scopes,
    redirectUri,
    state,
  }: { readonly scopes: readonly string[]; readonly redirectUri: string; readonly state: string },
): URL | null {
  if (tenantId === 'consumers') return null
  // Where several directories may answer, it is that of whoever consents.
  const directory = tenantId === 'common' ? 'organizations' : tenantId
  const url = new URL(`${authority}/${directory}/v2.0/adminconsent`)
  url.search = new URLSearchParams({
    ...{ client_id: clientId, scope: scopes.join(' '), redirect_uri: redirectUri, state },
  }).toString()
  return url
}
