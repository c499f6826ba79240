/** The page of `/.auth/login` where an application has several providers and nobody has said which. */
import type { Tenant } from '../core/gateway.ts'
import { shortName } from '../core/identity/choice.ts'
import { endpoints } from '../core/request/addresses.ts'
import { authorizationOrigin } from '../oidc/authorize.ts'
import type { Providers } from '../oidc/provider.ts'
import type { SignInPage } from '../pages/page.ts'
import { loginAddress } from './login-address.ts'

export interface Choosing {
  readonly tenant: Tenant
  readonly requestId: string
  readonly returnTo: string
  /** Whether the account is to be asked for, too. */
  readonly otherAccount: boolean
  /** Whether the address that was stated is nobody's. */
  readonly unknownEmail: boolean
}

/** What the page shows. Nothing is looked up for it: a provider that is away is noticed by whoever chooses it. */
export function signInPage(providers: Providers, choosing: Choosing): SignInPage {
  const { tenant, requestId, returnTo, otherAccount, unknownEmail } = choosing
  const byEmail = tenant.providers.some(({ emailDomains }) => emailDomains.length > 0)
  const kept = [...new URL(loginAddress(returnTo, { otherAccount }), tenant.publicUrl.origin).searchParams]
  return {
    page: 'sign-in',
    applicationName: tenant.branding.name,
    ways: tenant.providers.map((provider) => ({
      label: provider.label,
      loginUrl: loginAddress(returnTo, { otherAccount, provider: shortName(provider) }),
    })),
    form: byEmail
      ? {
          actionUrl: endpoints.login,
          kept,
          formOrigins: [...new Set(tenant.providers.map((provider) => authorizationOrigin(providers, provider)))],
        }
      : null,
    unknownEmail,
    requestId,
  }
}
