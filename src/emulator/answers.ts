/** How the endpoints answer: with Entra's headers, as JSON, as a page, or as a redirect in Entra's own spelling. */
import { randomBytes } from 'node:crypto'
import type { Request, Response } from 'express'
import type { ReturnAddress } from './authorize-request.ts'
import type { Directory } from './directory.ts'
import { errorPage } from './error-pages.ts'
import { describe, type EntraError, errorJson, errorParameters, type Problem } from './errors.ts'
import { formPostPage } from './form-post-page.ts'
import type { Html } from './html.ts'

export interface Answers {
  /** The refusal as JSON, with the status that belongs to it. */
  problem(problem: Problem, request: Request, response: Response): void
  /** The refusal as a page of ours, from which nothing goes back to the application. */
  problemPage(problem: Problem, request: Request, response: Response): void
  /** The refusal as a redirect to the application. */
  problemRedirect(problem: Problem, back: ReturnAddress, request: Request, response: Response): void
  /** @param as another status than 200, another Content-Security-Policy than the one that allows nothing but styles */
  page(page: Html, response: Response, as?: { readonly status?: number; readonly policy?: string }): void
  /** Sends parameters to the application in the way that it asked for: in the query, behind the #, or as a form. */
  deliver(back: ReturnAddress, parameters: Parameters, response: Response): void
  /** Parameters without a value are left out. */
  redirect(address: string, parameters: Parameters, response: Response): void
}

type Parameters = Readonly<Record<string, string | null>>

interface AnswerParts {
  readonly directory: Directory
  readonly origin: string
  /** Seconds since 1970. */
  readonly now: () => number
}

export function createAnswers({ directory, origin, now }: AnswerParts): Answers {
  const wording = () => ({ origin, tail: directory.application.errorTail })
  const told = (problem: Problem, request: Request, response: Response): EntraError => {
    const error = describe(problem, now(), correlationOf(request))
    response.set('x-ms-request-id', error.traceId)
    return error
  }
  const page: Answers['page'] = (content, response, { status = 200, policy = pagePolicy } = {}) => {
    const headers = { ...pageHeaders, 'Content-Security-Policy': policy }
    response.status(status).set(headers).type('html').send(content.text)
  }
  const goTo = (location: string, response: Response) => {
    // Written by hand: Express would normalise the address.
    response.status(302).set({ Location: location, 'Cache-Control': 'no-store, no-cache', Pragma: 'no-cache' }).end()
  }
  const redirect: Answers['redirect'] = (address, parameters, response) => {
    const written = query(parameters)
    // The trailing # keeps the browser from carrying its fragment over to the application.
    goTo(written === '' ? address : `${address}${address.includes('?') ? '&' : '?'}${written}#`, response)
  }
  const deliver: Answers['deliver'] = (back, parameters, response) => {
    if (back.mode === 'query') return redirect(back.redirectUri, parameters, response)
    if (back.mode === 'fragment') return goTo(`${back.redirectUri}#${query(parameters)}`, response)
    const nonce = randomBytes(16).toString('base64')
    const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'nonce-${nonce}'`
    page(formPostPage(back.redirectUri, parameters, nonce), response, { policy })
  }
  return {
    page,
    redirect,
    deliver,
    problem(problem, request, response) {
      const error = told(problem, request, response)
      response.status(error.status).set('Cache-Control', 'no-store, no-cache').json(errorJson(error, wording()))
    },
    problemPage(problem, request, response) {
      page(errorPage(told(problem, request, response)), response, { status: 400 })
    },
    problemRedirect(problem, back, request, response) {
      const parameters = errorParameters(told(problem, request, response), wording())
      deliver(back, { ...parameters, state: back.state }, response)
    },
  }
}

/** The icon is a `data:` address, so that the browser asks nobody for one. */
const pagePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'"

const pageHeaders = {
  'Cache-Control': 'no-store, no-cache',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
}

/** A caller may name its request; Entra then repeats the name. */
function correlationOf(request: Request): string | undefined {
  const sent = request.get('client-request-id') ?? ''
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(sent) ? sent : undefined
}

function query(parameters: Parameters): string {
  const given = Object.entries(parameters).flatMap(([name, value]) =>
    value === null ? [] : `${name}=${encoded(value)}`,
  )
  return given.join('&')
}

/** Entra's spelling of a query value: lower-case hexadecimal digits, blanks as plus. */
function encoded(value: string): string {
  return encodeURIComponent(value)
    .replace(/%[0-9A-F]{2}/g, (octet) => octet.toLowerCase())
    .replace(/%20/g, '+')
    .replace(/'/g, '%27')
    .replace(/~/g, '%7e')
}
