/** Answers of ours for every outcome: a page for a person, problem+json for a program; and redirects. */
import type { Answer } from '../core/answer/answer.ts'
import type { Cause } from '../core/answer/causes.ts'
import { type OutcomeCode, outcomes } from '../core/answer/outcomes.ts'
import { safeReturnTo } from '../core/answer/return-to.ts'
import type { Tenant, ToResponse } from '../core/gateway.ts'
import { providerOf } from '../core/identity/authority.ts'
import type { Session } from '../core/identity/session.ts'
import type { SignInError } from '../core/identity/sign-in-error.ts'
import type { StepUp } from '../core/identity/step-up.ts'
import { endpoints, helpAddress } from '../core/request/addresses.ts'
import { isEmbeddable } from '../core/request/cross-site.ts'
import type { RequestFacts } from '../core/request/facts.ts'
import { asksForAnotherAccount, asksForProof } from '../pages/next-steps.ts'
import type { Detail, FramePage, Page, Person } from '../pages/page.ts'
import type { Pages } from '../pages/render.ts'
import { stepUpQuery } from './step-up-asked.ts'
import { stepUpChallenge } from './step-up-challenge.ts'

/** What an answer may tell. `facts` and `tenant` are missing where the request could not even be read, or the host is nobody's. */
export interface Occasion {
  readonly requestId: string
  readonly facts: RequestFacts | null
  readonly tenant: Tenant | null
  readonly session: Session | null
  readonly details?: readonly Detail[]
  /** What the provider's code means, where that is known. */
  readonly explained?: SignInError | null
  /** Why the sign-in does not come to its end, where that can be told. */
  readonly cause?: Cause | null
  /** Where the person wanted to go, if it is not what was asked for. */
  readonly returnTo?: string | null
  /** Claims that the person’s account lacks. */
  readonly missing?: readonly string[]
  /** What the request needs that the session does not prove. */
  readonly stepUp?: StepUp | null
}

export interface Answers {
  /** The answer for a row of the outcomes table, in the form that this kind of request can use. */
  outcome(code: OutcomeCode, occasion: Occasion): Answer
  page(status: number, page: Page): Answer
  /** The page before a sign-in that keeps the fragment of the address. */
  fragment(occasion: Occasion & { readonly tenant: Tenant }): Answer
  json(status: number, body: object): Answer
  /** Problem Details, RFC 9457. */
  problem(status: number, body: object): Answer
  /** What the configuration says word for word. */
  text(response: ToResponse): Answer
  redirect(location: string, cookies?: readonly string[]): Answer
}

/** On everything that we say ourselves. Referrer-Policy keeps Origin on our own form, which `no-referrer` would blank. */
export const always = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'X-Robots-Tag': 'noindex',
} as const

export function createAnswers(pages: Pages): Answers {
  function page(status: number, shown: Page): Answer {
    const headers = {
      ...always,
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': pages.contentSecurityPolicyFor(shown),
    }
    return { status, headers, body: pages.render(shown) }
  }
  return {
    page,
    problem,
    fragment(occasion) {
      const { requestId, facts, tenant } = occasion
      const loginUrl = loginAddress(repeatable(facts, tenant))
      const { status } = outcomes.login_required
      const shown = page(status, { page: 'fragment', applicationName: tenant.branding.name, loginUrl, requestId })
      return { ...shown, headers: { ...shown.headers, ...required('login_required', occasion) } }
    },
    outcome(code, occasion) {
      const { facts, tenant } = occasion
      const demanding = (answer: Answer) => ({ ...answer, headers: { ...answer.headers, ...required(code, occasion) } })
      if (facts === null || facts.kind === 'data' || facts.kind === 'upgrade') return outcomeProblem(code, occasion)
      if (facts.kind === 'frame' && (leadsToSignIn.has(code) || asksForProof(code)) && tenant !== null) {
        return demanding(page(outcomes[code].status, framePage(code, { ...occasion, facts, tenant })))
      }
      return demanding(page(outcomes[code].status, outcomePage(code, occasion)))
    },
    json: (status, body) => ({
      status,
      headers: { ...always, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    }),
    text: ({ status, contentType, body }) => ({ status, headers: { ...always, 'Content-Type': contentType }, body }),
    redirect: (location, cookies = []) => ({
      status: 302,
      headers: { ...always, Location: location, ...(cookies.length === 0 ? {} : { 'Set-Cookie': cookies }) },
      body: '',
    }),
  }
}

/** Our sign-in, with where to go afterwards, by which of several providers, and what it has to prove. */
export function loginAddress(returnTo: string | null, asked: AskedOfLogin = {}): string {
  const { otherAccount = false, provider = null, stepUp = null } = asked
  const query = new URLSearchParams()
  if (returnTo !== null) query.set('return_to', returnTo)
  if (otherAccount) query.set('prompt', 'select_account')
  if (provider !== null) query.set('provider', provider)
  for (const [name, value] of stepUp === null ? [] : stepUpQuery(stepUp)) query.set(name, value)
  const text = query.toString()
  return text === '' ? endpoints.login : `${endpoints.login}?${text}`
}

interface AskedOfLogin {
  readonly otherAccount?: boolean
  readonly provider?: string | null
  readonly stepUp?: StepUp | null
}

function problem(status: number, body: object): Answer {
  const headers = { ...always, 'Content-Type': 'application/problem+json' }
  return { status, headers, body: JSON.stringify(body) }
}

function outcomeProblem(code: OutcomeCode, occasion: Occasion): Answer {
  const { requestId, tenant, missing = [], stepUp = null, cause = null } = occasion
  const { status, title, text } = outcomes[code]
  const body = {
    title,
    status,
    detail: text,
    code,
    requestId,
    ...(cause === null ? {} : { cause }),
    ...(missing.length === 0 ? {} : { missing }),
    ...(isForSignIn(code) && tenant !== null
      ? { loginUrl: tenant.publicUrl.origin + loginAddress(null, { stepUp }) }
      : {}),
  }
  const answer = problem(status, body)
  return { ...answer, headers: { ...answer.headers, ...required(code, occasion) } }
}

/** Whether a sign-in is what the request lacks. */
function isForSignIn(code: OutcomeCode): code is FramePage['code'] {
  return code === 'login_required' || asksForProof(code)
}

/** RFC 9110 sections 15.5.2 and 15.6.4, RFC 6585 section 4: a 401 names its challenge; a 503 and a 429 say when to come again. */
function required(code: OutcomeCode, { tenant, session, stepUp = null }: Occasion): Record<string, string> {
  const { status } = outcomes[code]
  const provider = tenant === null || session === null ? null : providerOf(tenant, session.facts)
  if (stepUp !== null && provider !== null && asksForProof(code))
    return { 'WWW-Authenticate': stepUpChallenge(provider, stepUp) }
  if (status === 401)
    return { 'WWW-Authenticate': `Cookie realm="${tenant?.name ?? ''}", form-action="${endpoints.login}"` }
  if (status === 429) return { 'Retry-After': '60' }
  return status === 503 ? { 'Retry-After': '5' } : {}
}

function outcomePage(code: OutcomeCode, occasion: Occasion): Page {
  const { facts, tenant, session, requestId, stepUp = null } = occasion
  const returnTo = occasion.returnTo === undefined ? repeatable(facts, tenant) : occasion.returnTo
  // A form cannot be sent again by a link: whoever has to prove something comes back to its page.
  const page =
    returnTo === null && stepUp !== null && facts !== null && tenant !== null ? framingPage(facts, tenant) : null
  const explained = occasion.explained ?? null
  return {
    page: 'outcome',
    code,
    requestId,
    applicationName: tenant?.branding.name ?? null,
    support: tenant?.branding.support ?? null,
    returnTo,
    loginUrl:
      tenant === null
        ? null
        : loginAddress(returnTo ?? page, { otherAccount: asksForAnotherAccount(code, explained), stepUp }),
    startUrl: tenant === null ? null : '/',
    person: session === null ? null : personOf(session),
    details: occasion.details ?? [],
    missing: occasion.missing ?? [],
    cause: occasion.cause ?? null,
    framedBy: facts?.kind === 'frame' && tenant !== null ? tenant.embeddedBy : null,
    helpUrl: tenant === null ? null : endpoints.help,
    explainUrl: session === null || facts === null ? null : explainAddress(facts),
    explained: explained === null ? null : { error: explained, helpUrl: helpAddress(explained.code) },
  }
}

/** Where the person sees why this request was refused. A question that would be too long is left to the person. */
function explainAddress({ method, target }: RequestFacts): string {
  const path = target.split('?', 1)[0] ?? ''
  return path.length > 1_000 ? endpoints.explain : `${endpoints.explain}?${new URLSearchParams({ path, method })}`
}

/** Asking again by a link does the same only for what was asked by a link. */
function repeatable(facts: RequestFacts | null, tenant: Tenant | null): string | null {
  if (facts === null || tenant === null || (facts.method !== 'GET' && facts.method !== 'HEAD')) return null
  return safeReturnTo(facts.target, tenant.publicUrl.origin)
}

/** What a frame shows in place of a page that would lead to the sign-in: nobody can sign in inside it. */
const leadsToSignIn: ReadonlySet<OutcomeCode> = new Set<OutcomeCode>([
  'login_required',
  'transaction_missing',
  'transaction_used',
  'login_loop',
])

type Framed = Occasion & { readonly facts: RequestFacts; readonly tenant: Tenant }

function framePage(
  code: OutcomeCode,
  { requestId, facts, tenant, cause = null, returnTo, stepUp = null }: Framed,
): FramePage {
  // Into a frame of another site no `Lax` cookies come, whatever the person does, nor where the browser says that it keeps those
  // of the provider out (https://privacycg.github.io/storage-access-headers/): then there is nothing to come back for.
  const { 'sec-fetch-site': site, 'sec-fetch-storage-access': access } = facts.headers
  const only = isEmbeddable(tenant) ? access === 'none' : site === 'cross-site' || cause === 'framed'
  const url = returnTo ?? repeatable(facts, tenant) ?? '/'
  return {
    page: 'frame',
    code: isForSignIn(code) ? code : 'login_required',
    applicationName: tenant.branding.name,
    loginUrl: loginAddress(framingPage(facts, tenant) ?? endpoints.signedIn, { stepUp }),
    againUrl: returnTo ?? null,
    apart: only || isEmbeddable(tenant) ? { url, only } : null,
    ...{ cause, requestId },
  }
}

/** A frame's own address would show the frame alone, and a form's is no page: the person comes back to the page before, where that is known. */
function framingPage(facts: RequestFacts, tenant: Tenant): string | null {
  const referer = facts.headers.referer
  return typeof referer === 'string' ? safeReturnTo(referer, tenant.publicUrl.origin) : null
}

/** For display only: neither value is a key to anything. */
export function personOf({ facts }: Session): Person {
  const text = (name: string) => (typeof facts.claims[name] === 'string' ? facts.claims[name] : '')
  return { name: text('name'), username: text('preferred_username') }
}
