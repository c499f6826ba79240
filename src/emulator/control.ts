/** The strings behind the stage, for tests: makes endpoints fail, changes people, rotates keys, forges ID tokens, counts requests. */
import type { RequestHandler } from 'express'
import type { BrowserSessions } from './browser-sessions.ts'
import type { Clock } from './clock.ts'
import type { Consents } from './consents.ts'
import type { Directory, NewPerson, Person } from './directory.ts'
import type { Problem } from './errors.ts'
import type { Grants } from './grants.ts'
import type { Forgery } from './id-token.ts'
import type { KeyRing } from './keys.ts'
import type { Application } from './registration.ts'

export const endpoints = ['discovery', 'keys', 'authorize', 'token', 'logout', 'graph', 'graph-batch-entry'] as const
type Endpoint = (typeof endpoints)[number]

/** Endpoints that can be made to fail: those that the gateway itself calls. */
export type Service = Exclude<Endpoint, 'authorize' | 'logout'>

/**
 * What an endpoint does instead of its work. After a `delay` it does its work nevertheless. Graph words a `status` in its own
 * way, and with `challenge` as one of Continuous Access Evaluation; `only` picks the requests by a part of their path.
 */
export type Failure = { readonly only?: string } & (
  | {
      readonly kind: 'status'
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly challenge?: boolean
    }
  | ({ readonly kind: 'aadsts' } & Problem)
  | { readonly kind: 'garbage'; readonly body?: string; readonly contentType?: string }
  | { readonly kind: 'hang' }
  | { readonly kind: 'close' }
  | { readonly kind: 'delay'; readonly milliseconds: number }
)

export interface Control {
  readonly keys: Pick<KeyRing, 'publishNew' | 'switchToNewest' | 'retireOthers' | 'emergency'>
  readonly clock: Clock
  /** Makes the next answers of an endpoint fail: one, or as many as said (`Infinity` until `recover`). */
  fail(endpoint: Service, failure: Failure, times?: number): void
  /** Forgets the failures that have not happened yet. */
  recover(): void
  /** Requests that the endpoint has had, failed ones too. */
  requests(endpoint: Endpoint): number
  changePerson(username: string, change: Partial<Omit<Person, 'id'>>): void
  addPerson(person: NewPerson): void
  changeApplication(change: Partial<Application>): void
  /** Takes back what the person has consented to: the next refresh fails with 65001. */
  withdrawConsent(username: string): void
  /** Refuses the next sign-ins at the authorize endpoint, on the page or by the redirect that Entra has for the code. */
  refuseSignIn(problem: Problem, times?: number): void
  /** Refuses the person's refresh tokens from now on. */
  revoke(username: string): void
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
  const counts = new Map<Endpoint, number>()
  let failures: { readonly endpoint: Endpoint; readonly failure: Failure; left: number }[] = []
  let forgeries: readonly Forgery[] = []
  let refusals: readonly Problem[] = []
  const personOf = (username: string) => {
    const person = parts.directory.byName(username)
    if (person === null) throw new Error(`The pretend directory has nobody called ${username}.`)
    return person
  }
  const requests = (endpoint: Endpoint) => counts.get(endpoint) ?? 0
  const control: Control = {
    keys: parts.keys,
    clock: parts.clock,
    requests,
    fail(endpoint, failure, times = 1) {
      failures.push({ endpoint, failure, left: times })
    },
    recover() {
      failures = []
      refusals = []
    },
    changePerson: parts.directory.change,
    addPerson: parts.directory.add,
    changeApplication: parts.directory.changeApplication,
    withdrawConsent: (username) => parts.consents.withdraw(personOf(username)),
    refuseSignIn(problem, times = 1) {
      refusals = [...refusals, ...Array.from({ length: times }, () => problem)]
    },
    revoke: (username) => parts.grants.revoke(personOf(username).id),
    forgeNextIdToken(forgery) {
      forgeries = [...forgeries, forgery]
    },
    signOutEverybody: parts.browserSessions.signOutEverybody,
  }
  const takeFailure: Backstage['takeFailure'] = (endpoint, path) => {
    counts.set(endpoint, requests(endpoint) + 1)
    const planned = failures.find((plan) => plan.endpoint === endpoint && plan.left > 0 && fits(plan.failure, path))
    if (planned === undefined) return null
    planned.left -= 1
    return planned.failure
  }
  const watch = (endpoint: Endpoint): RequestHandler => {
    return (request, response, next) => {
      const failure = takeFailure(endpoint, request.path)
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
  return { control, backstage: { watch, takeForgery, takeRefusal, takeFailure } }
}

function fits({ only }: Failure, path: string): boolean {
  return only === undefined || path.toLowerCase().includes(only.toLowerCase())
}

export function happen(failure: Failure, answerProblem: ControlParts['answerProblem']): RequestHandler {
  return (request, response, next) => {
    switch (failure.kind) {
      case 'status':
        response.status(failure.status).set({ ...failure.headers })
        return response.type('html').send('<!DOCTYPE html><title>Sorry</title><p>The service is unavailable.')
      case 'aadsts':
        return answerProblem(failure)(request, response, next)
      case 'garbage':
        return response.type(failure.contentType ?? 'application/json').send(failure.body ?? '{"half": ')
      case 'hang':
        return undefined
      case 'close':
        return request.socket.destroy()
      case 'delay':
        return setTimeout(next, failure.milliseconds)
      default:
        return failure satisfies never
    }
  }
}
