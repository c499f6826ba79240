/** Everything that stands between a person who has chosen an account and the code: refusals, password, consent, Conditional Access. */
import type { Request, Response } from 'express'
import { refusalOf } from './account.ts'
import type { Answers } from './answers.ts'
import type { AuthorizeRequest } from './authorize-request.ts'
import type { Account, BrowserSessions } from './browser-sessions.ts'
import { consentPage } from './consent-pages.ts'
import type { Consents } from './consents.ts'
import type { Directory, Person } from './directory.ts'
import { rowOf } from './error-catalogue.ts'
import { describe, type Problem } from './errors.ts'
import type { Grants } from './grants.ts'
import { createLoopWatch } from './loop-watch.ts'
import { passwordPage } from './password-page.ts'
import { createPasswords, type Passwords, type Progress } from './progress.ts'
import { secondFactorPage } from './second-factor-page.ts'
import { judgePolicy } from './sign-in-policy.ts'
import { stayPage } from './stay-page.ts'
import { type Authority, pathOf, type Version } from './tenancies.ts'

export interface StepParts {
  readonly directory: Directory
  readonly browserSessions: BrowserSessions
  readonly consents: Consents
  readonly grants: Grants
  readonly answers: Answers
  readonly now: () => number
}

/** One step of a sign-in: the request as sent and as read, and what the person has done so far. */
export interface Step {
  readonly query: string
  readonly wanted: AuthorizeRequest
  readonly authority: Authority
  readonly version: Version
  readonly person: Person
  /** The sign-in that will do; null where the person has just chosen the account. */
  readonly account: Account | null
  readonly progress: Progress
  /** What was typed on the password page; null for nothing. */
  readonly password: string | null
}

export interface SignInSteps {
  /** The next page, a refusal, or the code. */
  proceed(step: Step, request: Request, response: Response): void
  /** Tells a refusal where Entra tells it: on a page of ours, or to the application; after `prompt=none` always there. */
  refuse(problem: Problem, wanted: AuthorizeRequest, request: Request, response: Response): void
  /** Somebody who is signed in need not type a password again. */
  readonly proofOf: Passwords['proofOf']
}

export function createSignInSteps({
  directory,
  browserSessions,
  consents,
  grants,
  answers,
  now,
}: StepParts): SignInSteps {
  const loops = createLoopWatch(now)
  const passwords = createPasswords()

  const refuse: SignInSteps['refuse'] = (problem, wanted, request, response) => {
    if (wanted.prompt === 'none') {
      const error = problem.code === 50058 ? problem.error : 'interaction_required'
      return answers.problemRedirect({ ...problem, error }, wanted, request, response)
    }
    if (rowOf(problem.code).onPage) answers.problemPage(problem, request, response)
    else answers.problemRedirect(problem, wanted, request, response)
  }

  /** The step with the proof that belongs to what was typed, or a page that asks for it. */
  function proved(step: Step): Step | { readonly message: string | null } {
    const { person, password, progress } = step
    if (passwords.isProved(person, progress.proof)) return step
    if (password === null) return { message: null }
    if (password !== person.password) return { message: describe({ code: 50126 }, now()).message }
    return { ...step, progress: { ...progress, proof: passwords.proofOf(person) } }
  }

  function proceed(before: Step, request: Request, response: Response) {
    const { wanted, person, query, authority, version } = before
    const { application } = directory
    const silent = wanted.prompt === 'none'
    const no = (code: number, detail?: string) => refuse({ code, detail }, wanted, request, response)
    const refusal = refusalOf(person)
    if (refusal !== null && silent) return no(refusal)
    if (refusal !== null) return answers.problemPage({ code: refusal, detail: person.username }, request, response)
    const step = proved(before)
    const asked = { application, person, query, segment: pathOf(authority, version) }
    if ('message' in step) {
      return answers.page(passwordPage({ ...asked, progress: before.progress }, step.message), response)
    }
    const { progress } = step
    const question = { ...asked, progress }

    const missing = consents.missing(person, application)
    if (missing === 'administrator') return no(90094)
    const asks = missing === 'person' || wanted.prompt === 'consent'
    if (asks && silent) return no(65001)
    if (asks && !progress.accepted) return answers.page(consentPage(question, wanted.scopes), response)

    const verdict = judgePolicy(wanted.claims, application, progress.secondFactor)
    if (verdict.act === 'refuse') return no(verdict.code)
    if (verdict.act === 'second-factor' && silent) return no(50076)
    if (verdict.act === 'second-factor') return answers.page(secondFactorPage(question), response)
    const unasked = step.account === null && application.asksToStay && progress.stay === null
    if (unasked) return answers.page(stayPage(question), response)
    finish({ ...step, contexts: verdict.contexts }, request, response)
  }

  /** Nothing is in the way any more: the browser is signed in, and the application gets its code. */
  function finish(step: Step & { readonly contexts: readonly string[] }, request: Request, response: Response) {
    const { wanted, person, authority, contexts, version, progress } = step
    const { application } = directory
    if (progress.accepted) consents.giveFor(person)
    const shown = { personId: person.id, secondFactor: progress.secondFactor, stay: progress.stay }
    const account = step.account ?? browserSessions.signIn(request, response, shown)
    const { sessionId, signedInAt, secondFactor } = account
    if (loops.isLoop(sessionId, application.loopLimit)) return refuse({ code: 50196 }, wanted, request, response)
    const code = grants.issueCode({
      ...{ personId: person.id, sessionId, signedInAt, secondFactor, contexts, segment: authority.segment },
      ...{ clientId: application.clientId, scopes: wanted.scopes, nonce: wanted.nonce, version },
      ...{ redirectUri: wanted.redirectUri, challenge: wanted.challenge },
      hearsChallenges: wanted.claims.hearsChallenges,
      authTime: wanted.maxAge === null ? null : signedInAt,
    })
    answers.deliver(wanted, { code, state: wanted.state, session_state: sessionId }, response)
  }

  return { proceed, refuse, proofOf: passwords.proofOf }
}
