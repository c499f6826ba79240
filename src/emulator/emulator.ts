/** The pretend Entra: one directory that signs people in like Microsoft's, for trying things out and for tests. Never for anything real. */
import { randomUUID } from 'node:crypto'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import { type AdminConsent, createAdminConsent } from './admin-consent.ts'
import { type Answers, createAnswers } from './answers.ts'
import { type Authorize, createAuthorize } from './authorize.ts'
import { createBrowserSessions } from './browser-sessions.ts'
import { createClock } from './clock.ts'
import { createConsents } from './consents.ts'
import { type Backstage, type Control, createControl } from './control.ts'
import { type ControlServer, type ControlServerParts, startControlServer } from './control-server.ts'
import { createDirectory, type Directory, type NewPerson } from './directory.ts'
import { discoveryDocument } from './discovery.ts'
import { errorHelpPage } from './error-pages.ts'
import { readForm } from './form.ts'
import { frontPage } from './front-page.ts'
import { createGrants } from './grants.ts'
import { createGraph, readGraphBody } from './graph.ts'
import type { NewGroup } from './groups.ts'
import { createKeyRing, type KeyRing } from './keys.ts'
import { openPort } from './listen.ts'
import { createLogout, type Logout } from './logout.ts'
import type { Application } from './registration.ts'
import { type Authority, authorityOf } from './tenancies.ts'
import { createTokenEndpoint } from './token.ts'

export interface EmulatorOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number
  /** Where to listen; without it on the loopback, IPv4 and IPv6. */
  readonly host?: string
  /** Under which address it is known, where that is not `http://localhost:<port>`; issuers and all addresses follow it. */
  readonly origin?: string
  /** Opens the control on this port of the loopback (0: a free one); without it there is none but `control`. */
  readonly controlPort?: number
  /** Seconds since 1970. */
  readonly now?: () => number
  /** Further people, beside the four of the directory. */
  readonly people?: readonly NewPerson[]
  /** Further groups, with what they belong to. One that is not described here has no name and belongs to none. */
  readonly groups?: readonly NewGroup[]
  /** What the registration of the application says differently; redirect URIs are added to the two that are always there. */
  readonly application?: Partial<Application>
}

export interface Emulator {
  /** `http://localhost:<port>`: the authority, without a path. */
  readonly origin: string
  readonly control: Control
  /** Where the control listens; null without one. */
  readonly controlOrigin: string | null
  close(): Promise<void>
}

/** Starts the pretend Entra. Rejects when the port is taken. Nothing outlives `close`, and nothing is kept on disk. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const { people, application, groups } = options
  const clock = createClock(options.now ?? (() => Date.now() / 1000))
  const { now } = clock
  const directory = createDirectory(people, application, groups)
  const keys = await createKeyRing(now)
  const { serve, ...opened } = await openPort(options)
  const origin = options.origin ?? opened.origin

  const answers = createAnswers(origin, now)
  const grants = createGrants(now)
  const browserSessions = createBrowserSessions(now)
  const consents = createConsents()
  const { control, backstage } = createControl({
    ...{ directory, keys, grants, browserSessions, clock, consents },
    answerProblem: (problem) => (request, response) => answers.problem(problem, request, response),
  })
  const { takeForgery, takeRefusal } = backstage
  const authorize = createAuthorize({ directory, browserSessions, consents, grants, answers, takeRefusal, now })
  const token = createTokenEndpoint({ directory, consents, grants, keys, answers, takeForgery, origin, now })
  const logout = createLogout({ directory, browserSessions, answers, origin })
  const adminConsent = createAdminConsent(directory, consents, answers)
  const graph = createGraph({ directory, grants, takeFailure: backstage.takeFailure, origin, now })
  serve({
    request: createApp({ directory, keys, answers, authorize, token, logout, adminConsent, graph, backstage, origin }),
  })
  const { controlPort } = options
  const stage = { control, directory, answers, origin }
  const server = controlPort === undefined ? null : await openControl(controlPort, stage, opened.close)
  return {
    ...{ origin, control },
    controlOrigin: server?.origin ?? null,
    close: async () => {
      await Promise.all([server?.close(), opened.close()])
    },
  }
}

/** What was opened before is closed again when the port of the control is taken. */
async function openControl(port: number, stage: ControlServerParts, undo: () => Promise<void>): Promise<ControlServer> {
  try {
    return await startControlServer(port, stage)
  } catch (error) {
    await undo()
    throw error
  }
}

interface AppParts {
  readonly directory: Directory
  readonly keys: KeyRing
  readonly answers: Answers
  readonly authorize: Authorize
  readonly token: RequestHandler
  readonly logout: Logout
  readonly adminConsent: AdminConsent
  readonly graph: RequestHandler
  readonly backstage: Backstage
  readonly origin: string
}

/** Entra's paths. */
function createApp(parts: AppParts): Express {
  const { directory, keys, answers, authorize, token, logout, adminConsent, origin } = parts
  const { watch } = parts.backstage
  const app = express().disable('x-powered-by').disable('etag')

  app.get('/', (_request, response) => answers.page(frontPage(directory, origin), response))
  app.get('/error', (request, response) => answers.page(errorHelpPage(String(request.query.code ?? '')), response))

  app.all('/oidc/userinfo', parts.graph)
  app.all('/v1.0/*call', readGraphBody, parts.graph)
  const oursAsDocument = ours(answers.problem, 'invalid_tenant')
  const oursAsJson = ours(answers.problem)
  const oursAsPage = ours(answers.problemPage)
  // Counted and made to fail before anything is judged: an outage does not look at the request.
  app.get(
    '/:tenant/v2.0/.well-known/openid-configuration',
    watch('discovery'),
    oursAsDocument,
    document(async (authority, appId) => discoveryDocument(origin, authority, appId)),
  )
  const keySet = (authority: Authority, appId: string | null) =>
    keys.document(
      origin,
      authority,
      appId?.toLowerCase() === directory.application.clientId && directory.application.ownSigningKey,
    )
  app.get('/:tenant/discovery/v2.0/keys', watch('keys'), oursAsDocument, document(keySet))
  app.get('/:tenant/oauth2/v2.0/authorize', watch('authorize'), oursAsPage, authorize.start)
  app.post('/:tenant/oauth2/v2.0/token', watch('token'), oursAsJson, readForm, token)
  app.get('/:tenant/oauth2/v2.0/token', (request, response) => answers.problemPage({ code: 900561 }, request, response))
  app.get('/:tenant/oauth2/v2.0/logout', watch('logout'), oursAsPage, logout.start)
  app.post('/:tenant/oauth2/v2.0/logout', watch('logout'), oursAsPage, readForm, logout.start)
  app.get('/:tenant/v2.0/adminconsent', oursAsPage, adminConsent.start)
  app.post('/:tenant/choose-admin-consent', oursAsPage, readForm, adminConsent.chosen)
  app.post('/:tenant/choose-account', oursAsPage, readForm, authorize.chosen)
  app.post('/:tenant/choose-sign-out', oursAsPage, readForm, logout.chosen)
  app.use(
    (_request, response) => void response.status(404).type('text').send('The pretend directory has no such page.'),
  )
  return app.use(lastResort)

  function document(of: (authority: Authority, appId: string | null) => Promise<unknown>): RequestHandler {
    return async (request, response) => {
      const authority = authorityOf(String(request.params.tenant))
      if (authority === null) return
      const { appid } = request.query
      response.set({ 'Cache-Control': 'max-age=86400, private', 'Access-Control-Allow-Origin': '*' })
      const body = await of(authority, typeof appid === 'string' ? appid : null)
      response.set('x-ms-request-id', randomUUID()).json(body)
    }
  }

  /** Refuses every directory that does not exist: with JSON in the words of the endpoint, or with a page. */
  function ours(refuse: Answers['problem'], error?: string): RequestHandler {
    return (request, response, next) => {
      const detail = String(request.params.tenant ?? '')
      if (authorityOf(detail) !== null) return next()
      refuse({ code: 90002, error, detail }, request, response)
    }
  }
}

/** Without one, Express answers with the whole error. Express knows an error handler by its four parameters. */
const lastResort: ErrorRequestHandler = (_error, _request, response, _next) => {
  if (!response.headersSent) response.status(400).type('text').send('The pretend directory cannot read this request.')
}
