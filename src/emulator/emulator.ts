/** The pretend Entra: one directory that signs people in like Microsoft's, for trying things out and for tests. Never for anything real. */
import { randomUUID } from 'node:crypto'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import { type Answers, createAnswers } from './answers.ts'
import { type Authorize, createAuthorize } from './authorize.ts'
import { createBrowserSessions } from './browser-sessions.ts'
import { type Backstage, type Control, createControl } from './control.ts'
import { type Application, createDirectory, type Directory, directoryId, type NewPerson } from './directory.ts'
import { discoveryDocument, isOurDirectory } from './discovery.ts'
import { readForm } from './form.ts'
import { createGrants } from './grants.ts'
import { createKeyRing, type KeyRing } from './keys.ts'
import { openPort } from './listen.ts'
import { createLogout, type Logout } from './logout.ts'
import { errorHelpPage, frontPage } from './pages.ts'
import { createTokenEndpoint } from './token.ts'

export interface EmulatorOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number
  /** Where to listen; without it on the loopback, IPv4 and IPv6. */
  readonly host?: string
  /** Seconds since 1970. */
  readonly now?: () => number
  /** Further people, beside the four of the directory. */
  readonly people?: readonly NewPerson[]
  /** What the registration of the application says differently; redirect URIs are added to the two that are always there. */
  readonly application?: Partial<Application>
}

export interface Emulator {
  /** `http://localhost:<port>`: the authority, without a path. */
  readonly origin: string
  readonly control: Control
  close(): Promise<void>
}

/** Starts the pretend Entra. Rejects when the port is taken. Nothing outlives `close`, and nothing is kept on disk. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const { now = () => Date.now() / 1000, people, application } = options
  const directory = createDirectory(people, application)
  const keys = await createKeyRing(now)
  const { origin, serve, close } = await openPort(options)

  const answers = createAnswers(origin, now)
  const grants = createGrants(now)
  const browserSessions = createBrowserSessions(now)
  const { control, backstage } = createControl({
    ...{ directory, keys, grants, browserSessions },
    answerProblem: (problem) => (request, response) => answers.problem(problem, request, response),
  })
  const { takeForgery } = backstage
  const authorize = createAuthorize({ directory, browserSessions, grants, answers, now })
  const token = createTokenEndpoint({ directory, grants, keys, answers, takeForgery, origin, now })
  const logout = createLogout({ directory, browserSessions, answers })
  serve({ request: createApp({ directory, keys, answers, authorize, token, logout, backstage, origin }) })
  return { origin, control, close }
}

interface AppParts {
  readonly directory: Directory
  readonly keys: KeyRing
  readonly answers: Answers
  readonly authorize: Authorize
  readonly token: RequestHandler
  readonly logout: Logout
  readonly backstage: Backstage
  readonly origin: string
}

/** Entra's paths. */
function createApp({ directory, keys, answers, authorize, token, logout, backstage, origin }: AppParts): Express {
  const { watch } = backstage
  const app = express().disable('x-powered-by').disable('etag')

  app.get('/', (_request, response) => answers.page(frontPage(directory, origin), response))
  app.get('/error', (request, response) => answers.page(errorHelpPage(String(request.query.code ?? '')), response))

  const oursAsDocument = ours(answers.problem, 'invalid_tenant')
  const oursAsJson = ours(answers.problem)
  const oursAsPage = ours(answers.problemPage)
  // Counted and made to fail before anything is judged: an outage does not look at the request.
  app.get(
    '/:tenant/v2.0/.well-known/openid-configuration',
    watch('discovery'),
    oursAsDocument,
    document(discoveryDocument),
  )
  app.get('/:tenant/discovery/v2.0/keys', watch('keys'), oursAsDocument, document(keys.document))
  app.get('/:tenant/oauth2/v2.0/authorize', watch('authorize'), oursAsPage, authorize.start)
  app.post('/:tenant/oauth2/v2.0/token', watch('token'), oursAsJson, readForm, token)
  app.get('/:tenant/oauth2/v2.0/token', (request, response) => answers.problemPage({ code: 900561 }, request, response))
  app.get('/:tenant/oauth2/v2.0/logout', watch('logout'), oursAsPage, logout.start)
  app.post('/:tenant/oauth2/v2.0/logout', watch('logout'), oursAsPage, readForm, logout.start)
  app.post(`/${directoryId}/choose-account`, readForm, authorize.chosen)
  app.post(`/${directoryId}/choose-sign-out`, readForm, logout.chosen)
  app.use(
    (_request, response) => void response.status(404).type('text').send('The pretend directory has no such page.'),
  )
  return app.use(lastResort)

  function document(of: (origin: string) => unknown): RequestHandler {
    return (_request, response) => {
      response.set({ 'Cache-Control': 'max-age=86400, private', 'Access-Control-Allow-Origin': '*' })
      response.set('x-ms-request-id', randomUUID()).json(of(origin))
    }
  }

  /** Refuses every directory but ours: with JSON in the words of the endpoint, or with a page. */
  function ours(refuse: Answers['problem'], error?: string): RequestHandler {
    return (request, response, next) => {
      const detail = String(request.params.tenant ?? '')
      if (isOurDirectory(detail)) return next()
      refuse({ code: 90002, error, detail }, request, response)
    }
  }
}

/** Without one, Express answers with the whole error. Express knows an error handler by its four parameters. */
const lastResort: ErrorRequestHandler = (_error, _request, response, _next) => {
  if (!response.headersSent) response.status(400).type('text').send('The pretend directory cannot read this request.')
}
