/** Where a sign-in begins: `/.auth/login`, and every navigation that needs a session and has none. */
import type { Answer } from '../core/answer/answer.ts'
import { inAscii, safeReturnTo } from '../core/answer/return-to.ts'
import { Fault } from '../core/fault.ts'
import type { Provider, Tenant } from '../core/gateway.ts'
import { authorityOf, providerOf } from '../core/identity/authority.ts'
import { chooseProvider, shortName } from '../core/identity/choice.ts'
import { scopesOf } from '../core/identity/scopes.ts'
import type { Session } from '../core/identity/session.ts'
import { contextValue } from '../core/identity/step-up.ts'
import { endpoints, isKeptFormAddress } from '../core/request/addresses.ts'
import { isEmbeddable } from '../core/request/cross-site.ts'
import type { RequestFacts } from '../core/request/facts.ts'
import { authorizationUrl, type Prompt } from '../oidc/authorize.ts'
import type { Providers } from '../oidc/provider.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { Unreturned } from '../ops/unreturned.ts'
import { bindingCookie, choiceCookie, newBinding, readBinding, readChoice, withoutDoublets } from '../session/cookie.ts'
import type { Intent, Transactions } from '../session/transaction.ts'
import type { VouchedBindings } from '../session/vouched-binding.ts'
import type { Answers } from './answers.ts'
import type { Budgets } from './budgets.ts'
import { loginAddress } from './login-address.ts'
import type { ProofRounds } from './proof-rounds.ts'
import { onceEach } from './query.ts'
import { cookieOf } from './read-facts.ts'
import type { Refuse } from './refusals.ts'
import type { Rounds } from './rounds.ts'
import { signInPage } from './sign-in-page.ts'
import { accountHint, intentOf, type ProofStart, stepUpAsked, stepUpParameters } from './step-up-asked.ts'
import type { Walk } from './walk.ts'

export interface LoginStart {
  readonly tenant: Tenant
  readonly provider: Provider
  readonly cookieHeader: string | undefined
  readonly returnTo: string
  /** How often this sign-in has been begun anew by us, without the person asking. */
  readonly attempt: number
  readonly intent?: Intent
  readonly prompt?: Prompt | null
  readonly loginHint?: string | null
  readonly domainHint?: string | null
  /** A claims request, as JSON. */
  readonly claims?: string | null
}

export interface Login {
  /**
   * The way to a session for whoever has none: to the provider, or to the page where people choose one.
   * @throws as `start`.
   */
  begin(start: Omit<LoginStart, 'provider'>): Promise<Answer>
  /** The redirect to the provider. @throws Fault `provider_unreachable`, `session_store_down`. */
  start(start: LoginStart): Promise<Answer>
  /**
   * A sign-in that has to prove something. Of whoever is signed in already by the same person, at the provider that
   * vouches for them, without a choice of accounts (T130); else as `begin`. @throws as `start`.
   */
  prove(start: ProofStart): Promise<Answer>
  /**
   * Whether one more redirect would only go round again: this browser has signed in for the address and did not keep
   * it, or somebody signed in never comes back with what was to be proved (T52).
   */
  goesRound(facts: RequestFacts, session: Session | null): boolean
  /** The answer of the endpoint. */
  answer(walk: Walk, query: string): Promise<Answer>
}

export interface LoginParts {
  readonly answers: Answers
  readonly refuse: Refuse
  readonly providers: Providers
  readonly transactions: Transactions
  readonly metrics: Metrics
  readonly rounds: Rounds
  readonly proofRounds: ProofRounds
  readonly unreturned: Unreturned
  /** Whether it is known of a provider that it does not answer. */
  readonly isAway: (provider: Provider) => boolean
  readonly budgets: Budgets
  readonly bindings: VouchedBindings
}

export function createLogin(parts: LoginParts): Login {
  const { answers, refuse, providers, transactions, metrics, rounds, proofRounds, unreturned, budgets, bindings } =
    parts
  async function start(begin: LoginStart): Promise<Answer> {
    const { tenant, provider, intent = {} } = begin
    // Nobody is sent where nobody answers: from there, there is no way to the emergency sign-in.
    if (parts.isAway(provider)) throw new Fault('provider_unreachable')
    // One cookie for all tabs of a browser, renewed rather than replaced: twenty parallel sign-ins do not undo each other (T45).
    const binding = readBinding(begin.cookieHeader) ?? newBinding()
    const transaction = await transactions.begin({
      tenant: tenant.name,
      provider: begunAt(provider),
      binding,
      returnTo: begin.returnTo,
      attempt: begin.attempt,
      intent,
    })
    const url = await authorizationUrl(providers, provider, {
      scopes: scopesOf(tenant, provider),
      redirectUri: tenant.publicUrl.origin + tenant.callbackPath,
      state: transaction.state,
      nonce: transaction.nonce,
      codeVerifier: transaction.codeVerifier,
      prompt: begin.prompt ?? null,
      loginHint: begin.loginHint ?? null,
      domainHint: begin.domainHint ?? null,
      claims: begin.claims ?? null,
      maxAge: intent.maxAge ?? null,
      authContext: intent.authContext === undefined ? null : contextValue(provider, intent.authContext),
    })
    metrics.signIn(tenant.name, 'started')
    unreturned.began(tenant.name, transaction.startedAt)
    const chosen = tenant.providers.length > 1 ? [choiceCookie(shortName(provider))] : []
    const bound = bindingCookie(bindings.vouch(binding, begin.cookieHeader), isEmbeddable(tenant))
    const cookies = [...withoutDoublets(begin.cookieHeader), bound, ...chosen]
    return answers.redirect(url.href, cookies)
  }

  async function begin(wanted: Omit<LoginStart, 'provider'>): Promise<Answer> {
    const remembered = readChoice(wanted.cookieHeader)
    const choice = chooseProvider(wanted.tenant, { named: null, email: null, hinted: null, remembered })
    return 'provider' in choice
      ? await start({ ...wanted, provider: choice.provider })
      : answers.redirect(loginAddress(wanted.returnTo))
  }

  async function prove({ tenant, session, stepUp, cookieHeader, returnTo }: ProofStart): Promise<Answer> {
    const provider = session === null ? null : providerOf(tenant, session.facts)
    const wanted = { tenant, cookieHeader, returnTo, attempt: 0 }
    if (session === null || provider === null) return await begin({ ...wanted, intent: intentOf(stepUp, null) })
    const intent = intentOf(stepUp, session)
    const answer = await start({ ...wanted, provider, intent, loginHint: accountHint(session) })
    proofRounds.began(session, returnTo)
    return answer
  }

  return {
    begin,
    start,
    prove,
    goesRound(facts, session) {
      if (session !== null && proofRounds.goesRound(session, facts.target)) return true
      const binding = readBinding(cookieOf(facts))
      return binding !== null && rounds.goesRound(binding, facts.target)
    },
    async answer(walk, query) {
      const { tenant, facts, session } = walk
      const asked = onceEach(query, parameters)
      if (asked === null) return refuse(walk, 'request_malformed')
      // Scripts, images and prefetches must not begin sign-ins that nobody will finish (T53); frames cannot finish them.
      if (facts.kind !== 'navigation') return refuse(walk, 'login_required')
      // Where a window ends that was opened from a frame; a sign-in leads to no other of our addresses, but for that of a form.
      const fromFrame = asked.return_to === endpoints.signedIn
      const wanted = safeReturnTo(asked.return_to ?? '/', tenant.publicUrl.origin) ?? '/'
      const returnTo = ownReturn(asked.return_to) ?? inAscii(wanted)
      const prompt: Prompt | null = asked.prompt === 'select_account' || asked.prompt === 'login' ? asked.prompt : null
      const named = asked.provider ?? null
      const isTheirs = session !== null && (named === null || isOwn(tenant, session, named))
      const stepUp = stepUpAsked(tenant, asked)
      const cookieHeader = cookieOf(facts)
      if (isTheirs && stepUp !== null)
        return (await budgets.signIn(walk)) ?? (await prove({ tenant, session, stepUp, cookieHeader, returnTo }))
      // A bookmarked sign-in page, or a link to it, neither ends a session nor bothers who has one.
      // But the frame of another site has a session of its own, for which the provider must know the person.
      const isNeeded = prompt !== null || (fromFrame && isEmbeddable(tenant))
      if (isTheirs && !isNeeded) return answers.redirect(returnTo)
      const [loginHint, domainHint] = [hint(asked.login_hint ?? asked.email), hint(asked.domain_hint)]
      const choice = chooseProvider(tenant, {
        named,
        email: asked.email ?? null,
        hinted: loginHint ?? (domainHint === null ? null : `@${domainHint}`),
        // Whoever wants another account may want it elsewhere.
        remembered: prompt === null ? readChoice(cookieHeader) : null,
      })
      if ('ask' in choice) {
        const { requestId } = walk
        const otherAccount = prompt === 'select_account'
        const unknownEmail = asked.email !== undefined
        return answers.page(200, signInPage(providers, { tenant, requestId, returnTo, otherAccount, unknownEmail }))
      }
      const tooMany = await budgets.signIn(walk)
      if (tooMany !== null) return tooMany
      const { provider } = choice
      const intent = stepUp === null ? {} : intentOf(stepUp, null)
      return await start({
        tenant,
        provider,
        cookieHeader,
        returnTo,
        attempt: 0,
        intent,
        prompt,
        loginHint,
        domainHint,
      })
    },
  }
}

/** Those of our own addresses that a sign-in may lead back to: they change nothing. */
function ownReturn(address: string | undefined): string | null {
  return address !== undefined && (address === endpoints.signedIn || isKeptFormAddress(address)) ? address : null
}

/** Whether the session is by that provider already. */
function isOwn(tenant: Tenant, session: Session, named: string): boolean {
  const provider = providerOf(tenant, session.facts)
  return provider !== null && shortName(provider) === named
}

const parameters = [
  ...(['return_to', 'prompt', 'login_hint', 'domain_hint', 'provider', 'email'] as const),
  ...stepUpParameters,
] as const

/** Where a sign-in is to be finished; in the transaction, since the tenant may change to another provider meanwhile. */
export function begunAt(provider: Provider): string {
  return `${provider.name} ${authorityOf(provider)}`
}

function hint(value: string | undefined): string | null {
  return value !== undefined && /^[\x21-\x7e]{1,254}$/.test(value) ? value : null
}
