/** Every page that the gateway can show, as data: what the gate knows, before any of it is judged fit to be shown. */
import type { OutcomeCode } from '../core/answer/outcomes.ts'

export interface Person {
  readonly name: string
  readonly username: string
}

/** A line for the people who help: the provider's code, a trace id, a time. */
export interface Detail {
  readonly label: string
  readonly value: string
}

/** A request ended otherwise than with the application's own answer. Title and text come from the outcomes table. */
export interface OutcomePage {
  readonly page: 'outcome'
  readonly code: OutcomeCode
  readonly requestId: string
  readonly applicationName: string | null
  /** Whom to ask: an e-mail address or an https URL becomes a link, anything else stays text. */
  readonly support: string | null
  /** "Try again": the path that was asked for; null if asking once more would do something else (a POST). */
  readonly returnTo: string | null
  /** Where sign-in begins. It has to ask for the account where `asksForAnotherAccount(code)` (next-steps.ts) says so. */
  readonly loginUrl: string | null
  readonly startUrl: string | null
  readonly person: Person | null
  readonly details: readonly Detail[]
}

export interface SignedOutPage {
  readonly page: 'signed-out'
  readonly applicationName: string
  readonly loginUrl: string
  readonly otherAccountUrl: string
  /** False where only the session here has ended, and the sign-in service may still know the person. */
  readonly complete: boolean
  readonly requestId: string
}

/** Asks whether to sign out: a form, because a mere link could be followed by anything. */
export interface SignOutPage {
  readonly page: 'sign-out'
  readonly applicationName: string
  /** Takes the POST. */
  readonly actionUrl: string
  /** Origins that the answer to the POST may redirect to (the provider's sign-out), and onward by https; none if not given. */
  readonly formOrigins?: readonly string[]
  readonly person: Person | null
  readonly requestId: string
}

/** Stands where a frame of the application would: sign-in services do not let themselves be framed. */
export interface FramePage {
  readonly page: 'frame'
  readonly applicationName: string
  readonly loginUrl: string
  readonly requestId: string
}

export type Page = OutcomePage | SignedOutPage | SignOutPage | FramePage
