import { afterAll, beforeAll, expect } from 'vitest'
import { binding, cameBack, expectPage, givesSession, parameter, sid, visit } from '../http/scene.ts'
import { bytesOf, openWire } from '../http/wire.ts'
import { impostor } from '../oidc/graph-scene.ts'
import { type PlainStage, signInAs, startPlainStage, typeName } from '../plain-stage.ts'
import { redisMissing, startRedis, type TestRedis, until } from '../redis.ts'
import { startStage } from '../stage.ts'
import { createVisitor, navigation, type Reply } from '../visitor.ts'
import { attack } from './attack.ts'
import { drip, endless, type HostileBody } from './hostile-streams.ts'

/** Sixteen bytes of a cookie's value, in base64url. */
const bytesIn = (value: string) => Buffer.from(value.slice(0, 22), 'base64url')

/** Which of the bits are set in far more, or far fewer, than half of these. By chance that is once in a billion runs. */
function lopsided(values: readonly Buffer[]): readonly number[] {
  return Array.from({ length: 128 }, (_, bit) => bit).filter((bit) => {
    const set = values.filter((value) => ((value[bit >> 3] ?? 0) >> (bit & 7)) & 1).length
    return Math.abs(set / values.length - 0.5) > 0.2
  })
}

attack('T54', 'found nothing to guess: bindings, nonces and sessions are sixteen random bytes or more', async () => {
  const stage = await startStage()
  const strangers = await Promise.all(
    Array.from({ length: 300 }, async () => {
      const visitor = createVisitor()
      const { location } = await visit(visitor, `${stage.origin}/x`)
      const cookie = visitor.cookie(stage.origin, binding) ?? ''
      visitor.close()
      return { cookie, nonce: parameter(location, 'nonce'), challenge: parameter(location, 'code_challenge') }
    }),
  )
  for (const values of [
    strangers.map(({ cookie }) => cookie),
    strangers.map(({ nonce }) => nonce),
    strangers.map(({ challenge }) => challenge),
  ]) {
    const bytes = values.map(bytesIn)
    expect(bytes.every(({ length }) => length === 16)).toBe(true)
    expect(new Set(bytes.map((each) => each.toString('hex'))).size).toBe(300)
    expect(lopsided(bytes)).toEqual([])
  }
  const person = createVisitor()
  const sessions: Buffer[] = []
  for (let n = 0; n < 40; n++) {
    const address = `${stage.origin}/.auth/login?prompt=select_account&return_to=/x`
    expect(givesSession(await visit(person, await cameBack(person, address, 'uwe@contoso.example')))).toBe(true)
    sessions.push(bytesIn(decodeURIComponent(person.cookie(stage.origin, sid) ?? '').slice(2)))
  }
  expect(new Set(sessions.map((each) => each.toString('hex'))).size).toBe(40)
  expect(sessions.every(({ length }) => length === 16)).toBe(true)
  // No bit is the same in all of them, but for a chance of one in four billion.
  expect(
    lopsided(sessions).filter(
      (bit) => new Set(sessions.map((each) => ((each[bit >> 3] ?? 0) >> (bit & 7)) & 1)).size === 1,
    ),
  ).toEqual([])
  person.close()
  await stage.close()
})

attack('T88', 'got no more memory for a form than a token takes, in however small pieces it came', async () => {
  const stage = await startPlainStage()
  const head = (how: string) =>
    bytesOf(stage.origin, 'POST /.auth/backchannel-logout/example', [
      'Content-Type: application/x-www-form-urlencoded',
      how,
    ])
  const announced = await openWire(stage.origin)
  announced.send(head('Content-Length: 20481'))
  // Refused by what it announces: nobody waits for it.
  expect((await announced.answer())?.status).toBe(400)
  announced.end()
  const wire = await openWire(stage.origin)
  wire.send(head('Transfer-Encoding: chunked'))
  for (let sent = 0; sent < 20_480; sent += 128) wire.send('1\r\nx\r\n'.repeat(128))
  wire.send('1\r\nx\r\n')
  expect((await wire.answer())?.status).toBe(400)
  wire.end()
  await stage.close()
})

const anna = 'auth0|anna'
/** Far more than an honest answer, far less than what does harm: what lies in the buffers of two sockets is in it. */
const mostTaken = 16 * 1_048_576

/** One stage for each endpoint of a provider: what is asked there, and how that ends. */
const endpoints: Readonly<Record<string, (stage: PlainStage) => Promise<Reply>>> = {
  '/.well-known/openid-configuration': async (stage) => {
    // Another provider to the gateway: it has to be looked up.
    stage.edit((yaml) => yaml.replace('[profile, email, groups]', '[profile, groups]'))
    return await createVisitor().open(`${stage.origin}/x`)
  },
  '/jwks': async (stage) => await signInAs(createVisitor(), `${stage.origin}/x`, anna),
  '/token': async (stage) => await signInAs(createVisitor(), `${stage.origin}/x`, anna),
  '/me': async (stage) => await signInAs(createVisitor(), `${stage.origin}/x`, anna),
}

/** Puts a hostile body into each endpoint's mouth. @returns how each ended, and how much was taken of it. */
async function attackEach(hostile: () => HostileBody): Promise<readonly (readonly [string, Reply, number])[]> {
  return await Promise.all(
    Object.entries(endpoints).map(async ([path, ask]) => {
      const stage = await startPlainStage()
      const bodies: HostileBody[] = []
      // The gateway knows the provider, so that the attack meets the endpoint that it is meant for.
      await createVisitor().open(`${stage.origin}/x`)
      stage.provider.tamper(path, (exchange) => {
        const made = hostile()
        bodies.push(made)
        exchange.status = 200
        exchange.type = 'application/json'
        exchange.body = made.body
      })
      const reply = await ask(stage)
      expect(bodies.length, path).toBeGreaterThan(0)
      await until(`${path} is let go`, () => bodies.every(({ body }) => body.destroyed))
      stage.provider.tamper(path, null)
      await until(`${path} serves again`, async () => {
        const visitor = createVisitor()
        const page = await visitor.open(`${stage.origin}/x`)
        const signedIn = page.status === 200 ? await typeName(visitor, page, anna) : page
        visitor.close()
        return signedIn.status === 200
      })
      await stage.close()
      return [path, reply, bodies.reduce((sum, { taken }) => sum + taken(), 0)] as const
    }),
  )
}

attack(
  'T88',
  'took no more of an endless answer of a provider than room is for, at none of its endpoints',
  async () => {
    for (const [path, { status }, taken] of await attackEach(endless)) {
      expect([502, 503], path).toContain(status)
      expect(taken, path).toBeLessThan(mostTaken)
    }
  },
  60_000,
)

attack(
  'T88',
  'did not wait for an answer of a provider that comes a byte at a time, at none of its endpoints',
  async () => {
    for (const [path, { status }] of await attackEach(drip)) expect([502, 503], path).toContain(status)
  },
  60_000,
)

attack(
  'T88',
  'neither took an endless answer of Microsoft Graph nor waited for one that never ends',
  async () => {
    await Promise.all(
      [endless, drip].map(async (hostile) => {
        const bodies: HostileBody[] = []
        const graph = await impostor((_request, response) => {
          const made = hostile()
          bodies.push(made)
          response.writeHead(200, { 'content-type': 'application/json' })
          response.on('close', () => made.body.destroy())
          made.body.pipe(response)
        })
        const headers = "presets: [x-forwarded]\nset: { X-Department: '{graph.department}' }"
        const stage = await startStage({ graph: graph.origin, headers })
        const visitor = createVisitor()
        const answer = await cameBack(visitor, `${stage.origin}/x`, 'uwe@contoso.example')
        expectPage(await visit(visitor, answer), 503, 'graph_unreachable')
        await until('Graph is let go', () => bodies.length > 0 && bodies.every(({ body }) => body.destroyed))
        if (hostile === endless) {
          // Asked three times at the most.
          expect(bodies.reduce((sum, { taken }) => sum + taken(), 0)).toBeLessThan(3 * mostTaken)
        }
        visitor.close()
        await stage.close()
        graph.close()
      }),
    )
  },
  60_000,
)

if (!redisMissing()) {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  attack(
    'T95',
    'wrote nothing but nameless counters for a minute, with 5,000 sign-ins begun from 5,000 networks',
    async () => {
      const stage = await startStage({
        session: `store: { type: redis, url: '${redis.url}', prefix: full }`,
        server: ", trustedProxies: [127.0.0.1, '::1']",
      })
      const visitor = createVisitor()
      await until('Redis is there', async () =>
        (await visitor.ask(`${stage.management}/readyz`)).body.includes('"sessionStore":"ready"'),
      )
      // The longest that can be asked for: too long for `state`, so each would have to be kept.
      const long = `/x?${'a'.repeat(6_000)}`
      for (let from = 0; from < 5_000; from += 100) {
        const replies = await Promise.all(
          Array.from({ length: 100 }, (_, n) => {
            const who = { 'x-forwarded-for': `2001:db8:${(from + n).toString(16)}::1`, cookie: 'other=1' }
            return visitor.ask(stage.origin + long, { headers: { ...navigation, ...who } })
          }),
        )
        expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([302]))
      }
      const names = await redis.client.keys('full:*')
      const counters = names.filter((name) => name.startsWith('full:limit:'))
      const kept = names.filter((name) => name.startsWith('full:kept:'))
      expect(counters.length + kept.length).toBe(names.length)
      expect(counters.length).toBeLessThanOrEqual(5_002)
      for (const name of counters) expect(name).toMatch(/^full:limit:[a-z-]+:[0-9a-f]{4}$/)
      // In one minute, or two that meet.
      expect(kept.length).toBeLessThanOrEqual(240)
      visitor.close()
      await stage.close()
    },
    60_000,
  )
}
