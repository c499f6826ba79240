/** What a person can do next, for every outcome: which buttons a page offers, the most helpful one first. */
import type { OutcomeCode } from '../core/answer/outcomes.ts'
import type { SignInError } from '../core/identity/sign-in-error.ts'

export type Step = 'again' | 'login' | 'other-account' | 'start' | 'contact'

/** Whose help a page names: for access to the application, or with a thing that does not work. */
type Help = 'access' | 'help' | 'none'

interface NextSteps {
  /** In this order; what the gate gave no address for is left out. */
  readonly steps: readonly Step[]
  readonly help: Help
}

const nothing: NextSteps = { steps: [], help: 'none' }
const fromTheStart: NextSteps = { steps: ['start'], help: 'help' }
const signIn: NextSteps = { steps: ['login', 'start'], help: 'help' }
const tryAgain: NextSteps = { steps: ['again', 'start'], help: 'help' }
const trySigningIn: NextSteps = { steps: ['again', 'login', 'start'], help: 'help' }
const askForHelp: NextSteps = { steps: ['contact', 'again', 'start'], help: 'help' }

const nextSteps = {
  request_malformed: fromTheStart,
  tenant_unknown: nothing,
  tenant_off: nothing,
  tenant_broken: nothing,
  path_refused: fromTheStart,
  path_too_long: fromTheStart,
  route_unknown: fromTheStart,
  endpoint_unknown: fromTheStart,
  method_refused: fromTheStart,
  expectation_refused: fromTheStart,
  headers_too_large: tryAgain,
  upgrade_refused: fromTheStart,
  origin_refused: fromTheStart,
  cross_site_refused: fromTheStart,
  request_too_slow: fromTheStart,
  too_many_requests: tryAgain,
  too_many_open: tryAgain,
  websockets_full: tryAgain,
  https_required: nothing,
  login_required: signIn,
  context_required: signIn,
  sign_in_too_old: signIn,
  form_not_kept: { steps: ['login'], help: 'help' },
  form_gone: fromTheStart,
  form_sent: fromTheStart,
  form_of_another: { steps: ['other-account', 'start'], help: 'help' },
  role_missing: { steps: ['other-account', 'contact', 'start'], help: 'access' },
  // The start page would end here once more.
  no_role: { steps: ['other-account', 'contact'], help: 'access' },
  transaction_missing: signIn,
  transaction_used: signIn,
  login_loop: signIn,
  login_cancelled: signIn,
  provider_refused: { steps: ['again', 'other-account', 'start'], help: 'help' },
  identity_refused: { steps: ['other-account', 'contact'], help: 'help' },
  other_person: { steps: ['again', 'start'], help: 'help' },
  context_unmet: { steps: ['again', 'contact', 'start'], help: 'help' },
  guest_refused: { steps: ['other-account', 'contact'], help: 'access' },
  email_refused: { steps: ['other-account', 'contact'], help: 'access' },
  profile_incomplete: { steps: ['contact', 'other-account'], help: 'help' },
  consent_refused: { steps: ['contact', 'start'], help: 'help' },
  groups_unknown: { steps: ['contact', 'other-account'], help: 'help' },
  provider_unreachable: trySigningIn,
  provider_fault: trySigningIn,
  graph_unreachable: trySigningIn,
  graph_refused: askForHelp,
  client_refused: askForHelp,
  access_token_unavailable: trySigningIn,
  session_store_down: tryAgain,
  // Nothing is left to be tried again: this browser has no session any more.
  sign_out_unfinished: { steps: ['other-account', 'contact'], help: 'help' },
  upstream_unreachable: tryAgain,
  upstream_timeout: tryAgain,
  internal_error: tryAgain,
} as const satisfies Record<OutcomeCode, NextSteps>

/** The steps to offer after an outcome, and whose help to name. */
export function nextStepsFor(code: OutcomeCode): NextSteps {
  return nextSteps[code]
}

/** After these, the person may come from a page of the sign-in service that named a code, or go there and meet one. */
const afterSignIn: ReadonlySet<OutcomeCode> = new Set<OutcomeCode>([
  'login_cancelled',
  'provider_refused',
  'transaction_missing',
  'transaction_used',
  'login_loop',
])

/** Whether the page of the outcome offers to look a code up. */
export function mayHaveSeenCode(code: OutcomeCode): boolean {
  return afterSignIn.has(code)
}

/** The steps where it is known what the provider's code means: a step that cannot help is not offered. */
export function stepsAfter({ helps }: SignInError): readonly Step[] {
  switch (helps) {
    case 'again':
      return ['login', 'contact', 'start']
    case 'account':
      return ['other-account', 'contact', 'start']
    case 'both':
      return ['again', 'other-account', 'contact']
    default:
      return ['contact', 'start']
  }
}

/** Whether the sign-in link of the outcome's page has to let the person choose an account (`prompt=select_account`). */
export function asksForAnotherAccount(code: OutcomeCode, explained: SignInError | null = null): boolean {
  const steps: readonly Step[] = explained === null ? nextStepsFor(code).steps : stepsAfter(explained)
  return steps.includes('other-account')
}

/** Whether somebody is signed in who has to prove something more. */
export function asksForProof(code: OutcomeCode): code is 'context_required' | 'sign_in_too_old' {
  return code === 'context_required' || code === 'sign_in_too_old'
}
