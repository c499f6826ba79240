/** The demo's old-fashioned application: an intranet payroll of about 2004 that knows nothing of OpenID and believes its headers. */
import express, { type ErrorRequestHandler, type Express, type Request } from 'express'
import { chatScript, officeStyle } from './application-assets.ts'
import { createChat } from './application-chat.ts'
import { adminPage, chatPage, formPage, homePage, notFoundPage, payslipsPage } from './application-pages.ts'
import { createVisits, type Visits } from './application-visits.ts'
import type { Html } from './html.ts'
import { openPort } from './listen.ts'
import { type Told, toldAbout } from './told.ts'

/** Starts it on the loopback, or on `host`; port 0 takes a free one. Rejects when the port is taken. */
export async function startApplication(
  options: { readonly port?: number; readonly host?: string } = {},
): Promise<{ readonly origin: string; close(): Promise<void> }> {
  const chat = createChat()
  const { origin, serve, close } = await openPort(options)
  serve({ request: createApp(createVisits()), upgrade: chat.upgrade })
  return {
    origin,
    async close() {
      chat.close()
      await close()
    },
  }
}

function createApp(visits: Visits): Express {
  const app = express().disable('x-powered-by').disable('etag')

  app.get('/assets/style.css', (_request, response) => void response.type('css').send(officeStyle))
  app.get('/assets/chat.js', (_request, response) => void response.type('js').send(chatScript))
  app.get('/health', (_request, response) => void response.type('text').send('OK'))
  app.all('/echo', async (request, response) => {
    const bodyBytes = await countBytes(request)
    response.json({ method: request.method, url: request.originalUrl, rawHeaders: request.rawHeaders, bodyBytes })
  })

  const page = (path: string, write: (told: Told, visit: ReturnType<Visits['enter']>) => Html) => {
    app.get(path, (request, response) => {
      const visit = visits.enter(request, response)
      response.type('html').send(write(toldAbout(request), visit).text)
    })
  }
  page('/', (told, visit) => homePage(told, visit.count))
  page('/payslips', payslipsPage)
  page('/admin', adminPage)
  page('/form', (told, visit) => formPage(told, visit.takeMessage()))
  page('/chat', chatPage)

  app.post('/form', express.urlencoded({ limit: '64kb' }), (request, response) => {
    visits.enter(request, response).keepMessage({
      subject: textOf(request.body, 'subject'),
      message: textOf(request.body, 'message'),
    })
    // Post, redirect, get: the page that follows may be reloaded without sending the message again.
    response.redirect(303, '/form')
  })
  app.get('/logout', (request, response) => {
    visits.leave(request, response)
    response.redirect(302, '/.auth/logout')
  })
  app.use(
    (request, response) =>
      void response
        .status(404)
        .type('html')
        .send(notFoundPage(toldAbout(request)).text),
  )
  return app.use(lastResort)
}

function textOf(body: unknown, name: string): string {
  const value = typeof body === 'object' && body !== null ? Reflect.get(body, name) : ''
  return typeof value === 'string' ? value : ''
}

async function countBytes(request: Request): Promise<number> {
  let bytes = 0
  for await (const chunk of request) bytes += chunk.length
  return bytes
}

/** Without one, Express answers with the whole error. Express knows an error handler by its four parameters. */
const lastResort: ErrorRequestHandler = (_error, _request, response, _next) => {
  if (!response.headersSent) response.status(400).type('text').send('Payroll cannot read this request.')
}
