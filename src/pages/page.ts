/** Every page that the gateway can show, as data: what the gate knows, before any of it is judged fit to be shown. */
import type { Cause } from '../core/answer/causes.ts'
import type { OutcomeCode } from '../core/answer/outcomes.ts'
import type { Reasoning } from '../core/answer/reasoning.ts'
import type { RoleMatch } from '../core/identity/roles.ts'
import type { SignInError } from '../core/identity/sign-in-error.ts'

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
  /** Claims that the person’s account lacks. */
  readonly missing?: readonly string[]
  /** Origins that may show the page in a frame, beside our own; nobody may if not given. */
  readonly framedBy?: readonly string[] | null
  /** Why the sign-in does not come to its end, where that can be told. */
  readonly cause?: Cause | null
  /** Where people look up what the sign-in service has shown them. */
  readonly helpUrl?: string | null
  /** Where a signed-in person sees why a page is open to them or not. */
  readonly explainUrl?: string | null
  /** Where people with an account of the gateway itself sign in; null: they cannot now. */
  readonly emergencyUrl?: string | null
  /** What the provider's code means, where it is known: then title and text come from there. */
  readonly explained?: Explained | null
}

export interface Explained {
  readonly error: SignInError
  /** Where more is told of it. */
  readonly helpUrl: string
}

export interface SignedOutPage {
  readonly page: 'signed-out'
  readonly applicationName: string
  readonly loginUrl: string
  /** False where only the session here has ended, and the sign-in service may still know the person. */
  readonly complete: boolean
  /** As of an outcome. */
  readonly framedBy?: readonly string[] | null
  readonly requestId: string
}

/** Asks whether to sign out: a form, because a mere link could be followed by anything. */
export interface SignOutPage {
  readonly page: 'sign-out'
  readonly applicationName: string
  /** Takes the POST. */
  readonly actionUrl: string
  /** Origins that the answer to the POST may redirect to (the provider's sign-out), and onward by https; else none. */
  readonly formOrigins?: readonly string[]
  readonly person: Person | null
  readonly requestId: string
}

/** Stands where a frame of the application would: sign-in services do not let themselves be framed. */
export interface FramePage {
  readonly page: 'frame'
  /** Whether nobody is signed in, or whoever is has to prove something more. */
  readonly code: 'login_required' | 'context_required' | 'sign_in_too_old'
  readonly applicationName: string
  readonly loginUrl: string
  /** What the frame shows next, once the person is signed in; the address of the frame itself if not given. */
  readonly againUrl?: string | null
  /** The part itself, to be opened in a window of its own; `only`: no session of ours reaches into this frame. */
  readonly apart?: { readonly url: string; readonly only: boolean } | null
  /** Why the sign-in does not come to its end, where that can be told. */
  readonly cause?: Cause | null
  readonly requestId: string
}

/** On the way to the sign-in, where the fragment of the address is kept: only a script in the page can read it. */
export interface FragmentPage {
  readonly page: 'fragment'
  readonly applicationName: string
  readonly loginUrl: string
  readonly requestId: string
}

/** Between a form that is kept and the sign-in: a page, because a redirect would be held to the policy of the form's page. */
export interface FormWaitsPage {
  readonly page: 'form-waits'
  readonly applicationName: string
  readonly loginUrl: string
  /** Whether somebody is signed in, and has to prove something more. */
  readonly isProof: boolean
  readonly requestId: string
}

/** Asks whether a kept form is to be sent. */
export interface KeptFormPage {
  readonly page: 'kept-form'
  readonly applicationName: string
  /** Take the field, by POST. */
  readonly sendUrl: string
  readonly discardUrl: string
  readonly field: readonly [name: string, value: string]
  readonly person: Person | null
  /** Whether it is known that this very person typed it. */
  readonly isKnown: boolean
  /** Whether it has been sent, and no answer came. */
  readonly wasTried: boolean
  readonly requestId: string
}

/** Where a window ends that was opened from a frame: the person goes back to where they came from; and for a moment after an emergency sign-in. */
export interface SignedInPage {
  readonly page: 'signed-in'
  readonly applicationName: string
  readonly startUrl: string
  /** Whether the browser is about to go on to `startUrl` by itself. */
  readonly goesOn?: boolean
  readonly requestId: string
}

/** Tells what a code of the sign-in service means, and takes another one. The same for everybody. */
export interface HelpPage {
  readonly page: 'help'
  readonly applicationName: string
  readonly support: string | null
  readonly topic: HelpTopic
  /** Takes the search, by GET. */
  readonly searchUrl: string
  readonly loginUrl: string
  readonly otherAccountUrl: string
  readonly startUrl: string
  /** Codes that are often looked for, with the address of their help. */
  readonly often: readonly Explained[]
  readonly requestId: string
}

/** front: nothing was asked yet. unread: what was asked has no code. unknown: a code that the catalogue does not have. */
export type HelpTopic =
  | { readonly about: 'front' | 'unread' }
  | { readonly about: 'unknown'; readonly code: number }
  | { readonly about: 'known'; readonly error: SignInError }

/** An administrator has consented to what the application asks for: this makes nobody signed in. */
export interface ConsentPage {
  readonly page: 'consent'
  readonly applicationName: string
  /** Id of the directory that the consent is for; null where the sign-in service did not say. */
  readonly directoryId: string | null
  readonly startUrl: string
  readonly requestId: string
}

/** Lets people choose how to sign in. */
export interface SignInPage {
  readonly page: 'sign-in'
  readonly applicationName: string
  /** In the order of the configuration. */
  readonly ways: readonly { readonly label: string; readonly loginUrl: string }[]
  /** Takes an e-mail address, by GET; null where no way is found by one. */
  readonly form: {
    readonly actionUrl: string
    /** Goes along as it is: names and values. */
    readonly kept: readonly (readonly [string, string])[]
    /** Origins that the answer may redirect to, and onward by https. */
    readonly formOrigins: readonly string[]
  } | null
  /** Whether somebody has just stated an address that no way is for. */
  readonly unknownEmail: boolean
  readonly requestId: string
}

/** Takes name and password of an account of the gateway itself; on the console's origin only. */
export interface BreakGlassPage {
  readonly page: 'break-glass'
  readonly applicationName: string
  /** Takes the POST. */
  readonly actionUrl: string
  /** Goes along as it is. */
  readonly state: string
  readonly token: string
  /** Origin of the application, where whoever is let in goes on. */
  readonly returnOrigin: string
  /** Whether name or password have just been wrong. */
  readonly failed: boolean
  readonly requestId: string
}

/** Tells a signed-in person who they are here, and why a page is open to them or not; and nothing of anybody else. */
export interface AccessPage {
  readonly page: 'access'
  readonly applicationName: string
  readonly support: string | null
  readonly person: Person & {
    readonly directoryId: string
    readonly objectId: string
    /** The label of the provider. */
    readonly provider: string
  }
  /** Seconds since 1970. */
  readonly times: {
    readonly signedInAt: number
    /** Null where no provider knows of the person. */
    readonly checkedAt: number | null
    readonly endsAt: number
    readonly idleEndsAt: number
  }
  readonly roles: readonly string[]
  readonly admitted: boolean
  readonly matched: readonly RoleMatch[]
  readonly unmatched: { readonly groups: number; readonly appRoles: number }
  /** What would become of the request that the person wonders about; null where they have not asked yet. */
  readonly request: Reasoning | null
  /** Takes the question, by GET. */
  readonly askUrl: string
  readonly startUrl: string
  readonly otherAccountUrl: string
  readonly requestId: string
}

export type Page =
  | OutcomePage
  | SignedOutPage
  | SignOutPage
  | FramePage
  | FragmentPage
  | FormWaitsPage
  | KeptFormPage
  | SignedInPage
  | HelpPage
  | SignInPage
  | ConsentPage
  | BreakGlassPage
  | AccessPage
