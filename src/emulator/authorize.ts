/** The authorize endpoint: who may be signed in without a question, who is asked on a page, and the code that goes back. */
import type { Request, RequestHandler, Response } from 'express'
import type { Answers } from './answers.ts'
import { type AuthorizeRequest, readAuthorizeRequest } from './authorize-request.ts'
import type { Account, BrowserSessions } from './browser-sessions.ts'
import { loginHintOf } from './claims.ts'
import type { Directory, Person } from './directory.ts'
import { formOf } from './form.ts'
import type { Grants } from './grants.ts'
import { consentPage, pickerPage } from './pages.ts'

export interface AuthorizeParts {
  readonly directory: Directory
  readonly browserSessions: BrowserSessions
  readonly grants: Grants
  readonly answers: Answers
  readonly now: () => number
}

export interface Authorize {
  /** `GET …/oauth2/v2.0/authorize` */
  readonly start: RequestHandler
  /** What the buttons of our own pages send. */
  readonly chosen: RequestHandler
}

export function createAuthorize(parts: AuthorizeParts): Authorize {
  const { directory, browserSessions, grants, answers } = parts

  /** Answers what is wrong with the request, or gives it back. `query` is kept as it was sent, since the pages hand it on. */
  function accepted(query: string, request: Request, response: Response): AuthorizeRequest | null {
    const read = readAuthorizeRequest(new URLSearchParams(query), directory.application)
    if (read.act === 'go-on') return read.request
    if (read.act === 'page') answers.problemPage(read.problem, request, response)
    else answers.problemRedirect(read.problem, read.back, request, response)
    return null
  }

  function issueCode(wanted: AuthorizeRequest, account: Account, response: Response): void {
    const { personId, sessionId, signedInAt } = account
    const code = grants.issueCode({
      ...{ personId, sessionId, clientId: directory.application.clientId, scopes: wanted.scopes },
      ...{ nonce: wanted.nonce, redirectUri: wanted.redirectUri, challenge: wanted.challenge },
      authTime: wanted.maxAge === null ? null : signedInAt,
    })
    answers.redirect(wanted.redirectUri, { code, state: wanted.state, session_state: sessionId }, response)
  }

  const start: RequestHandler = (request, response) => {
    const query = queryOf(request)
    const wanted = accepted(query, request, response)
    if (wanted === null) return
    const signedIn = browserSessions.accounts(request)
    const verdict = judge(wanted, signedIn, directory, parts.now())
    const refuse = (code: number, error?: string) => answers.problemRedirect({ code, error }, wanted, request, response)
    if (verdict.act === 'refuse') return refuse(verdict.code)
    if (verdict.act === 'ask') {
      const people = directory.people()
      const ids = signedIn.map((account) => account.personId)
      const { application } = directory
      return answers.page(
        pickerPage({ application, people, signedIn: ids, suggested: verdict.suggested, query }),
        response,
      )
    }
    const person = directory.byId(verdict.account.personId)
    const refusal = person === null ? 50034 : refusalOf(person)
    if (refusal !== null && wanted.prompt === 'none') return refuse(refusal, 'interaction_required')
    if (refusal !== null) return answers.problemPage({ code: refusal }, request, response)
    if (wanted.prompt === 'consent' && person !== null) {
      return answers.page(
        consentPage({ application: directory.application, person, scopes: wanted.scopes, query }),
        response,
      )
    }
    issueCode(wanted, verdict.account, response)
  }

  const chosen: RequestHandler = (request, response) => {
    if (['cross-site', 'same-site'].includes(request.get('sec-fetch-site') ?? '')) {
      return answers.problemPage({ code: 90023, detail: 'origin' }, request, response)
    }
    const form = formOf(request)
    const query = form.get('request') ?? ''
    const wanted = accepted(query, request, response)
    if (wanted === null) return
    if (form.has('cancel')) {
      const cancelled = { error: 'access_denied', error_subcode: 'cancel', state: wanted.state }
      return answers.redirect(wanted.redirectUri, cancelled, response)
    }
    if (form.get('consent') === 'decline') return answers.problemRedirect({ code: 65004 }, wanted, request, response)
    const person = directory.byId(form.get('account') ?? '')
    if (person === null) return answers.problemPage({ code: 50034 }, request, response)
    const refusal = refusalOf(person)
    if (refusal !== null) return answers.problemPage({ code: refusal }, request, response)
    if (wanted.prompt === 'consent' && form.get('consent') !== 'accept') {
      return answers.page(
        consentPage({ application: directory.application, person, scopes: wanted.scopes, query }),
        response,
      )
    }
    issueCode(wanted, browserSessions.signIn(request, response, person.id), response)
  }

  return { start, chosen }
}

/** The AADSTS code with which this person is refused, at a sign-in as at a refresh; null for none. */
export function refusalOf(person: Person): number | null {
  return person.enabled ? person.refusedWith : 50057
}

type Verdict =
  | { readonly act: 'issue'; readonly account: Account }
  | { readonly act: 'ask'; readonly suggested: Person | null }
  | { readonly act: 'refuse'; readonly code: number }

/** Whether the browser's sign-in will do, a page must ask, or (`prompt=none`) neither may be. */
function judge(wanted: AuthorizeRequest, signedIn: readonly Account[], directory: Directory, now: number): Verdict {
  const hinted = wanted.loginHint === null ? null : personByHint(directory, wanted.loginHint)
  const ask: Verdict = { act: 'ask', suggested: hinted }
  if (wanted.prompt === 'login' || wanted.prompt === 'select_account') return ask
  const silent = wanted.prompt === 'none'
  const fitting = signedIn
    .filter((account) => wanted.loginHint === null || account.personId === hinted?.id)
    .filter((account) => wanted.maxAge === null || now - account.signedInAt <= wanted.maxAge)
  const [account] = fitting
  if (account === undefined) return silent ? { act: 'refuse', code: 50058 } : ask
  if (fitting.length > 1) return silent ? { act: 'refuse', code: 16000 } : ask
  return { act: 'issue', account }
}

function personByHint(directory: Directory, hint: string): Person | null {
  return directory.people().find((person) => loginHintOf(person) === hint) ?? directory.byName(hint)
}

function queryOf(request: Request): string {
  const start = request.originalUrl.indexOf('?')
  return start < 0 ? '' : request.originalUrl.slice(start + 1)
}
