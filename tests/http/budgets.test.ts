/** Limits of the sign-in over the wire: who is stopped, who is not, and what is said. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attack } from '../attacks/attack.ts'
import { redisMissing, startRedis, type TestRedis, until } from '../redis.ts'
import { type Stage, type StageOptions, startStage } from '../stage.ts'
import { createVisitor, navigation, type Reply, type Visitor } from '../visitor.ts'
import { answerFor, begin, binding, cameBack, expectPage, givesSession, visit } from './scene.ts'

/** Behind a proxy on this machine that says who calls. */
function limited(limits: string, also: StageOptions = {}): () => Stage {
  let stage: Stage
  beforeAll(async () => {
    stage = await startStage({ ...also, server: `, trustedProxies: [127.0.0.1, '::1'], limits: ${limits}` })
  })
  afterAll(() => stage.close())
  return () => stage
}

const from = (address: string) => ({ 'x-forwarded-for': address })

/** How often somebody without cookies, at this address, is let begin a sign-in. */
async function begun(origin: string, address: string, attempts: number, path = '/x'): Promise<readonly Reply[]> {
  const visitor = createVisitor()
  const headers = { ...navigation, ...from(address), cookie: 'other=1' }
  const replies = await Promise.all(Array.from({ length: attempts }, () => visitor.ask(origin + path, { headers })))
  visitor.close()
  return replies
}
const count = (replies: readonly Reply[], status: number) => replies.filter((each) => each.status === status).length

describe('with a limit per caller', () => {
  const stage = limited('{ signIns: { perCaller: 20 }, failures: 5 }')
  const uwe = 'uwe@contoso.example'
  let visitor: Visitor
  beforeAll(() => {
    visitor = createVisitor()
  })
  afterAll(() => visitor.close())

  test('signIn stops a flood of 2,000 from one address, while another caller signs in', async () => {
    const { origin } = stage()
    const [flood, answer] = await Promise.all([
      begun(origin, '192.0.2.1', 2_000),
      cameBack(visitor, `${origin}/reports`, uwe),
    ])
    expect([count(flood, 302), count(flood, 429)]).toEqual([20, 1_980])
    expect(givesSession(await visit(visitor, answer))).toBe(true)
    const lines = stage()
      .log()
      .filter(({ event }) => event === 'too_many_requests')
    expect(lines).toEqual([
      expect.objectContaining({
        ...{ level: 'warn', limit: 'signIns.perCaller', refused: 1 },
        ...{ tenant: 'payroll', callerAddress: '192.0.2.1' },
      }),
    ])
    const metrics = await visitor.ask(`${stage().management}/metrics`)
    expect(metrics.body).toContain('sallyport_sign_ins_total{tenant="payroll",outcome="too_many_requests"} 1980')
    expect(metrics.body).toContain('sallyport_requests_total{tenant="payroll",outcome="too_many_requests"} 1980')
    expect(metrics.body).toContain('sallyport_requests_total{tenant="payroll",outcome="login"} 21')
  })

  test('signIn answers with a page and problem+json that say when to come again', async () => {
    const { origin } = stage()
    await begun(origin, '192.0.2.2', 20)
    const page = await visit(createVisitor(), `${origin}/.auth/login`, from('192.0.2.2'))
    expectPage(page, 429, 'too_many_requests')
    expect(Number(page.headers['retry-after'])).toBeGreaterThan(0)
    expect(Number(page.headers['retry-after'])).toBeLessThanOrEqual(60)
    expect(page.headers['set-cookie']).toBeUndefined()
  })

  for (const [what, path] of [
    ['a page that needs a session', '/reports?x=1'],
    ['the sign-in itself', '/.auth/login?return_to=/x&prompt=login'],
    ['the consent of an administrator', '/.auth/admin-consent'],
  ] as const) {
    test(`signIn counts ${what}`, async () => {
      const replies = await begun(stage().origin, `192.0.3.${path.length}`, 25, path)
      expect([count(replies, 302), count(replies, 429)]).toEqual([20, 5])
    })
  }

  test('signIn does not count what needs no sign-in', async () => {
    const { origin } = stage()
    for (const path of ['/public/x', '/optional', '/.auth/help/AADSTS50011', '/.auth/signed-out']) {
      expect(count(await begun(origin, '192.0.2.3', 30, path), 200), path).toBe(30)
    }
    const data = { accept: 'application/json', cookie: 'other=1', ...from('192.0.2.3') }
    for (let n = 0; n < 30; n++) expect((await visitor.ask(`${origin}/api`, { headers: data })).status).toBe(401)
    expect(count(await begun(origin, '192.0.2.3', 20), 302)).toBe(20)
  })

  test('signIn takes a /64 of IPv6 for one caller, and the next /64 for another', async () => {
    const { origin } = stage()
    const headers = (address: string) => ({ ...navigation, ...from(address), cookie: 'other=1' })
    const stranger = createVisitor()
    const ask = async (address: string) => (await stranger.ask(`${origin}/x`, { headers: headers(address) })).status
    for (let n = 1; n <= 20; n++) expect(await ask(`2001:db8:0:7::${n.toString(16)}`)).toBe(302)
    expect(await ask('2001:db8:0:7:ffff::1')).toBe(429)
    expect(await ask('2001:db8:0:8::1')).toBe(302)
    stranger.close()
  })

  test('signIn counts the address that a trusted proxy saw, not one that a caller claims (T18)', async () => {
    const { origin } = stage()
    const replies = await Promise.all(Array.from({ length: 25 }, (_, n) => begun(origin, `10.1.1.${n}, 192.0.2.9`, 1)))
    expect(count(replies.flat(), 429)).toBe(5)
  })

  test('signIn lets somebody on the way back through, and begin once more, in the middle of a flood', async () => {
    const { origin } = stage()
    const office = from('192.0.2.20')
    const colleague = createVisitor()
    const authorize = (await visit(colleague, `${origin}/reports`, office)).location
    await begun(origin, '192.0.2.20', 200)
    expect((await begun(origin, '192.0.2.20', 1))[0]?.status).toBe(429)
    // The tab beside, which the browser opens anew.
    expect((await visit(colleague, `${origin}/reports?tab=2`, office)).status).toBe(302)
    const answer = await answerFor(colleague, authorize, uwe)
    expect(givesSession(await visit(colleague, answer, office))).toBe(true)
    expect((await visit(colleague, `${origin}/reports`, office)).status).toBe(200)
    // Who is signed in may sign in otherwise.
    expect((await visit(colleague, `${origin}/.auth/login?prompt=select_account`, office)).status).toBe(302)
    colleague.close()
  })

  attack(
    'T95',
    'has collected proofs of having been here: they give one address no more than one more budget',
    async () => {
      const { origin } = stage()
      const proofs = (await begun(origin, '192.0.2.50', 20)).map(
        ({ headers }) => /__Host-login=[^;]+/.exec(String(headers['set-cookie']))?.[0] ?? '',
      )
      expect(new Set(proofs).size).toBe(20)
      const collector = createVisitor()
      const ask = (cookie: string, address: string) =>
        collector.ask(`${origin}/x`, { headers: { ...navigation, ...from(address), cookie } })
      const replies = await Promise.all(
        proofs.flatMap((cookie) => Array.from({ length: 20 }, () => ask(cookie, '192.0.2.50'))),
      )
      expect([count(replies, 302), count(replies, 429)]).toEqual([120, 280])
      // Who began elsewhere, or is signed in, has lost nothing by it.
      const colleague = createVisitor()
      await begin(colleague, `${origin}/x`)
      expect((await ask(`${binding}=${colleague.cookie(origin, binding)}`, '192.0.2.51')).status).toBe(302)
      expect(givesSession(await visit(colleague, await cameBack(colleague, `${origin}/reports`, uwe)))).toBe(true)
      const again = await visit(colleague, `${origin}/.auth/login?prompt=select_account`, from('192.0.2.50'))
      expect(again.status).toBe(302)
      for (const each of [collector, colleague]) each.close()
    },
  )

  test('signIn gives a known browser so much of its own, then what its address has, and nothing for a cookie that it wrote itself', async () => {
    const { origin } = stage()
    const colleague = createVisitor()
    await begin(colleague, `${origin}/x`)
    const cookie = `${binding}=${colleague.cookie(origin, binding)}`
    const headers = { ...navigation, ...from('192.0.2.30'), cookie }
    const ask = () => colleague.ask(`${origin}/x`, { headers })
    const replies = await Promise.all(Array.from({ length: 120 }, ask))
    expect(count(replies, 302)).toBe(120)
    expect(count(await begun(origin, '192.0.2.30', 15), 302)).toBe(15)
    const more = await Promise.all(Array.from({ length: 10 }, ask))
    expect([count(more, 302), count(more, 429)]).toEqual([5, 5])
    for (const forged of ['A'.repeat(22), `${'A'.repeat(22)}.zzzzzz.${'A'.repeat(22)}`]) {
      const own = { ...navigation, ...from('192.0.2.30'), cookie: `${binding}=${forged}` }
      expect((await colleague.ask(`${origin}/x`, { headers: own })).status).toBe(429)
    }
    colleague.close()
  })

  test('strayAnswer stops who tries answers out, and nobody with an answer of their own', async () => {
    const { origin } = stage()
    const office = from('192.0.2.40')
    const colleague = createVisitor()
    const authorize = (await visit(colleague, `${origin}/reports`, office)).location
    const answer = await answerFor(colleague, authorize, uwe)
    const stranger = createVisitor()
    for (const query of ['', '?code=x', '?state=x&code=x', '?error=access_denied', '?state=a.b.c&code=x']) {
      expect((await visit(stranger, `${origin}/.auth/callback${query}`, office)).status).toBe(400)
    }
    const refused = await visit(stranger, `${origin}/.auth/callback?state=x&code=x`, office)
    expectPage(refused, 429, 'too_many_requests')
    // Neither does the answer of somebody else begin a sign-in then.
    expect((await visit(stranger, answer, office)).status).toBe(429)
    // Nor does it take what tells them from their neighbours, which is gone after an hour: the answer is theirs.
    colleague.setCookie(origin, binding, (colleague.cookie(origin, binding) ?? '').slice(0, 22))
    expect(givesSession(await visit(colleague, answer, office))).toBe(true)
    stranger.close()
    colleague.close()
  })
})

describe('with limits of a tenant and overall', () => {
  const stage = limited('{ signIns: { perCaller: 8, perTenant: 10, overall: 16 } }', {
    tenants: `
  - name: wiki
    publicUrl: http://wiki.localhost:8080
    providers: [contoso]
    upstream: { url: 'http://127.0.0.1:9' }`,
  })

  test('signIn keeps a flood from many addresses to one tenant, and lets it use up nothing by what is refused', async () => {
    const { origin } = stage()
    const early = createVisitor()
    const authorize = await begin(early, `${origin}/reports`)
    const flood = await Promise.all(Array.from({ length: 40 }, (_, n) => begun(origin, `198.51.100.${n}`, 1)))
    expect(count(flood.flat(), 302)).toBe(9)
    const wiki = { ...navigation, host: 'wiki.localhost:8080', cookie: 'other=1' }
    const stranger = createVisitor()
    const others = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        stranger.ask(`${origin}/x`, { headers: { ...wiki, ...from(`203.0.113.${n}`) } }),
      ),
    )
    expect([count(others, 302), count(others, 429)]).toEqual([6, 6])
    const limits = stage()
      .log()
      .filter(({ event }) => event === 'too_many_requests')
      .map(({ limit }) => limit)
    expect(limits).toEqual(['signIns.perTenant', 'signIns.overall'])
    // Whoever had begun before goes on, and may begin anew: strangers cannot use that up.
    expect((await visit(early, `${origin}/reports?again`)).status).toBe(302)
    const answer = await answerFor(early, authorize, 'uwe@contoso.example')
    expect(givesSession(await visit(early, answer))).toBe(true)
    early.close()
    stranger.close()
  })
})

test('signIn counts on with the same numbers when the configuration is read again, and anew with others', async () => {
  const stage = await startStage({ server: ', limits: { signIns: { perCaller: 3 } }' })
  const visitor = createVisitor()
  const ask = async () =>
    (await visitor.ask(`${stage.origin}/x`, { headers: { ...navigation, cookie: 'other=1' } })).status
  for (const status of [302, 302, 302, 429]) expect(await ask()).toBe(status)
  stage.edit((yaml) => yaml.replace('name: Payroll', 'name: Wages'))
  expect(await ask()).toBe(429)
  stage.edit((yaml) => yaml.replace('perCaller: 3', 'perCaller: 0'))
  for (let n = 0; n < 20; n++) expect(await ask()).toBe(302)
  visitor.close()
  await stage.close()
})

describe.skipIf(redisMissing())('with two gateways on one Redis', () => {
  let redis: TestRedis
  let stages: readonly [Stage, Stage]
  beforeAll(async () => {
    redis = await startRedis()
    const session = `store: { type: redis, url: '${redis.url}', prefix: limits }`
    const server = `, trustedProxies: [127.0.0.1, '::1'], limits: { signIns: { perCaller: 20 }, failures: 5 }`
    stages = [await startStage({ session, server }), await startStage({ session, server })]
    await allReady()
  })
  afterAll(async () => {
    for (const stage of stages) await stage.close()
    await redis.stop()
  })
  const allReady = () =>
    until('both have their store', async () => {
      const visitor = createVisitor()
      const states = await Promise.all(stages.map(({ management }) => visitor.ask(`${management}/readyz`)))
      visitor.close()
      return states.every(({ body }) => body.includes('"sessionStore":"ready"'))
    })

  test('signIn counts at both together, and knows at the one who began at the other', async () => {
    const [one, other] = stages
    expect(count(await begun(one.origin, '192.0.2.1', 15), 302)).toBe(15)
    expect(count(await begun(other.origin, '192.0.2.1', 15), 302)).toBe(5)
    expect(count(await begun(one.origin, '192.0.2.1', 5), 429)).toBe(5)
    const names = await redis.client.keys('limits:limit:*')
    expect(names.length).toBeGreaterThan(0)
    for (const name of names) {
      expect(name).toMatch(/^limits:limit:[a-z-]+:[0-9a-f]{4}$/)
      expect(await redis.client.ttl(name)).toBeGreaterThan(0)
      expect(await redis.client.get(name)).toMatch(/^\d+$/)
    }
    const visitor = createVisitor()
    await begin(visitor, `${other.origin}/x`)
    const cookie = `${binding}=${visitor.cookie(other.origin, binding)}`
    const headers = { ...navigation, ...from('192.0.2.1'), cookie }
    expect((await visitor.ask(`${one.origin}/x`, { headers })).status).toBe(302)
    // Neither can use up what the others have, here too.
    for (const which of ['new', 'known']) {
      expect(await redis.client.keys(`limits:limit:sign-ins-${which}-tenant:*`), which).toHaveLength(1)
      expect(await redis.client.keys(`limits:limit:sign-ins-${which}-overall:*`), which).toHaveLength(1)
    }
    visitor.close()
  })

  test('signIn goes on without Redis, each for itself, and together again afterwards', async () => {
    const [one, other] = stages
    await redis.kill()
    for (const { origin } of stages) {
      const replies = await begun(origin, '192.0.2.50', 30)
      expect([count(replies, 302), count(replies, 429)]).toEqual([20, 10])
    }
    await redis.restart()
    await allReady()
    expect(count(await begun(one.origin, '192.0.2.60', 30), 302)).toBe(20)
    expect(count(await begun(other.origin, '192.0.2.60', 30), 302)).toBe(0)
  })
})
