/** The authorize endpoint: who may be signed in without a question, who is asked on a page, and the code that goes back. */
import type { Request, RequestHandler, Response } from 'express'
import { refusalOf } from './account.ts'
import type { Answers } from './answers.ts'
import { type AuthorizeRequest, readAuthorizeRequest } from './authorize-request.ts'
import type { Account, BrowserSessions } from './browser-sessions.ts'
import { consentPage } from './consent-pages.ts'
import type { Consents } from './consents.ts'
import type { Backstage } from './control.ts'
import type { Directory, Person } from './directory.ts'
import { rowOf } from './error-catalogue.ts'
import type { Problem } from './errors.ts'
import { formOf } from './form.ts'
import type { Grants } from './grants.ts'
import { createLoopWatch } from './loop-watch.ts'
import { pickerPage } from './picker-page.ts'
import { secondFactorPage } from './second-factor-page.ts'
import { judgePolicy } from './sign-in-policy.ts'
import { judge } from './single-sign-on.ts'
import { type Authority, authorityOf, pathOf, type Version, versionOf } from './tenancies.ts'

export interface AuthorizeParts {
  readonly directory: Directory
  readonly browserSessions: BrowserSessions
  readonly consents: Consents
  readonly grants: Grants
  readonly answers: Answers
  readonly takeRefusal: Backstage['takeRefusal']
  readonly now: () => number
}

export interface Authorize {
  /** `GET …/oauth2/v2.0/authorize` */
  readonly start: RequestHandler
  /** What the buttons of our own pages send. */
  readonly chosen: RequestHandler
}

/** One step of a sign-in: the request as sent and as read, and what the person has done so far. */
interface Step {
  readonly query: string
  readonly wanted: AuthorizeRequest
  readonly authority: Authority
  readonly version: Version
  readonly person: Person
  /** The sign-in that will do; null where the person has just chosen the account. */
  readonly account: Account | null
  readonly secondFactor: boolean
  readonly accepted: boolean
}

export function createAuthorize(parts: AuthorizeParts): Authorize {
  const { directory, browserSessions, consents, grants, answers } = parts
  const loops = createLoopWatch(parts.now)

  /** Answers what is wrong with the request, or gives it back. `query` is kept as it was sent, since the pages hand it on. */
  function accepted(query: string, request: Request, response: Response) {
    const authority = authorityOf(String(request.params.tenant))
    if (authority === null) return null
    const version = versionOf(request.path)
    const parameters = new URLSearchParams(query)
    const read = readAuthorizeRequest(parameters, directory.application, { authority, version })
    if (read.act === 'go-on') return { wanted: read.request, authority, version }
    if (read.act === 'page') answers.problemPage(read.problem, request, response)
    else answers.problemRedirect(read.problem, read.back, request, response)
    return null
  }

  /** Tells a refusal where Entra tells it: on a page of ours, or to the application; after `prompt=none` always there. */
  function refuse(problem: Problem, wanted: AuthorizeRequest, request: Request, response: Response) {
    if (wanted.prompt === 'none') {
      const error = problem.code === 50058 ? problem.error : 'interaction_required'
      return answers.problemRedirect({ ...problem, error }, wanted, request, response)
    }
    if (rowOf(problem.code).onPage) answers.problemPage(problem, request, response)
    else answers.problemRedirect(problem, wanted, request, response)
  }

  /** Everything that stands between a known person and the code: refusals, consent, Conditional Access. */
  function proceed(step: Step, request: Request, response: Response) {
    const { wanted, person, query } = step
    const { application } = directory
    const silent = wanted.prompt === 'none'
    const shown = { application, person, query, segment: pathOf(step.authority, step.version) }
    const refusal = refusalOf(person)
    if (refusal !== null && silent) return refuse({ code: refusal }, wanted, request, response)
    if (refusal !== null) return answers.problemPage({ code: refusal, detail: person.username }, request, response)

    const missing = consents.missing(person, application)
    if (missing === 'administrator') return refuse({ code: 90094 }, wanted, request, response)
    const asks = missing === 'person' || wanted.prompt === 'consent'
    if (asks && silent) return refuse({ code: 65001 }, wanted, request, response)
    if (asks && !step.accepted) return answers.page(consentPage({ ...shown, scopes: wanted.scopes }), response)

    const verdict = judgePolicy(wanted.claims, application, step.secondFactor)
    if (verdict.act === 'refuse') return refuse({ code: verdict.code }, wanted, request, response)
    if (verdict.act === 'second-factor' && silent) return refuse({ code: 50076 }, wanted, request, response)
    if (verdict.act === 'second-factor') return answers.page(secondFactorPage(shown, step.accepted), response)
    if (step.accepted) consents.giveFor(person)
    const { secondFactor } = step
    const account = step.account ?? browserSessions.signIn(request, response, person.id, secondFactor)
    if (loops.isLoop(account.sessionId, application.loopLimit))
      return refuse({ code: 50196 }, wanted, request, response)
    issueCode({ ...step, contexts: verdict.contexts }, account, response)
  }

  function issueCode(step: Step & { readonly contexts: readonly string[] }, account: Account, response: Response) {
    const { wanted, person, authority, contexts, version } = step
    const { sessionId, signedInAt, secondFactor } = account
    const code = grants.issueCode({
      ...{ personId: person.id, sessionId, signedInAt, secondFactor, contexts, segment: authority.segment },
      ...{ clientId: directory.application.clientId, scopes: wanted.scopes, nonce: wanted.nonce },
      ...{ redirectUri: wanted.redirectUri, challenge: wanted.challenge },
      version,
      hearsChallenges: wanted.claims.hearsChallenges,
      authTime: wanted.maxAge === null ? null : signedInAt,
    })
    answers.deliver(wanted, { code, state: wanted.state, session_state: sessionId }, response)
  }

  function ask(
    step: Pick<Step, 'authority' | 'query' | 'version'>,
    suggested: Person | null,
    request: Request,
    response: Response,
  ) {
    const { authority, query } = step
    const signedIn = accountsUnder(authority, request).map(({ person }) => person.id)
    const { application } = directory
    const people = directory.people(authority)
    answers.page(
      pickerPage({ application, people, signedIn, suggested, query, segment: pathOf(step.authority, step.version) }),
      response,
    )
  }

  /** The accounts of the browser that have an object under the authority. */
  function accountsUnder(authority: Authority, request: Request) {
    return browserSessions.accounts(request).flatMap((account) => {
      const stored = directory.byId(account.personId)
      const person = stored === null ? null : directory.under(authority, stored)
      return person === null ? [] : [{ account, person }]
    })
  }

  const start: RequestHandler = (request, response) => {
    const query = queryOf(request)
    const read = accepted(query, request, response)
    if (read === null) return
    const { wanted, authority, version } = read
    const planned = parts.takeRefusal()
    if (planned !== null) return refuse(planned, wanted, request, response)
    const signedIn = accountsUnder(authority, request)
    const people = directory.people(authority)
    const policy = { frequency: directory.application.signInFrequency, now: parts.now() }
    const verdict = judge(wanted, signedIn, people, policy)
    if (verdict.act === 'refuse') return refuse({ code: verdict.code }, wanted, request, response)
    if (verdict.act === 'ask') return ask({ authority, query, version }, verdict.suggested, request, response)
    const { account, person } = verdict
    const { secondFactor } = account
    proceed({ query, wanted, authority, version, person, account, secondFactor, accepted: false }, request, response)
  }

  const chosen: RequestHandler = (request, response) => {
    if (['cross-site', 'same-site'].includes(request.get('sec-fetch-site') ?? '')) {
      return answers.problemPage({ code: 90023, detail: 'origin' }, request, response)
    }
    const form = formOf(request)
    const query = form.get('request') ?? ''
    const read = accepted(query, request, response)
    if (read === null) return
    const { wanted, authority, version } = read
    if (form.has('cancel')) {
      const cancelled = { error: 'access_denied', error_subcode: 'cancel', state: wanted.state }
      return answers.deliver(wanted, cancelled, response)
    }
    if (form.get('consent') === 'decline') return answers.problemRedirect({ code: 65004 }, wanted, request, response)
    const known = directory.byId(form.get('account') ?? '') ?? directory.byName(form.get('username') ?? '')
    if (known === null) return answers.problemPage({ code: 50034 }, request, response)
    const person = directory.under(authority, known)
    if (person === null) return answers.problemPage({ code: 50020, detail: known.username }, request, response)
    const [accepts, secondFactor] = [form.get('consent') === 'accept', form.get('factor') === 'shown']
    const step = { query, wanted, authority, version, person, account: null, secondFactor, accepted: accepts }
    proceed(step, request, response)
  }

  return { start, chosen }
}

function queryOf(request: Request): string {
  const start = request.originalUrl.indexOf('?')
  return start < 0 ? '' : request.originalUrl.slice(start + 1)
}
