/** Which of Entra's published keys may vouch for people of a directory. */
import type { CustomFetch } from 'openid-client'
import type { EntraProvider } from '../core/gateway.ts'
import { issuerOf, template } from './directories.ts'

/**
 * Entra writes into each key for whom it signs: for every directory (`…/{tenantid}/v2.0`), or for one, such as that of
 * personal accounts. The library does not look at it, so a key of somebody else's is taken out before the library sees
 * it: a token that it signed then has an unknown key, whatever issuer the token claims (T107).
 * @param directory whose tokens are to be checked; as long as nobody knows, no key may vouch for anybody.
 * @returns a fetch for the library: key sets come filtered, all other answers untouched.
 * @see https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-issuer
 */
export function withOwnKeys(provider: EntraProvider, ask: CustomFetch, directory: () => string | null): CustomFetch {
  return async (url, options) => {
    const response = await ask(url, options)
    if (!response.ok) return response
    const document: unknown = await response
      .clone()
      .json()
      .catch(() => null)
    if (!isKeySet(document)) return response
    const directoryId = directory()
    const keys = directoryId === null ? [] : document.keys.filter((key) => signsFor(key, provider, directoryId))
    return Response.json({ ...document, keys }, { status: response.status })
  }
}

function isKeySet(document: unknown): document is { readonly keys: readonly unknown[] } {
  return typeof document === 'object' && document !== null && 'keys' in document && Array.isArray(document.keys)
}

/** A key that names no issuer signs for everybody in the set. */
function signsFor(key: unknown, provider: EntraProvider, directoryId: string): boolean {
  if (typeof key !== 'object' || key === null || !('issuer' in key)) return true
  return typeof key.issuer === 'string' && key.issuer.replace(template, directoryId) === issuerOf(provider, directoryId)
}
