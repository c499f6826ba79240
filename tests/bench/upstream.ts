/** What stands behind every contestant: the least that a server can do, so that the proxies are what is measured. */
import { createServer } from 'node:http'
import { applicationCookie } from './configuration.ts'
import { listenAndTell } from './own-process.ts'

/** Answers with the headers that it got: for the look before the start, never under load. */
const lookPath = '/look'

const body = Buffer.from('{"ok":true}\n')

listenAndTell(
  createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
    if (request.url === lookPath) {
      response.writeHead(200, {
        'Content-Type': 'application/json',
        'Set-Cookie': `${applicationCookie}; Path=/; HttpOnly`,
      })
      response.end(JSON.stringify(request.headers))
      return
    }
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length })
    response.end(body)
  }),
)
