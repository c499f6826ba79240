/** Entra's addresses, and who answers at each. */
import { randomUUID } from 'node:crypto'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import type { AdminConsent } from './admin-consent.ts'
import type { Answers } from './answers.ts'
import type { Authorize } from './authorize.ts'
import type { Backstage } from './control.ts'
import type { Directory } from './directory.ts'
import { discoveryDocument } from './discovery.ts'
import { errorHelpPage } from './error-pages.ts'
import { readForm } from './form.ts'
import { frontPage } from './front-page.ts'
import { readGraphBody } from './graph.ts'
import type { KeyRing } from './keys.ts'
import type { Logout } from './logout.ts'
import { type Authority, authorityOf } from './tenancies.ts'
import { documentOfVersionOne } from './version-one.ts'

export interface EndpointParts {
  readonly directory: Directory
  readonly keys: KeyRing
  readonly answers: Answers
  readonly authorize: Authorize
  readonly token: RequestHandler
  readonly logout: Logout
  readonly adminConsent: AdminConsent
  readonly graph: RequestHandler
  readonly managedIdentity: RequestHandler
  readonly backstage: Backstage
  readonly origin: string
}

/** An application that knows nothing yet but these paths; everything else is told that it is not there. */
export function createEndpoints(parts: EndpointParts): Express {
  const { directory, keys, answers, authorize, token, logout, adminConsent, origin } = parts
  const { watch } = parts.backstage
  const app = express().disable('x-powered-by').disable('etag')

  app.get('/', (_request, response) => answers.page(frontPage(directory, origin), response))
  app.get('/error', (request, response) => answers.page(errorHelpPage(String(request.query.code ?? '')), response))

  app.get('/metadata/identity/oauth2/token', parts.managedIdentity)
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
  app.get(
    '/:tenant/.well-known/openid-configuration',
    watch('discovery'),
    oursAsDocument,
    document(async (authority) => documentOfVersionOne(origin, authority)),
  )
  const keySet = (authority: Authority, appId: string | null) =>
    keys.document(
      origin,
      authority,
      appId?.toLowerCase() === directory.application.clientId && directory.application.ownSigningKey,
    )
  app.get(['/:tenant/discovery/v2.0/keys', '/:tenant/discovery/keys'], watch('keys'), oursAsDocument, document(keySet))
  app.get(both('authorize'), watch('authorize'), oursAsPage, authorize.start)
  app.post(both('token'), watch('token'), oursAsJson, readForm, token)
  app.get(both('token'), (request, response) => answers.problemPage({ code: 900561 }, request, response))
  app.get(both('logout'), watch('logout'), oursAsPage, logout.start)
  app.post(both('logout'), watch('logout'), oursAsPage, readForm, logout.start)
  app.get('/:tenant/v2.0/adminconsent', oursAsPage, adminConsent.start)
  app.post('/:tenant/choose-admin-consent', oursAsPage, readForm, adminConsent.chosen)
  app.post(['/:tenant/choose-account', '/:tenant/v1/choose-account'], oursAsPage, readForm, authorize.chosen)
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

/** The endpoint of either version. */
function both(name: string): string[] {
  return [`/:tenant/oauth2/v2.0/${name}`, `/:tenant/oauth2/${name}`]
}

/** Without one, Express answers with the whole error. Express knows an error handler by its four parameters. */
const lastResort: ErrorRequestHandler = (_error, _request, response, _next) => {
  if (!response.headersSent) response.status(400).type('text').send('The pretend directory cannot read this request.')
}
