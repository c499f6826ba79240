/** What a person sees of an outcome: a page, or what stands in a frame in its place. */
import type { Cause } from '../core/answer/causes.ts'
import type { OutcomeCode } from '../core/answer/outcomes.ts'
import { safeReturnTo } from '../core/answer/return-to.ts'
import type { Tenant } from '../core/gateway.ts'
import type { Session } from '../core/identity/session.ts'
import type { SignInError } from '../core/identity/sign-in-error.ts'
import type { StepUp } from '../core/identity/step-up.ts'
import { endpoints, helpAddress } from '../core/request/addresses.ts'
import { isEmbeddable } from '../core/request/cross-site.ts'
import type { RequestFacts } from '../core/request/facts.ts'
import { asksForAnotherAccount, asksForProof } from '../pages/next-steps.ts'
import type { Detail, FramePage, Page, Person } from '../pages/page.ts'
import { loginAddress } from './login-address.ts'

/**
 * What an answer may tell. `facts` and `tenant` are missing where the request could not even be read, or the host is
 * nobody's.
 */
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
  /** Whether people with an account of the gateway itself are let in now. */
  readonly glassIsOpen?: boolean
  /** After how many seconds to come again, where that is known better than by the code. */
  readonly retryAfter?: number | null
}

/**
 * @returns the page for a navigation, and in a frame one that leads out of it where the person would have to sign in.
 */
export function outcomePage(code: OutcomeCode, occasion: Occasion): Page {
  const { facts, tenant } = occasion
  const leadsOut = facts?.kind === 'frame' && (leadsToSignIn.has(code) || asksForProof(code))
  return leadsOut && tenant !== null ? framePage(code, { ...occasion, facts, tenant }) : wholePage(code, occasion)
}

/** Whether a sign-in is what the request lacks. */
export function isForSignIn(code: OutcomeCode): code is FramePage['code'] {
  return code === 'login_required' || asksForProof(code)
}

function wholePage(code: OutcomeCode, occasion: Occasion): Page {
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
        : loginAddress(code === 'form_not_kept' ? endpoints.signedIn : (returnTo ?? page), {
            otherAccount: asksForAnotherAccount(code, explained),
            stepUp,
          }),
    startUrl: tenant === null ? null : '/',
    person: session === null ? null : personOf(session),
    details: occasion.details ?? [],
    missing: occasion.missing ?? [],
    cause: occasion.cause ?? null,
    framedBy: facts?.kind === 'frame' && tenant !== null ? tenant.embeddedBy : null,
    helpUrl: tenant === null ? null : endpoints.help,
    explainUrl: session === null || facts === null ? null : explainAddress(facts),
    emergencyUrl: occasion.glassIsOpen === true ? emergencyAddress(returnTo) : null,
    explained: explained === null ? null : { error: explained, helpUrl: helpAddress(explained.code) },
  }
}

function emergencyAddress(returnTo: string | null): string {
  return returnTo === null
    ? endpoints.breakGlass
    : `${endpoints.breakGlass}?${new URLSearchParams({ return_to: returnTo })}`
}

/** Where the person sees why this request was refused. A question that would be too long is left to the person. */
function explainAddress({ method, target }: RequestFacts): string {
  const path = target.split('?', 1)[0] ?? ''
  return path.length > 1_000 ? endpoints.explain : `${endpoints.explain}?${new URLSearchParams({ path, method })}`
}

/** Asking again by a link does the same only for what was asked by a link. */
export function repeatable(facts: RequestFacts | null, tenant: Tenant | null): string | null {
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
  // Into a frame of another site no `Lax` cookies come, whatever the person does, nor where the browser says that it
  // keeps those of the provider out (https://privacycg.github.io/storage-access-headers/): then there is nothing to
  // come back for.
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

/**
 * A frame's own address would show the frame alone, and a form's is no page: the person comes back to the page before,
 * where that is known.
 */
function framingPage(facts: RequestFacts, tenant: Tenant): string | null {
  const referer = facts.headers.referer
  return typeof referer === 'string' ? safeReturnTo(referer, tenant.publicUrl.origin) : null
}

/** For display only: neither value is a key to anything. */
export function personOf({ facts }: Session): Person {
  const text = (name: string) => (typeof facts.claims[name] === 'string' ? facts.claims[name] : '')
  return { name: text('name'), username: text('preferred_username') }
}
