/** The strings behind the stage, for tests: makes endpoints fail, changes people, rotates keys, forges ID tokens, counts requests. */
import type { RequestHandler } from 'express'
import type { BrowserSessions } from './browser-sessions.ts'
import type { Clock } from './clock.ts'
import type { Consents } from './consents.ts'
import type { Directory, NewPerson, Person } from './directory.ts'
import type { Problem } from './errors.ts'
import { createFailures, type Endpoint, type Failure, happen, type Service, type Throttle } from './failures.ts'
import type { Grants } from './grants.ts'
import type { Forgery } from './id-token.ts'
import type { KeyRing } from './keys.ts'
import type { Application } from './registration.ts'

export interface Control {
  readonly keys: Pick<KeyRing, 'publishNew' | 'switchToNewest' | 'retireOthers' | 'emergency'>
  readonly clock: Clock
  /** Makes the next answers of an endpoint fail: one, or as many as said (`Infinity` until `recover`). */
  fail(endpoint: Service, failure: Failure, times?: number): void
  /** Answers more requests than these with 429 and `Retry-After`; null takes the limit away, as `recover` does. */
  throttle(endpoint: Service, limit: Throttle | null): void
  /** Forgets the failures that have not happened yet. */
  recover(): void
  /** Requests that the endpoint has had, failed ones too. */
  requests(endpoint: Endpoint): number
  /** Here and below `username` may also be the object id: one account may have an object in several directories. */
  changePerson(username: string, change: Partial<Omit<Person, 'id'>>): void
  addPerson(person: NewPerson): void
  /** As an administrator deletes an account: a refresh then fails with 50034. */
  removePerson(username: string): void
  changeApplication(change: Partial<Application>): void
  /** Takes back what the person has consented to: the next refresh fails with 65001. */
  withdrawConsent(username: string): void
  /** Refuses the next sign-ins at the authorize endpoint, on the page or by the redirect that Entra has for the code. */
  refuseSignIn(problem: Problem, times?: number): void
  /**
   * Refuses the refresh tokens that the person has, not those of a later sign-in. `code` is an AADSTS code (50173 unless said),
   * or the status of an HTML page from whatever stands before Entra (429, 5xx); null makes the tokens good again.
   */
  revoke(username: string, code?: number | null): void
  /** Falsifies the next ID token, of a sign-in or of a refresh. */
  forgeNextIdToken(forgery: Forgery): void
  /** Ends the single sign-on of every browser. Refresh tokens go on, as they do at Entra. */
  signOutEverybody(): void
}

/** What the endpoints ask of the control. */
export interface Backstage {
  /** Counts the request, and lets the next planned failure happen. */
  readonly watch: (endpoint: Endpoint) => RequestHandler
  /** The planned forgery, once. */
  readonly takeForgery: () => Forgery | null
  /** The planned refusal of a sign-in, once. */
  readonly takeRefusal: () => Problem | null
  /** The planned failure of an endpoint for a path; counts the request. */
  readonly takeFailure: (endpoint: Endpoint, path: string) => Failure | null
}

export interface ControlParts {
  readonly clock: Clock
  readonly consents: Consents
  readonly directory: Directory
  readonly keys: KeyRing
  readonly grants: Grants
  readonly browserSessions: BrowserSessions
  /** Answers with an error of Entra's, as JSON. */
  readonly answerProblem: (problem: Problem) => RequestHandler
}

export function createControl(parts: ControlParts): { readonly control: Control; readonly backstage: Backstage } {
  const { directory } = parts
  const failures = createFailures(parts.clock.now)
  let forgeries: readonly Forgery[] = []
  let refusals: readonly Problem[] = []
  const control: Control = {
    keys: parts.keys,
    clock: parts.clock,
    requests: failures.requests,
    fail: (endpoint, failure, times = 1) => failures.plan(endpoint, failure, times),
    throttle: failures.throttle,
    recover() {
      failures.forget()
      refusals = []
    },
    changePerson: directory.change,
    addPerson: directory.add,
    removePerson: (username) => directory.remove(directory.find(username).id),
    changeApplication: directory.changeApplication,
    withdrawConsent: (username) => parts.consents.withdraw(directory.find(username)),
    refuseSignIn(problem, times = 1) {
      refusals = [...refusals, ...Array.from({ length: times }, () => problem)]
    },
    revoke: (username, code = 50_173) => parts.grants.revoke(directory.find(username).id, code),
    forgeNextIdToken(forgery) {
      forgeries = [...forgeries, forgery]
    },
    signOutEverybody: parts.browserSessions.signOutEverybody,
  }
  const watch = (endpoint: Endpoint): RequestHandler => {
    return (request, response, next) => {
      const failure = failures.take(endpoint, request.path)
      if (failure === null) return next()
      return happen(failure, parts.answerProblem)(request, response, next)
    }
  }
  const takeRefusal = () => {
    const [next = null, ...rest] = refusals
    refusals = rest
    return next
  }
  const takeForgery = () => {
    const [next = null, ...rest] = forgeries
    forgeries = rest
    return next
  }
  return { control, backstage: { watch, takeForgery, takeRefusal, takeFailure: failures.take } }
}
