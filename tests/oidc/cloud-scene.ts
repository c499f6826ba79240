/**
 * Microsoft's own host names on one machine: the gateway reaches them through a proxy and trusts a private authority, as behind a
 * company's firewall, and behind each stands the pretend Entra. So nothing of the gateway is told that it is not the real one.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type Server } from 'node:tls'
import { createAuthority, type Pair } from '../certificates.ts'
import { type ConnectProxy, startConnectProxy } from '../connect-proxy.ts'
import { cameBack, visit } from '../http/scene.ts'
import { freePort, type Stage, type StageOptions, startStage } from '../stage.ts'
import type { Reply, Visitor } from '../visitor.ts'

export interface CloudStage {
  readonly stage: Stage
  /** Of the emulator, on this machine. */
  readonly port: number
  /** The hosts that the gateway has asked for, in order. */
  readonly asked: ConnectProxy['asked']
  /** A sign-in, up to the answer of the callback. */
  signIn(visitor: Visitor, username: string): Promise<Reply>
  close(): Promise<void>
}

/** @param hosts the sign-in service first, then what else stands behind it, such as Graph. */
export async function startCloudStage(
  hosts: readonly [string, ...string[]],
  options: StageOptions,
): Promise<CloudStage> {
  const port = await freePort()
  const authority = createAuthority()
  const front = await startFront(authority.issue(hosts.map((host) => `DNS:${host}`).join(',')), port)
  const frontPort = (front.address() as AddressInfo).port
  const proxy = await startConnectProxy({ routes: Object.fromEntries(hosts.map((host) => [`${host}:443`, frontPort])) })
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-cloud-'))
  const ca = join(folder, 'ca.pem')
  writeFileSync(ca, authority.cert)
  const origin = `https://${hosts[0]}`
  const stage = await startStage({
    ...options,
    emulator: { port, origin },
    authority: options.authority ?? 'cloud',
    server: `, egress: { proxy: 'http://127.0.0.1:${proxy.port}', ca: '${ca}' }`,
  })
  return {
    ...{ stage, port },
    asked: proxy.asked,
    async signIn(visitor, username) {
      // The person's browser is not behind the proxy: it meets the emulator where that listens.
      const near: Visitor = {
        ...visitor,
        ask: (url, ask) => visitor.ask(url.replace(origin, `http://localhost:${port}`), ask),
      }
      return await visit(visitor, await cameBack(near, `${stage.origin}/deep?x=1`, username))
    },
    async close() {
      await stage.close()
      await proxy.close()
      front.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** Ends TLS in front of a port of this machine. */
async function startFront({ cert, key }: Pair, port: number): Promise<Server> {
  const server = createServer({ cert, key, ALPNProtocols: ['http/1.1'] }, (socket) => {
    const inner = connect(port, '127.0.0.1')
    socket.on('error', () => inner.destroy())
    inner.on('error', () => socket.destroy())
    socket.pipe(inner).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
