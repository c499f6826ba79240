/** How a program is told that its request needs more than the session proves. */
import type { Provider } from '../core/gateway.ts'
import { authorityOf } from '../core/identity/authority.ts'
import { contextValue, type StepUp } from '../core/identity/step-up.ts'

/**
 * The value of WWW-Authenticate. For an authentication context of Entra what its own services say, which its libraries
 * read; else that of RFC 9470.
 * @see https://learn.microsoft.com/entra/identity-platform/claims-challenge
 */
export function stepUpChallenge(provider: Provider, { authContext, maxAge }: StepUp): string {
  const value = authContext === null ? null : contextValue(provider, authContext)
  if (provider.kind === 'entra' && value !== null) {
    const claims = JSON.stringify({ access_token: { acrs: { essential: true, value } } })
    return bearer([
      ['realm', ''],
      ['authorization_uri', `${authorityOf(provider)}/oauth2/v2.0/authorize`],
      ['client_id', provider.clientId],
      ['error', 'insufficient_claims'],
      ['claims', Buffer.from(claims).toString('base64')],
      ['cc_type', 'authcontext'],
    ])
  }
  return bearer([
    ['realm', ''],
    ['error', 'insufficient_user_authentication'],
    ...(value === null ? [] : [['acr_values', value] as const]),
    ...(maxAge === null ? [] : [['max_age', String(maxAge)] as const]),
  ])
}

/** Nothing of a caller is in it, and no value has a quotation mark. */
function bearer(parameters: readonly (readonly [string, string])[]): string {
  return `Bearer ${parameters.map(([name, value]) => `${name}="${value}"`).join(', ')}`
}
