/**
 * Our own endpoints. Those that write sessions run under Express with express-session; those that only read do not.
 * The gate has found out everything before: Express matches nothing but fixed names, and decides nothing.
 */
import type { IncomingMessage } from 'node:http'
import express, { type NextFunction, type Request, type Response } from 'express'
import type { Answer } from '../core/answer/answer.ts'
import { endpoints as addresses, type EndpointFound, type EndpointName } from '../core/request/addresses.ts'
import type { SessionWriter } from '../session/writer.ts'
import type { Access } from './access.ts'
import type { AdminConsent } from './admin-consent.ts'
import type { Answers } from './answers.ts'
import type { BackchannelLogout } from './backchannel-logout.ts'
import type { createCallback } from './callback.ts'
import type { FrontchannelLogout } from './frontchannel-logout.ts'
import type { GlassDoor } from './glass-door.ts'
import { helpAnswer, helpWithCodeAnswer } from './help.ts'
import type { KeptFormEndpoint } from './kept-form.ts'
import type { Login } from './login.ts'
import type { Logout } from './logout.ts'
import { meAnswer } from './me.ts'
import type { PhotoEndpoint } from './photo.ts'
import type { Refuse } from './refusals.ts'
import type { Walk } from './walk.ts'
import { writeAnswer } from './writers.ts'

export interface Endpoints {
  /** Resolves when the answer is written. Faults and defects are thrown: the gate answers for them. */
  serve(request: IncomingMessage, walk: Walk, asked: EndpointFound & { readonly query: string }): Promise<void>
}

export interface EndpointParts {
  readonly answers: Answers
  readonly refuse: Refuse
  readonly login: Login
  readonly callback: ReturnType<typeof createCallback>
  readonly logout: Logout
  readonly frontchannelLogout: FrontchannelLogout
  readonly backchannelLogout: BackchannelLogout
  readonly adminConsent: AdminConsent
  readonly access: Access
  readonly photo: PhotoEndpoint
  readonly glassDoor: GlassDoor
  readonly keptForm: KeptFormEndpoint
  readonly writer: SessionWriter
}

interface Call {
  readonly walk: Walk
  readonly query: string
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

export function createEndpoints(parts: EndpointParts): Endpoints {
  const { answers, refuse, login, callback, logout, writer, adminConsent, access } = parts
  const calls = new WeakMap<IncomingMessage, Call>()
  const callOf = (request: IncomingMessage): Call => {
    const call = calls.get(request)
    if (call === undefined) throw new Error('a request came to Express past the gate')
    return call
  }

  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use((request: Request, response: Response, next: NextFunction) => {
    writer.handler(callOf(request).walk.tenant)(request, response, next)
  })
  const on = (name: EndpointName, answer: (request: Request, call: Call) => Promise<Answer>) => {
    app.all(addresses[name], async (request: Request, response: Response) => {
      const call = callOf(request)
      writeAnswer(request, response, await answer(request, call))
      call.done()
    })
  }
  on('callback', async (request, { walk, query }) => await callback(request, walk, query))
  on('logout', async (request, { walk }) => await logout.logout(request, walk))
  on('breakGlassReturn', async (request, { walk, query }) => await parts.glassDoor.arrive(request, walk, query))
  // Four parameters are how Express knows an error handler; its own would print the error to the caller.
  app.use((error: unknown, request: Request, _response: Response, _next: NextFunction) => callOf(request).failed(error))

  async function underExpress(request: IncomingMessage, walk: Walk, name: EndpointName, query: string): Promise<void> {
    await new Promise<void>((done, failed) => {
      // The handler gets the headers as they came: express-session has to be told something else below.
      const facts = { ...walk.facts, headers: { ...walk.facts.headers } }
      calls.set(request, { walk: { ...walk, facts }, query, done, failed })
      request.url = addresses[name]
      // express-session sets a Secure cookie only on what it takes for https. The configured public URL says what the browser
      // uses: https, or http on localhost, which browsers treat alike.
      request.headers['x-forwarded-proto'] = 'https'
      app(request, walk.response)
    })
  }

  return {
    async serve(request, walk, { endpoint, segment, query }) {
      switch (endpoint) {
        case 'callback':
        case 'logout':
        case 'breakGlassReturn':
          return await underExpress(request, walk, endpoint, query)
        case 'login':
          return writeAnswer(request, walk.response, await login.answer(walk, query))
        case 'adminConsent':
          return writeAnswer(request, walk.response, await adminConsent.answer(walk, query))
        case 'breakGlass':
          return writeAnswer(request, walk.response, await parts.glassDoor.leave(walk, query))
        case 'signedOut':
          return writeAnswer(request, walk.response, await logout.signedOut(walk, query))
        case 'frontchannelLogout':
          return writeAnswer(request, walk.response, await parts.frontchannelLogout(walk, segment, query))
        case 'backchannelLogout':
          return writeAnswer(request, walk.response, await parts.backchannelLogout(request, walk, segment))
        case 'me':
          return writeAnswer(request, walk.response, meAnswer(answers, refuse, walk))
        case 'photo':
          return writeAnswer(request, walk.response, await parts.photo(walk, query))
        case 'signedIn':
          return writeAnswer(request, walk.response, access.signedIn(walk))
        case 'session':
          return writeAnswer(request, walk.response, await access.session(walk))
        case 'keptForm':
          return writeAnswer(request, walk.response, await parts.keptForm(request, walk, query))
        case 'explain':
          return writeAnswer(request, walk.response, await access.explain(walk, query))
        case 'help':
          return writeAnswer(request, walk.response, helpAnswer({ answers, refuse }, walk, query))
        case 'helpWithCode':
          return writeAnswer(request, walk.response, helpWithCodeAnswer(answers, walk, segment))
        default:
          return endpoint satisfies never
      }
    },
  }
}
