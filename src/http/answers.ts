/** Answers of ours for every outcome: a page for a person, problem+json for a program; and redirects. */
import type { Answer } from '../core/answer/answer.ts'
import { type OutcomeCode, outcomes } from '../core/answer/outcomes.ts'
import type { Tenant, ToResponse } from '../core/gateway.ts'
import { providerOf } from '../core/identity/authority.ts'
import { endpoints } from '../core/request/addresses.ts'
import { asksForProof } from '../pages/next-steps.ts'
import type { Page } from '../pages/page.ts'
import type { Pages } from '../pages/render.ts'
import { loginAddress } from './login-address.ts'
import { isForSignIn, type Occasion, outcomePage, repeatable } from './outcome-page.ts'
import { stepUpChallenge } from './step-up-challenge.ts'

export interface Answers {
  /** The answer for a row of the outcomes table, in the form that this kind of request can use. */
  outcome(code: OutcomeCode, occasion: Occasion): Answer
  page(status: number, page: Page): Answer
  /** The page before a sign-in that keeps the fragment of the address. */
  fragment(occasion: Occasion & { readonly tenant: Tenant }): Answer
  /** In place of a redirect to the sign-in, for whoever has sent a form that is kept; any other answer stays as it is. */
  withFormKept(way: Answer, occasion: Occasion & { readonly tenant: Tenant }): Answer
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

/**
 * On what programs read: shown as a page it runs and loads nothing, and no other origin gets its bytes into a process of
 * its own, not even as a broken image (https://fetch.spec.whatwg.org/#cross-origin-resource-policy-header).
 */
const forPrograms = {
  ...always,
  'Content-Security-Policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const

/** @param isGlassOpen whether people with an account of the gateway itself are let in at a tenant now. */
export function createAnswers(pages: Pages, isGlassOpen: (tenant: Tenant) => boolean = () => false): Answers {
  function page(status: number, shown: Page): Answer {
    const policy = pages.contentSecurityPolicyFor(shown)
    const headers = {
      ...always,
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': policy,
      // What nobody may frame nobody embeds either; a page for frames may stand in a document that asks for this header.
      ...(policy.endsWith("frame-ancestors 'none'") ? { 'Cross-Origin-Resource-Policy': 'same-origin' } : {}),
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
    withFormKept(way, occasion) {
      const { Location: loginUrl, ...headers } = way.headers
      if (typeof loginUrl !== 'string') return way
      const { requestId, tenant, session } = occasion
      const applicationName = tenant.branding.name
      const isProof = session !== null
      const shown = page(401, { page: 'form-waits', applicationName, loginUrl, isProof, requestId })
      const challenge = required('login_required', { ...occasion, stepUp: null })
      return { ...shown, headers: { ...headers, ...shown.headers, ...challenge } }
    },
    outcome(code, occasion) {
      const { facts } = occasion
      const demanding = (answer: Answer) => ({ ...answer, headers: { ...answer.headers, ...required(code, occasion) } })
      if (facts === null || facts.kind === 'data' || facts.kind === 'upgrade') return outcomeProblem(code, occasion)
      const glassIsOpen = occasion.tenant !== null && keptOut.has(code) && isGlassOpen(occasion.tenant)
      return demanding(page(outcomes[code].status, outcomePage(code, { ...occasion, glassIsOpen })))
    },
    json: (status, body) => ({
      status,
      headers: { ...forPrograms, 'Content-Type': 'application/json' },
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

/** Where everybody is kept out who would have to sign in. */
const keptOut: ReadonlySet<OutcomeCode> = new Set<OutcomeCode>([
  'provider_unreachable',
  'provider_fault',
  'client_refused',
])

function problem(status: number, body: object): Answer {
  const headers = { ...forPrograms, 'Content-Type': 'application/problem+json' }
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

/**
 * RFC 9110 sections 15.5.2 and 15.6.4, RFC 6585 section 4: a 401 names its challenge; a 503 and a 429 say when to come
 * again.
 */
function required(code: OutcomeCode, occasion: Occasion): Record<string, string> {
  const { tenant, session, stepUp = null, retryAfter = null } = occasion
  const { status } = outcomes[code]
  const provider = tenant === null || session === null ? null : providerOf(tenant, session.facts)
  if (stepUp !== null && provider !== null && asksForProof(code))
    return { 'WWW-Authenticate': stepUpChallenge(provider, stepUp) }
  if (status === 401)
    return { 'WWW-Authenticate': `Cookie realm="${tenant?.name ?? ''}", form-action="${endpoints.login}"` }
  if (status === 429) return { 'Retry-After': String(retryAfter ?? 60) }
  return status === 503 ? { 'Retry-After': '5' } : {}
}
