/** A server that speaks https: certificates by host name, replaced while it runs; handshakes that fail harm nobody. */
import type { Server } from 'node:http'
import { createServer, type ServerOptions } from 'node:https'
import { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Gateway, ListenerTls } from '../core/gateway.ts'
import type { Log } from '../ops/log.ts'
import { certificateFor, contextOf, contextOptions } from './secure-contexts.ts'

export interface SecureServerParts {
  /** The configuration in force; the next handshake goes by it. */
  readonly current: () => Gateway
  /** What the listener was opened with. Whether it speaks TLS does not change while it runs. */
  readonly tls: ListenerTls
  readonly options: ServerOptions
  /** How long a handshake may take, in milliseconds. */
  readonly handshakeTimeout: number
  /** Told of every handshake that failed. */
  readonly failed: () => void
  readonly log: Log
}

export interface SecureServer {
  readonly server: Server
  /** Takes over the listener's certificate of the configuration in force; open connections go on as they are. */
  renew(): void
}

/** @throws if the listener's certificate cannot be used. */
export function createSecureServer(parts: SecureServerParts): SecureServer {
  const { current, tls, options, handshakeTimeout, failed, log } = parts
  /** What callers are shown whose host has no certificate of its own. */
  let shown = tls.certificate
  const server = createServer({
    ...options,
    ...contextOptions(shown),
    handshakeTimeout,
    // Nothing else is spoken here; a caller that wants nothing else is refused during the handshake.
    ALPNProtocols: ['http/1.1'],
    SNICallback(name, done) {
      try {
        done(null, contextOf(certificateFor(current(), name, shown)))
      } catch (error) {
        log.error('certificate_unusable', { error })
        done(error as Error)
      }
    },
  })
  // Node's own listener would take a failed handshake for a request that cannot be parsed.
  server.removeAllListeners('tlsClientError')
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    failed()
    log.debug('handshake_failed', { code: error.code })
    if (error.code === 'ERR_SSL_HTTP_REQUEST') sayHttps(socket)
    socket.destroy()
  })
  return {
    server,
    // Callers that name no host never get to the SNICallback.
    renew() {
      const certificate = current().server.tls?.certificate ?? shown
      if (certificate === shown) return
      try {
        server.setSecureContext(contextOptions(certificate))
        shown = certificate
      } catch (error) {
        log.error('certificate_unusable', { error })
      }
    },
  }
}

/** A word to whoever speaks plain HTTP to the port of https, in plain text. */
function sayHttps(socket: TLSSocket): void {
  // Undocumented, so it may be gone one day: then the connection closes without a word.
  const plain: unknown = Reflect.get(socket, '_parent')
  if (!(plain instanceof Socket) || !plain.writable) return
  const text = 'This port speaks https: write https:// at the beginning of the address.\n'
  const head = `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\nConnection: close`
  plain.end(`${head}\r\n\r\n${text}`, () => plain.destroy())
}
