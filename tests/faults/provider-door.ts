/** Stands in front of the pretend Entra, under the name by which it is known, and can fail in its place. */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type ProviderMode =
  | { readonly does: 'pass' }
  | { readonly does: 'delay'; readonly milliseconds: number }
  | { readonly does: 'hang' }
  /** Ends every connection at once. */
  | { readonly does: 'reset' }
  | { readonly does: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** An answer of status 200 that makes no sense. */
  | { readonly does: 'garbage' }

export interface ProviderDoor {
  readonly origin: string
  set(mode: ProviderMode): void
  /** Where the pretend Entra really is; it must know itself by `origin`. */
  leadTo(port: number): void
  close(): Promise<void>
}

export async function openProviderDoor(): Promise<ProviderDoor> {
  let mode: ProviderMode = { does: 'pass' }
  let port = 0
  const agent = new Agent({ keepAlive: true })

  function pass(incoming: IncomingMessage, response: ServerResponse): void {
    const { method = 'GET', url = '/', headers } = incoming
    const sent = request({ host: '127.0.0.1', port, method, path: url, headers, agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(response)
    })
    sent.on('error', () => response.destroy())
    incoming.pipe(sent)
  }

  const server = createServer((incoming, response) => {
    incoming.on('error', () => response.destroy())
    switch (mode.does) {
      case 'pass':
        return pass(incoming, response)
      case 'delay':
        return void setTimeout(() => pass(incoming, response), mode.milliseconds)
      case 'hang':
        return void incoming.resume()
      case 'reset':
        return void incoming.socket.resetAndDestroy()
      case 'status':
        incoming.resume()
        return void response.writeHead(mode.status, { ...mode.headers }).end('not now')
      case 'garbage':
        incoming.resume()
        return void response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"keys": [nonsense')
      default:
        return mode satisfies never
    }
  })
  await new Promise<void>((resolve) => server.listen(0, () => resolve()))
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    set(next) {
      mode = next
    },
    leadTo(next) {
      port = next
    },
    async close() {
      agent.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
