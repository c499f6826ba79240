/** Which of the provider's published keys may vouch for people of one directory. */
import type { CustomFetchOptions } from 'openid-client'
import type { Provider } from '../core/gateway.ts'

/**
 * Entra writes into each key for whom it signs: for every directory (`…/{tenantid}/v2.0`), or for one, such as that of personal
 * accounts. The library does not look at it, so a key of somebody else's is taken out before the library sees it: a token that
 * it signed then has an unknown key, whatever issuer the token claims (T107).
 * @returns a fetch for the library: key sets come filtered, all other answers untouched.
 * @see https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-issuer
 */
export function fetchWithOwnKeys(provider: Provider): (url: string, options: CustomFetchOptions) => Promise<Response> {
  const issuer = `${provider.authority}/${provider.tenantId}/v2.0`
  return async (url, options) => {
    const response = await fetch(url, options as RequestInit)
    if (!response.ok) return response
    const document: unknown = await response
      .clone()
      .json()
      .catch(() => null)
    if (!isKeySet(document)) return response
    const keys = document.keys.filter((key) => signsFor(key, provider.tenantId, issuer))
    return Response.json({ ...document, keys }, { status: response.status })
  }
}

function isKeySet(document: unknown): document is { readonly keys: readonly unknown[] } {
  return typeof document === 'object' && document !== null && 'keys' in document && Array.isArray(document.keys)
}

/** A key that names no issuer is for everything that the provider signs, as it is with providers other than Entra. */
function signsFor(key: unknown, tenantId: string, issuer: string): boolean {
  if (typeof key !== 'object' || key === null || !('issuer' in key)) return true
  return typeof key.issuer === 'string' && key.issuer.replace('{tenantid}', tenantId) === issuer
}
