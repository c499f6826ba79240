/** Contestant: Node's own http, forwarding. No proxy written in Node can cost less than about this. */
import { Agent, createServer, request as send } from 'node:http'
import { listenAndTell, targetArgument } from './own-process.ts'

const { hostname, port } = targetArgument()
const agent = new Agent({ keepAlive: true, maxFreeSockets: 256, scheduling: 'lifo' })

listenAndTell(
  createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
    const { method, url: path, headers } = request
    const outgoing = send({ hostname, port, method, path, headers, agent }, (incoming) => {
      response.writeHead(incoming.statusCode ?? 502, incoming.headers)
      incoming.pipe(response)
    })
    outgoing.on('error', () => response.destroy())
    request.pipe(outgoing)
  }),
)
