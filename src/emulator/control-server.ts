/** The control on a port of its own, on the loopback only: a page for people, JSON for programs. */
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import type { Answers } from './answers.ts'
import type { Control } from './control.ts'
import { act } from './control-actions.ts'
import { controlPage } from './control-page.ts'
import type { Directory, Person } from './directory.ts'
import { endpoints } from './failures.ts'
import { openPort } from './listen.ts'

export interface ControlServer {
  readonly origin: string
  close(): Promise<void>
}

export interface ControlServerParts {
  readonly control: Control
  readonly directory: Directory
  readonly answers: Answers
  /** Where people sign in. */
  readonly origin: string
}

function withoutPassword({ password, ...told }: Person): Omit<Person, 'password'> {
  return told
}

/** @param port 0 takes a free one */
export async function startControlServer(port: number, parts: ControlServerParts): Promise<ControlServer> {
  const { control, directory, answers } = parts
  const opened = await openPort({ port })
  const app = express().disable('x-powered-by').disable('etag')
  app.use(onlyFromHere(new URL(opened.origin).port))
  app.get('/', (_request, response) => answers.page(controlPage(parts), response))
  app.get('/state', (_request, response) => {
    const { clientSecrets, ...application } = directory.application
    const requests = Object.fromEntries(endpoints.map((endpoint) => [endpoint, control.requests(endpoint)]))
    response.json({ now: control.clock.now(), application, people: directory.people().map(withoutPassword), requests })
  })
  const action: RequestHandler = async (request, response) => {
    const isForm = request.is('application/x-www-form-urlencoded') !== false
    const text = typeof request.body === 'string' ? request.body : ''
    try {
      const sent: unknown = JSON.parse((isForm ? new URLSearchParams(text).get('json') : text) || '{}')
      const done = await act(String(request.params.action), sent, control)
      if (isForm) response.redirect(303, '/')
      else response.json(done)
    } catch (error) {
      response.status(400).json({ error: error instanceof Error ? error.message : 'It cannot be done.' })
    }
  }
  const types = ['application/json', 'application/x-www-form-urlencoded']
  app.post('/:action', express.text({ type: types, limit: '1mb' }), action)
  app.use((_request, response) => void response.status(404).json({ error: 'There is no such address here.' }))
  app.use(lastResort)
  opened.serve({ request: app })
  return { origin: opened.origin, close: opened.close }
}

/**
 * Keeps out web pages that a browser on this machine has open: one under another name for this address (DNS rebinding), and
 * one that sends forms across sites. JSON from another site does not come through without a preflight, which is not answered.
 */
function onlyFromHere(port: string): RequestHandler {
  const hosts = ['localhost', '127.0.0.1', '[::1]'].map((host) => `${host}:${port}`)
  const origins = hosts.map((host) => `http://${host}`)
  return (request, response, next) => {
    const { origin } = request.headers
    const site = request.get('sec-fetch-site') ?? 'none'
    const isHere = hosts.includes(request.get('host') ?? '') && (origin === undefined || origins.includes(origin))
    const isSafe = request.method === 'GET' || ['none', 'same-origin'].includes(site)
    const isRead = request.method === 'GET' || request.is(['json', 'urlencoded']) !== false
    if (isHere && isSafe && isRead) return next()
    response.status(403).json({ error: 'The control listens to this machine only, and to JSON.' })
  }
}

/** Without one, Express answers with the whole error. Express knows an error handler by its four parameters. */
const lastResort: ErrorRequestHandler = (_error, _request, response, _next) => {
  if (!response.headersSent) response.status(400).json({ error: 'The request cannot be read.' })
}
