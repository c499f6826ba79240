/** `/.auth/logout` and `/.auth/signed-out`: the session ends here first, then the person goes on to the provider's sign-out. */
import type { Request } from 'express'
import type { Answer } from '../core/answer/answer.ts'
import { outcomes } from '../core/answer/outcomes.ts'
import { Fault } from '../core/fault.ts'
import type { Provider, Tenant } from '../core/gateway.ts'
import { providerOf } from '../core/identity/authority.ts'
import { isBreakGlass } from '../core/identity/break-glass.ts'
import type { SessionTokens } from '../core/identity/session.ts'
import { endpoints } from '../core/request/addresses.ts'
import { isEmbeddable } from '../core/request/cross-site.ts'
import type { RequestFacts } from '../core/request/facts.ts'
import { endSessionOrigin, endSessionUrl } from '../oidc/end-session.ts'
import type { Providers } from '../oidc/provider.ts'
import type { Log } from '../ops/log.ts'
import type { Metrics } from '../ops/metrics.ts'
import { expiredCookies, readBinding } from '../session/cookie.ts'
import type { Sessions } from '../session/sessions.ts'
import type { SessionWriter } from '../session/writer.ts'
import type { Answers } from './answers.ts'
import { loginAddress } from './login-address.ts'
import { personOf } from './outcome-page.ts'
import { onceEach } from './query.ts'
import { cookieOf } from './read-facts.ts'
import { type Refuse, whoAsked } from './refusals.ts'
import type { Rounds } from './rounds.ts'
import type { Walk } from './walk.ts'

export interface LogoutParts {
  readonly answers: Answers
  readonly refuse: Refuse
  readonly providers: Providers
  readonly sessions: Sessions
  readonly writer: SessionWriter
  readonly rounds: Rounds
  readonly metrics: Metrics
  readonly log: Log
}

export interface Logout {
  /** Ends the session, asks first, or refuses, by what was meant. A store that is away is the outcome `sign_out_unfinished`. */
  logout(request: Request, walk: Walk): Promise<Answer>
  /** The way back from the provider. Whoever has a session all the same is asked, and not told otherwise. */
  signedOut(walk: Walk, query: string): Promise<Answer>
}

export function createLogout(parts: LogoutParts): Logout {
  const { answers, refuse, providers, sessions, writer, rounds, metrics, log } = parts

  /** A provider that is away must not keep anybody signed in here: the session has ended by then, and the page says what is left. */
  async function nextStop(tenant: Tenant, provider: Provider, logoutHint: string | null): Promise<string> {
    try {
      const postLogoutRedirectUri = tenant.publicUrl.origin + endpoints.signedOut
      const url = await endSessionUrl(providers, provider, { postLogoutRedirectUri, logoutHint })
      if (url !== null) return url.href
    } catch (cause) {
      if (!(cause instanceof Fault)) throw cause
      log.warn('provider_sign_out_skipped', { tenant: tenant.name, provider: provider.name })
    }
    return signedOutHere
  }

  return {
    async logout(request, walk) {
      const { tenant, session, facts } = walk
      const intent = signOutIntent(facts, tenant)
      if (intent === 'refuse') return refuse(walk, 'cross_site_refused')
      if (intent === 'ask') return answers.page(200, confirmPage(walk))
      const binding = readBinding(cookieOf(facts))
      if (binding !== null) rounds.left(binding)
      let tokens: SessionTokens | null
      try {
        tokens = await writer.signOut(request)
      } catch (error) {
        if (error instanceof Fault && error.code === 'session_store_down') return forgetting(unfinished(walk, error))
        throw error
      }
      if (session !== null) {
        metrics.signOut(tenant.name)
        log.info('signed_out', whoAsked(walk))
      }
      const provider = session === null ? null : providerOf(tenant, session.facts)
      // The provider does not let itself be framed: inside a frame, the session here is what can be ended.
      const here = provider === null || facts.kind === 'frame'
      // Who came in without a provider is signed in at none.
      const nowhereElse = session !== null && isBreakGlass(session.facts)
      const location = nowhereElse
        ? endpoints.signedOut
        : here
          ? signedOutHere
          : await nextStop(tenant, provider, tokens?.loginHint ?? null)
      return forgetting(answers.redirect(location, expiredCookies(isEmbeddable(tenant))))
    },

    async signedOut(walk, query) {
      const { tenant, facts, requestId } = walk
      // Looking in here is not activity; and signing out takes a click, since a link of anybody may lead here.
      const session = await sessions.load(tenant.name, cookieOf(facts), { activity: false })
      if (session !== null) return answers.page(200, confirmPage({ ...walk, session }))
      return answers.page(200, {
        page: 'signed-out',
        applicationName: tenant.branding.name,
        // The provider's own session may live on, and then a plain sign-in would ask nobody who comes next.
        loginUrl: loginAddress('/', { otherAccount: true }),
        framedBy: facts.kind === 'frame' && isEmbeddable(tenant) ? tenant.embeddedBy : null,
        complete: signsOut(tenant) && onceEach(query, ['only'])?.only !== 'here',
        requestId,
      })
    },
  }

  /** This replica refuses the session from now on, and tells the store when it is back; the browser forgets it in any case. */
  function unfinished(walk: Walk, error: Fault): Answer {
    const { tenant, facts, requestId } = walk
    const code = 'sign_out_unfinished'
    log[outcomes[code].level]('sign_out_unfinished', { ...whoAsked(walk), error })
    const answer = answers.outcome(code, { requestId, facts, tenant, session: null, returnTo: '/' })
    return { ...answer, headers: { ...answer.headers, 'Set-Cookie': expiredCookies(isEmbeddable(tenant)) } }
  }

  function confirmPage({ tenant, session, requestId }: Walk) {
    // Browsers hold the redirects that follow a form against the policy of its page.
    const own = session === null ? null : providerOf(tenant, session.facts)
    const origins = (own === null ? tenant.providers : [own]).map((each) => endSessionOrigin(providers, each))
    return {
      page: 'sign-out',
      applicationName: tenant.branding.name,
      actionUrl: endpoints.logout,
      formOrigins: [...new Set(origins.filter((origin) => origin !== null))],
      person: session === null ? null : personOf(session),
      requestId,
    } as const
  }
}

/** Any other provider may ask the person, and sends them back here just the same if they prefer to stay signed in there. */
function signsOut({ providers }: Tenant): boolean {
  return providers.every(({ kind }) => kind === 'entra')
}

/** Where nothing is known of the session at the provider, the page does not claim that it has ended. */
const signedOutHere = `${endpoints.signedOut}?only=here`

/**
 * The browser drops the pages it has kept, in its cache and for the back button, where they would be shown to the next person
 * (https://www.w3.org/TR/clear-site-data/). Not its cookies: those are the application's.
 */
function forgetting(answer: Answer): Answer {
  return { ...answer, headers: { ...answer.headers, 'Clear-Site-Data': '"cache"' } }
}

/**
 * Signing out changes state, so another site must not be able to cause it (T82): a link of the application signs out at once;
 * an address typed in, a bookmark or an old browser asks first; a form of another site is refused.
 */
function signOutIntent(facts: RequestFacts, tenant: Tenant): 'act' | 'ask' | 'refuse' {
  const site = facts.headers['sec-fetch-site']
  if (facts.method === 'POST') {
    const origin = facts.headers.origin
    if (origin !== undefined) return origin === tenant.publicUrl.origin ? 'act' : 'refuse'
    return site === 'same-origin' ? 'act' : 'refuse'
  }
  const opens = facts.kind === 'navigation' || (facts.kind === 'frame' && isEmbeddable(tenant))
  return facts.method === 'GET' && opens && site === 'same-origin' ? 'act' : 'ask'
}
