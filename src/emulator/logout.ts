/** The end-session endpoint: ends the single sign-on of one account, then goes back if the address is a registered one. */
import { randomBytes } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import { loginHintOf } from './account.ts'
import type { Answers } from './answers.ts'
import type { Account, BrowserSessions } from './browser-sessions.ts'
import type { Directory } from './directory.ts'
import { formOf } from './form.ts'
import { isRegistered } from './registration.ts'
import { frontChannelPage, signedOutPage, signOutPickerPage } from './sign-out-pages.ts'
import { issuer } from './tenancies.ts'

export interface LogoutParts {
  readonly directory: Directory
  readonly browserSessions: BrowserSessions
  readonly answers: Answers
  readonly origin: string
}

export interface Logout {
  /** `GET` or `POST …/oauth2/v2.0/logout` with `post_logout_redirect_uri`, `state`, `logout_hint`. `id_token_hint` does nothing, as at Entra. */
  readonly start: RequestHandler
  /** What the buttons of our own page send. */
  readonly chosen: RequestHandler
}

export function createLogout({ directory, browserSessions, answers, origin }: LogoutParts): Logout {
  /** Goes back, by way of the front channel where the application has registered an address for it. */
  function leave(parameters: URLSearchParams, left: Account | undefined, response: Response) {
    const { application } = directory
    const { logoutUrl } = application
    const address = parameters.get('post_logout_redirect_uri')
    const state = parameters.get('state')
    const next = address !== null && isRegistered(application, address) ? address : null
    if (left !== undefined && logoutUrl !== null) {
      const nonce = randomBytes(16).toString('base64')
      const call = withParameters(logoutUrl, frontChannelParameters(left))
      const back = next === null ? null : withParameters(next, state === null ? {} : { state })
      const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'nonce-${nonce}'; frame-src ${new URL(logoutUrl).origin}`
      return answers.page(frontChannelPage({ calls: [call], next: back, nonce }), response, { policy })
    }
    if (next !== null) answers.redirect(next, { state }, response)
    else answers.page(signedOutPage(), response)
  }

  /** Entra has been seen to send the session alone, and the issuer too. */
  function frontChannelParameters({ sessionId, personId }: Account): Readonly<Record<string, string>> {
    const person = directory.byId(personId)
    if (!directory.application.logoutWithIssuer || person === null) return { sid: sessionId }
    return { iss: issuer(origin, person.directory), sid: sessionId }
  }

  function signOut(personId: string, request: Request, response: Response): Account | undefined {
    const left = browserSessions.accounts(request).find((account) => account.personId === personId)
    browserSessions.signOut(request, response, personId)
    return left
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
        return answers.page(signOutPickerPage(people, parameters.toString(), String(request.params.tenant)), response)
      }
      const leaving = hinted ?? only
      leave(parameters, leaving && signOut(leaving.id, request, response), response)
    },
    chosen(request, response) {
      const form = formOf(request)
      const left = signOut(form.get('account') ?? '', request, response)
      leave(new URLSearchParams(form.get('request') ?? ''), left, response)
    },
  }
}

function withParameters(address: string, parameters: Readonly<Record<string, string>>): string {
  const url = new URL(address)
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}
