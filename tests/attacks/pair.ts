/** Two gateways on one Redis with clocks that a test puts forward, asked by the first one's name: a balancer stands before them. */
import { type ClockedGateway, startClockedGateway } from '../http/clocked.ts'
import { sid } from '../http/scene.ts'
import { until } from '../redis.ts'
import { freePort } from '../stage.ts'
import { createVisitor, navigation, type Reply, type Visitor } from '../visitor.ts'

export type Which = 0 | 1

export interface Pair {
  /** What browsers call both. */
  readonly origin: string
  forward(seconds: number): void
  /** One request, with this Cookie header alone. */
  ask(which: Which, path: string, cookie: string, headers?: Readonly<Record<string, string>>): Promise<Reply>
  /** Sends the form of the sign-out page. */
  signOut(which: Which, cookie: string): Promise<Reply>
  /** The callback as the browser opens it that came there, at either of the two. */
  comeBack(which: Which, visitor: Visitor, callback: string): Promise<Reply>
  log(): readonly Record<string, unknown>[]
  close(): Promise<void>
}

/** @param yamlFor the configuration, for a gateway that listens at the first port and is called by the second. */
export async function startPair(yamlFor: (listensAt: number, calledBy: number) => string): Promise<Pair> {
  const port = await freePort()
  const gateways: readonly [ClockedGateway, ClockedGateway] = [
    await startClockedGateway(yamlFor(port, port)),
    await startClockedGateway(yamlFor(await freePort(), port)),
  ]
  const origin = `http://localhost:${port}`
  const { host } = new URL(origin)
  const caller = createVisitor()
  const ask: Pair['ask'] = (which, path, cookie, headers = {}) =>
    caller.ask(gateways[which].origin + path, { headers: { ...headers, host, cookie } })
  const pair: Pair = {
    ...{ origin, ask },
    forward(seconds) {
      for (const gateway of gateways) gateway.forward(seconds)
    },
    signOut: (which, cookie) =>
      caller.ask(`${gateways[which].origin}/.auth/logout`, { method: 'POST', headers: { host, origin, cookie } }),
    comeBack: (which, visitor, callback) =>
      ask(which, callback.slice(origin.length), visitor.cookies(origin).join('; '), navigation),
    log: () => gateways.flatMap((gateway) => gateway.log()),
    async close() {
      caller.close()
      for (const gateway of gateways) await gateway.close()
    },
  }
  await until('both know their store', async () => {
    const probes = ([0, 1] as const).map((which) => ask(which, '/', `${sid}=x`))
    return (await Promise.all(probes)).every(({ status }) => status === 401)
  })
  return pair
}

/** The Cookie header of the session that an answer gives; null where it gives none. */
export function sessionIn(reply: Reply): string | null {
  const [, value] = /__Host-sid=([^;,]+)/.exec((reply.headers['set-cookie'] ?? []).join('\n')) ?? []
  return value === undefined ? null : `${sid}=${value}`
}
