import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { type ClockedGateway, startClockedGateway } from '../http/clocked.ts'
import { answerFor, givesSession, sid, visit } from '../http/scene.ts'
import { redisMissing, startRedis, type TestRedis } from '../redis.ts'
import { freePort, stageYaml, startUpstream, type Upstream } from '../stage.ts'
import { createVisitor, type Visitor } from '../visitor.ts'

const uwe = 'uwe@contoso.example'
const old = 'a-session-secret-of-the-tests-0123456789abcdef'
const fresh = 'another-session-secret-of-the-tests-0123456789'

describe.skipIf(redisMissing())('a new secret that two replicas see a minute apart', () => {
  let redis: TestRedis
  let emulator: Emulator
  let upstream: Upstream
  let port: number
  const gateways: ClockedGateway[] = []
  const secondPorts: number[] = []

  const yaml = (listensAt: number, secrets: string) =>
    stageYaml({
      ...{ port: listensAt, publicUrl: () => `http://localhost:${port}` },
      ...{ upstream: upstream.origin, authority: emulator.origin },
      session: `store: { type: redis, url: '${redis.url}' }`,
    }).replace(`[${old}]`, secrets)

  beforeAll(async () => {
    ;[redis, emulator, upstream, port] = await Promise.all([
      startRedis(),
      startEmulator({ port: 0, application: { loopLimit: null } }),
      startUpstream(),
      freePort(),
    ])
    secondPorts.push(port, await freePort())
    for (const each of secondPorts) gateways.push(await startClockedGateway(yaml(each, `[${old}]`)))
  })
  afterAll(async () => {
    for (const gateway of gateways) await gateway.close()
    await upstream.close()
    await emulator.close()
    await redis.stop()
  })

  /** The same browser at one of the two: a balancer sends it wherever it likes. */
  const at = (which: number, url: string) => url.replace(`localhost:${port}`, `localhost:${secondPorts[which]}`)
  const host = () => ({ host: `localhost:${port}` })

  async function statusAt(which: number, cookie: string): Promise<number> {
    const stranger = createVisitor()
    const { status } = await stranger.ask(at(which, `http://localhost:${port}/x`), { headers: { ...host(), cookie } })
    stranger.close()
    return status
  }

  /** Begins at the one and ends at the other. @returns the Cookie header. */
  async function signInAcross(visitor: Visitor, begun: number, ended: number): Promise<string> {
    const first = await visitor.ask(at(begun, `http://localhost:${port}/.auth/login?prompt=login`), {
      headers: { ...host(), 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' },
    })
    const binding = visitor.cookie(at(begun, `http://localhost:${port}`), '__Host-login') ?? ''
    const answer = await answerFor(visitor, first.location, uwe)
    const reply = await visit(visitor, at(ended, answer), { ...host(), cookie: `__Host-login=${binding}` })
    expect(givesSession(reply), `${begun} to ${ended}: ${reply.status}`).toBe(true)
    const value = /__Host-sid=([^;]*)/.exec(String(reply.headers['set-cookie']))?.[1]
    return `${sid}=${value}`
  }

  for (const [order, first, second] of [
    ['the first hears of it first', 0, 1],
    ['the second hears of it first', 1, 0],
  ] as const) {
    test(`logs nobody out and lets nobody in, also on the way to the provider, where ${order}`, async () => {
      for (const [which, gateway] of gateways.entries()) gateway.reload(yaml(secondPorts[which] ?? 0, `[${old}]`))
      const visitors = [createVisitor(), createVisitor(), createVisitor(), createVisitor(), createVisitor()]
      const [a, b, c, d, e] = visitors as [Visitor, Visitor, Visitor, Visitor, Visitor]
      const cookies = [await signInAcross(a, 0, 1)]
      const expectAll = async () => {
        for (const cookie of cookies) {
          expect([await statusAt(0, cookie), await statusAt(1, cookie)]).toEqual([200, 200])
        }
      }
      gateways[first]?.reload(yaml(secondPorts[first] ?? 0, `[${fresh}, ${old}]`))
      await expectAll()
      // For a minute the one knows what the other does not.
      cookies.push(await signInAcross(b, 0, 1), await signInAcross(c, 1, 0))
      await expectAll()
      for (const gateway of gateways) gateway.forward(60)
      gateways[second]?.reload(yaml(secondPorts[second] ?? 0, `[${fresh}, ${old}]`))
      cookies.push(await signInAcross(d, 0, 1), await signInAcross(e, 1, 0))
      await expectAll()
      for (const gateway of gateways) gateway.forward(70)
      // By now the one seals with the new secret, and the other does not yet.
      cookies.push(await signInAcross(b, 0, 1), await signInAcross(c, 1, 0))
      for (const gateway of gateways) gateway.forward(60)
      cookies.push(await signInAcross(d, first, second), await signInAcross(e, second, first))
      expect(await statusAt(0, cookies[0] ?? '')).toBe(200)
      // Whoever is still of the old secret is nobody once it is gone; everybody else stays.
      for (const [which, gateway] of gateways.entries()) gateway.reload(yaml(secondPorts[which] ?? 0, `[${fresh}]`))
      expect([await statusAt(0, cookies[0] ?? ''), await statusAt(1, cookies[0] ?? '')]).toEqual([401, 401])
      const last = cookies.at(-1) ?? ''
      expect([await statusAt(0, last), await statusAt(1, last)]).toEqual([200, 200])
      for (const visitor of visitors) visitor.close()
    })
  }
})
