/** Contestant, and the measure of all others: http-proxy-middleware as fast as it goes; no framework, no authentication. */
import { Agent, createServer } from 'node:http'
import { createProxyMiddleware } from 'http-proxy-middleware'
import { listenAndTell, targetArgument } from './own-process.ts'

const forward = createProxyMiddleware({
  target: targetArgument(),
  // The default plugins cost a tenth more and do nothing that is wanted here.
  ejectPlugins: true,
  agent: new Agent({ keepAlive: true, maxFreeSockets: 256, scheduling: 'lifo' }),
})

listenAndTell(
  createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
    forward(request, response, () => response.destroy()).catch(() => response.destroy())
  }),
)
