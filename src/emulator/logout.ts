/** The end-session endpoint: ends the single sign-on of one account, then goes back if the address is a registered one. */
import type { RequestHandler, Response } from 'express'
import type { Answers } from './answers.ts'
import type { BrowserSessions } from './browser-sessions.ts'
import { loginHintOf } from './claims.ts'
import { type Directory, isRegistered } from './directory.ts'
import { formOf } from './form.ts'
import { signedOutPage, signOutPickerPage } from './pages.ts'

export interface LogoutParts {
  readonly directory: Directory
  readonly browserSessions: BrowserSessions
  readonly answers: Answers
}

export interface Logout {
  /** `GET` or `POST …/oauth2/v2.0/logout` with `post_logout_redirect_uri`, `state`, `logout_hint`. `id_token_hint` does nothing, as at Entra. */
  readonly start: RequestHandler
  /** What the buttons of our own page send. */
  readonly chosen: RequestHandler
}

export function createLogout({ directory, browserSessions, answers }: LogoutParts): Logout {
  function leave(parameters: URLSearchParams, response: Response): void {
    const address = parameters.get('post_logout_redirect_uri')
    const known = address !== null && isRegistered(directory.application, address)
    if (known) answers.redirect(address, { state: parameters.get('state') }, response)
    else answers.page(signedOutPage(), response)
  }

  return {
    start(request, response) {
      const parameters =
        request.method === 'POST' ? formOf(request) : new URL(request.originalUrl, 'http://x').searchParams
      const hint = parameters.get('logout_hint')
      const people = browserSessions.accounts(request).flatMap(({ personId }) => directory.byId(personId) ?? [])
      const hinted = people.find((person) => loginHintOf(person) === hint)
      const [only, ...others] = people
      if (hinted === undefined && others.length > 0) {
        return answers.page(signOutPickerPage(people, parameters.toString()), response)
      }
      const leaving = hinted ?? only
      if (leaving !== undefined) browserSessions.signOut(request, response, leaving.id)
      leave(parameters, response)
    },
    chosen(request, response) {
      const form = formOf(request)
      browserSessions.signOut(request, response, form.get('account') ?? '')
      leave(new URLSearchParams(form.get('request') ?? ''), response)
    },
  }
}
