/**
 * `/.auth/admin-consent`: leads an administrator to Entra, and says what came back. Neither way does it sign anybody
 * in.
 */
import type { Answer } from '../core/answer/answer.ts'
import type { EntraProvider, Tenant } from '../core/gateway.ts'
import { isDirectoryId } from '../core/identity/authority.ts'
import { shortName } from '../core/identity/choice.ts'
import { scopesOf } from '../core/identity/scopes.ts'
import { isEmbeddable } from '../core/request/cross-site.ts'
import { adminConsentUrl } from '../oidc/consent-address.ts'
import { saidBy } from '../oidc/redeem.ts'
import type { Log } from '../ops/log.ts'
import { bindingCookie, newBinding, readBinding, withoutDoublets } from '../session/cookie.ts'
import type { Transactions } from '../session/transaction.ts'
import type { VouchedBindings } from '../session/vouched-binding.ts'
import type { Answers } from './answers.ts'
import type { Budgets } from './budgets.ts'
import { begunAt } from './login.ts'
import { onceEach } from './query.ts'
import { cookieOf } from './read-facts.ts'
import { type Refuse, whoAsked } from './refusals.ts'
import { told, toldInLog } from './told.ts'
import type { Walk } from './walk.ts'

export interface AdminConsent {
  /** The redirect to Entra. Anybody may follow it, as they could without us: who may consent, Entra knows. */
  answer(walk: Walk, query: string): Promise<Answer>
  /** @param asked what came back with a state that was made for this. */
  returned(walk: Walk, asked: ConsentReturn): Answer
}

/** @see https://learn.microsoft.com/entra/identity-platform/v2-admin-consent#successful-response */
export interface ConsentReturn {
  readonly admin_consent?: string
  readonly tenant?: string
  readonly error?: string
  readonly error_description?: string
}

export interface AdminConsentParts {
  readonly answers: Answers
  readonly refuse: Refuse
  readonly transactions: Transactions
  readonly budgets: Budgets
  readonly bindings: VouchedBindings
  readonly log: Log
}

export function createAdminConsent(parts: AdminConsentParts): AdminConsent {
  const { answers, refuse, transactions, budgets, bindings, log } = parts
  return {
    async answer(walk, query) {
      const { tenant, facts } = walk
      const asked = onceEach(query, ['provider'])
      if (asked === null) return refuse(walk, 'request_malformed')
      if (facts.kind !== 'navigation') return refuse(walk, 'login_required')
      const provider = providerFor(tenant, asked.provider)
      if (provider === null) return refuse(walk, 'endpoint_unknown')
      const tooMany = await budgets.signIn(walk)
      if (tooMany !== null) return tooMany
      const binding = readBinding(cookieOf(facts)) ?? newBinding()
      const { state } = await transactions.begin({
        ...{ tenant: tenant.name, provider: begunAt(provider), binding, returnTo: '/', attempt: 0 },
        intent: { adminConsent: true },
      })
      const redirectUri = tenant.publicUrl.origin + tenant.callbackPath
      const url = adminConsentUrl(provider, { scopes: scopesOf(tenant, provider), redirectUri, state })
      const bound = bindingCookie(bindings.vouch(binding, cookieOf(facts)), isEmbeddable(tenant))
      const cookies = [...withoutDoublets(cookieOf(facts)), bound]
      return url === null ? refuse(walk, 'endpoint_unknown') : answers.redirect(url.href, cookies)
    },

    returned(walk, { admin_consent: consent, tenant: directory = '', error, error_description: text }) {
      const { tenant, facts, session, requestId } = walk
      if (error === undefined && consent?.toLowerCase() === 'true') {
        const lower = directory.toLowerCase()
        const directoryId = isDirectoryId(lower) ? lower : null
        log.info('consent_given', { ...whoAsked(walk), consentedDirectoryId: directoryId })
        const applicationName = tenant.branding.name
        return answers.page(200, { page: 'consent', applicationName, directoryId, startUrl: '/', requestId })
      }
      const said = error === undefined ? null : saidBy({ error, error_description: text })
      log.warn('consent_refused', { ...whoAsked(walk), ...toldInLog(said) })
      return answers.outcome('consent_refused', {
        ...{ requestId, facts, tenant, session, returnTo: '/' },
        ...told(tenant, said),
        // That it was declined the page says itself; what the code means speaks of a person who signs in.
        ...(said?.code === 'AADSTS65004' ? { explained: null } : {}),
      })
    },
  }
}

/** The one that was named, as `sallyport urls` writes it; else the first that is Entra’s. */
function providerFor({ providers }: Tenant, name: string | undefined): EntraProvider | null {
  const own = providers.filter((provider) => provider.kind === 'entra')
  return own.find((provider) => name === undefined || shortName(provider) === name) ?? null
}
