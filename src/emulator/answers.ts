/** How the endpoints answer: with Entra's headers, as JSON, as a page, or as a redirect in Entra's own spelling. */
import type { Request, Response } from 'express'
import type { ReturnAddress } from './authorize-request.ts'
import { describe, type EntraError, errorJson, errorParameters, type Problem } from './errors.ts'
import type { Html } from './html.ts'
import { errorPage } from './pages.ts'

export interface Answers {
  /** The refusal as JSON, with the status that belongs to it. */
  problem(problem: Problem, request: Request, response: Response): void
  /** The refusal as a page of ours, from which nothing goes back to the application. */
  problemPage(problem: Problem, request: Request, response: Response): void
  /** The refusal as a redirect to the application. */
  problemRedirect(problem: Problem, back: ReturnAddress, request: Request, response: Response): void
  page(page: Html, response: Response, status?: number): void
  /** Parameters without a value are left out. */
  redirect(address: string, parameters: Readonly<Record<string, string | null>>, response: Response): void
}

/** @param now seconds since 1970 */
export function createAnswers(origin: string, now: () => number): Answers {
  const told = (problem: Problem, request: Request, response: Response): EntraError => {
    const error = describe(problem, now(), correlationOf(request))
    response.set('x-ms-request-id', error.traceId)
    return error
  }
  const page = (content: Html, response: Response, status = 200) => {
    response.status(status).set(pageHeaders).type('html').send(content.text)
  }
  const redirect: Answers['redirect'] = (address, parameters, response) => {
    const written = Object.entries(parameters).flatMap(([name, value]) =>
      value === null ? [] : `${name}=${encoded(value)}`,
    )
    const separator = address.includes('?') ? '&' : '?'
    // The trailing # keeps the browser from carrying its fragment over to the application.
    const location = written.length === 0 ? address : `${address}${separator}${written.join('&')}#`
    // Written by hand: Express would normalise the address.
    response.status(302).set({ Location: location, 'Cache-Control': 'no-store, no-cache', Pragma: 'no-cache' }).end()
  }
  return {
    page,
    redirect,
    problem(problem, request, response) {
      const error = told(problem, request, response)
      response.status(error.status).set('Cache-Control', 'no-store, no-cache').json(errorJson(error, origin))
    },
    problemPage(problem, request, response) {
      page(errorPage(told(problem, request, response)), response, 400)
    },
    problemRedirect(problem, back, request, response) {
      const parameters = errorParameters(told(problem, request, response), origin)
      redirect(back.redirectUri, { ...parameters, state: back.state }, response)
    },
  }
}

const pageHeaders = {
  'Cache-Control': 'no-store, no-cache',
  // The icon is a `data:` address, so that the browser asks nobody for one.
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
}

/** A caller may name its request; Entra then repeats the name. */
function correlationOf(request: Request): string | undefined {
  const sent = request.get('client-request-id') ?? ''
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(sent) ? sent : undefined
}

/** Entra's spelling of a query value: lower-case hexadecimal digits, blanks as plus. */
function encoded(value: string): string {
  return encodeURIComponent(value)
    .replace(/%[0-9A-F]{2}/g, (octet) => octet.toLowerCase())
    .replace(/%20/g, '+')
    .replace(/'/g, '%27')
    .replace(/~/g, '%7e')
}
