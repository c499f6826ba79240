/** The authorize endpoint: who may be signed in without a question, and who is asked on a page. */
import type { Request, RequestHandler, Response } from 'express'
import { readAuthorizeRequest } from './authorize-request.ts'
import type { Backstage } from './control.ts'
import type { Person } from './directory.ts'
import { describe } from './errors.ts'
import { formOf } from './form.ts'
import { pickerPage } from './picker-page.ts'
import { readProgress } from './progress.ts'
import { createSignInSteps, type Step, type StepParts } from './sign-in-steps.ts'
import { judge } from './single-sign-on.ts'
import { type Authority, authorityOf, pathOf, versionOf } from './tenancies.ts'

export interface AuthorizeParts extends StepParts {
  readonly takeRefusal: Backstage['takeRefusal']
}

export interface Authorize {
  /** `GET …/oauth2/v2.0/authorize` */
  readonly start: RequestHandler
  /** What the buttons of our own pages send. */
  readonly chosen: RequestHandler
}

interface Suggestion {
  readonly suggested: Person | null
  /** What was wrong with the account that was typed; null for nothing. */
  readonly message: string | null
}

export function createAuthorize(parts: AuthorizeParts): Authorize {
  const { directory, browserSessions, answers } = parts
  const { proceed, refuse, proofOf } = createSignInSteps(parts)

  /** Answers what is wrong with the request, or gives it back. `query` is kept as it was sent, since the pages hand it on. */
  function accepted(query: string, request: Request, response: Response) {
    const authority = authorityOf(String(request.params.tenant))
    if (authority === null) return null
    const version = versionOf(request.path)
    const parameters = new URLSearchParams(query)
    const read = readAuthorizeRequest(parameters, directory.application, { authority, version })
    if (read.act === 'go-on') return { wanted: read.request, authority, version, query }
    if (read.act === 'page') answers.problemPage(read.problem, request, response)
    else answers.problemRedirect(read.problem, read.back, request, response)
    return null
  }

  function ask(
    { authority, version, query }: Pick<Step, 'authority' | 'query' | 'version'>,
    { suggested, message }: Suggestion,
    request: Request,
    response: Response,
  ) {
    const signedIn = accountsUnder(authority, request).map(({ person }) => person.id)
    const who = { people: directory.people(authority), signedIn, suggested, message }
    const { application } = directory
    answers.page(pickerPage({ application, ...who, query, segment: pathOf(authority, version) }), response)
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
    const read = accepted(queryOf(request), request, response)
    if (read === null) return
    const { wanted, authority } = read
    const planned = parts.takeRefusal()
    if (planned !== null) return refuse(planned, wanted, request, response)
    const signedIn = accountsUnder(authority, request)
    const people = directory.people(authority)
    const policy = { frequency: directory.application.signInFrequency, now: parts.now() }
    const verdict = judge(wanted, signedIn, people, policy)
    if (verdict.act === 'refuse') return refuse({ code: verdict.code }, wanted, request, response)
    if (verdict.act === 'ask') return ask(read, { suggested: verdict.suggested, message: null }, request, response)
    const { account, person } = verdict
    const { secondFactor, stay } = account
    const progress = { proof: proofOf(person), accepted: false, secondFactor, stay }
    proceed({ ...read, person, account, progress, password: null }, request, response)
  }

  const chosen: RequestHandler = (request, response) => {
    if (['cross-site', 'same-site'].includes(request.get('sec-fetch-site') ?? '')) {
      return answers.problemPage({ code: 90023, detail: 'origin' }, request, response)
    }
    const form = formOf(request)
    const read = accepted(form.get('request') ?? '', request, response)
    if (read === null) return
    const { wanted, authority } = read
    if (form.has('cancel')) {
      const cancelled = { error: 'access_denied', error_subcode: 'cancel', state: wanted.state }
      return answers.deliver(wanted, cancelled, response)
    }
    if (form.get('consent') === 'decline') return answers.problemRedirect({ code: 65004 }, wanted, request, response)
    const typed = form.get('username') ?? ''
    const known = directory.byId(form.get('account') ?? '') ?? directory.byName(typed)
    if (known === null) {
      const { message } = describe({ code: 50034, detail: typed }, parts.now())
      return ask(read, { suggested: null, message }, request, response)
    }
    const person = directory.under(authority, known)
    if (person === null) return answers.problemPage({ code: 50020, detail: known.username }, request, response)
    const step = { ...read, person, account: null, progress: readProgress(form), password: form.get('password') }
    proceed(step, request, response)
  }

  return { start, chosen }
}

function queryOf(request: Request): string {
  const start = request.originalUrl.indexOf('?')
  return start < 0 ? '' : request.originalUrl.slice(start + 1)
}
