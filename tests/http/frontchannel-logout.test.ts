/** Front-channel log-out over the wire: two gateways on one Redis, three tenants that share an app registration. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { attack } from '../attacks/attack.ts'
import { redisMissing, until } from '../redis.ts'
import { createVisitor, type Reply, type Visitor } from '../visitor.ts'
import { setCookies } from './scene.ts'
import { startTwoGateways, type TwoGateways } from './two-gateways.ts'

const ada = 'ada@contoso.example'
const tenantId = '0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30'
const unknownSid = '33333333-0000-4000-8000-000000000001'

/** As a browser sends it for a hidden frame of another site: without cookies. */
const framed = {
  accept: 'text/html',
  'sec-fetch-site': 'cross-site',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'iframe',
}

describe.skipIf(redisMissing())('frontchannelLogout', () => {
  let scene: TwoGateways
  let frame: Visitor
  const visitors: Visitor[] = []
  beforeAll(async () => {
    scene = await startTwoGateways()
    frame = createVisitor()
  })
  afterAll(async () => {
    for (const each of [frame, ...visitors]) each?.close()
    await scene?.close()
  })

  function visitor(): Visitor {
    const made = createVisitor()
    visitors.push(made)
    return made
  }

  /** Signs out at the provider, and gives the address that it opens in a frame. */
  async function frameOf(who: Visitor): Promise<string> {
    const page = await who.open(`${scene.emulator.origin}/${tenantId}/oauth2/v2.0/logout`)
    const [, address] = /<iframe[^>]* src="([^"]+)"/.exec(page.body) ?? []
    if (address === undefined) throw new Error(`no frame at ${page.url}: ${page.body.slice(0, 300)}`)
    return address.replaceAll('&amp;', '&')
  }

  const open = (address: string, headers = {}) => frame.ask(address, { headers: { ...framed, ...headers } })
  const address = (query: string, provider = 'contoso') =>
    `${scene.origin('payroll')}/.auth/frontchannel-logout/${provider}?${query}`

  function expectDone(reply: Reply): void {
    expect(reply.status).toBe(200)
    expect(reply.body).toBe('Done.\n')
    expect(reply.headers['cache-control']).toBe('no-store')
    expect(reply.headers['x-frame-options']).toBeUndefined()
    const policy = `default-src 'none'; frame-ancestors ${scene.emulator.origin}`
    expect(reply.headers['content-security-policy']).toBe(policy)
    expect(setCookies(reply)).toEqual([])
  }

  attack(
    ['T69', 'T73'],
    'frontchannelLogout ends the sessions of one sid at all tenants that share the registration, without a cookie, on every gateway',
    async () => {
      const [person, colleague] = [visitor(), visitor()]
      const hers = {
        payroll: await scene.signIn(person, 'payroll', ada),
        canteen: await scene.signIn(person, 'canteen', ada),
        wiki: await scene.signIn(person, 'wiki', ada),
      }
      // The same person in another browser has another session at the provider, which goes on.
      const elsewhere = await scene.signIn(colleague, 'payroll', ada)
      for (const tenant of ['payroll', 'canteen', 'wiki'] as const) {
        expect(await scene.accepts(tenant, hers[tenant])).toEqual([true, true])
      }
      expect(await scene.accepts('payroll', elsewhere)).toEqual([true, true])
      const opened = await frameOf(person)
      expect(opened).toMatch(
        /^http:\/\/payroll\.localhost:\d+\/\.auth\/frontchannel-logout\/contoso\?sid=[0-9a-f-]{36}$/,
      )
      expectDone(await open(opened))
      for (const tenant of ['payroll', 'canteen', 'wiki'] as const) await scene.refused(tenant, hers[tenant])
      expect(await scene.accepts('payroll', elsewhere)).toEqual([true, true])
      expect(scene.log()).toContainEqual(
        expect.objectContaining({
          event: 'signed_out_by_provider',
          channel: 'front',
          provider: 'contoso',
          sessions: 3,
        }),
      )
    },
  )

  test('frontchannelLogout takes the call at any tenant of the registration, by the name that it has there', async () => {
    for (const [tenant, provider] of [
      ['canteen', 'also-contoso'],
      ['wiki', 'own'],
    ] as const) {
      const person = visitor()
      const cookie = await scene.signIn(person, 'payroll', ada)
      const { search } = new URL(await frameOf(person))
      expectDone(await open(`${scene.origin(tenant)}/.auth/frontchannel-logout/${provider}${search}`))
      await scene.refused('payroll', cookie)
    }
  })

  attack('T101', 'frontchannelLogout cuts open WebSockets on the other gateway within a second', async () => {
    const server = new WebSocketServer({ server: scene.upstream.server })
    const person = visitor()
    const cookie = await scene.signIn(person, 'payroll', ada)
    const { host } = new URL(scene.origin('payroll'))
    const headers = { host, cookie, origin: scene.origin('payroll') }
    const socket = new WebSocket(`ws://127.0.0.1:${scene.secondPort}/x`, { headers })
    let closed = false
    socket.on('close', () => {
      closed = true
    })
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    expectDone(await open(await frameOf(person)))
    await until('the socket is cut', () => closed, 1000)
    server.close()
  })

  attack('T73', 'frontchannelLogout answers an unknown sid alike, and ends nothing', async () => {
    const cookie = await scene.signIn(visitor(), 'payroll', ada)
    expectDone(await open(address(`sid=${unknownSid}`)))
    expectDone(await open(address(`sid=${'x'.repeat(255)}`)))
    expect(await scene.accepts('payroll', cookie)).toEqual([true, true])
  })

  test('frontchannelLogout looks at iss where it is there, and acts for its own provider only', async () => {
    const person = visitor()
    const cookie = await scene.signIn(person, 'payroll', ada)
    const known = new URL(await frameOf(person)).searchParams.get('sid') ?? ''
    const { origin } = scene.emulator
    for (const wrong of [
      'https://login.microsoftonline.com/0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30/v2.0',
      `${origin}/11111111-2222-3333-4444-555555555555/v2.0`,
      `${origin}/${tenantId}/v2.0/`,
      `${origin}.evil.example/${tenantId}/v2.0`,
      '',
    ]) {
      expectDone(await open(address(new URLSearchParams({ sid: known, iss: wrong }).toString())))
      expect(await scene.accepts('payroll', cookie)).toEqual([true, true])
    }
    const right = new URLSearchParams({ iss: `${origin}/${tenantId}/v2.0`, sid: known.toUpperCase() })
    expectDone(await open(address(right.toString())))
    await scene.refused('payroll', cookie)
  })

  test('frontchannelLogout leaves alone whoever comes with a cookie: only the sid counts', async () => {
    const person = visitor()
    const cookie = await scene.signIn(person, 'payroll', ada)
    expectDone(await open(address(`sid=${unknownSid}`), { cookie }))
    expect(await scene.accepts('payroll', cookie)).toEqual([true, true])
  })

  for (const [what, query, status] of [
    ['no sid', '', 400],
    ['an empty sid', 'sid=', 400],
    ['two sids', `sid=${unknownSid}&sid=${unknownSid}`, 400],
    ['two issuers', `sid=${unknownSid}&iss=a&iss=b`, 400],
    ['a sid that no header could hold', 'sid=%00', 400],
    ['an endless sid', `sid=${'x'.repeat(256)}`, 400],
  ] as const) {
    test(`frontchannelLogout refuses ${what}`, async () => {
      expect((await open(address(query))).status).toBe(status)
    })
  }

  test('frontchannelLogout knows only providers that the tenant has, and only GET', async () => {
    for (const provider of ['also-contoso', 'own', 'wiki%2Fown', 'nobody', '', 'contoso/']) {
      expect((await open(address(`sid=${unknownSid}`, provider))).status, provider).toBe(404)
    }
    const posted = await frame.ask(address(`sid=${unknownSid}`), { method: 'POST', headers: framed })
    expect(posted.status).toBe(405)
  })

  attack('T73', 'frontchannelLogout stops a caller who tries sids out, and not for long', async () => {
    const answers = await Promise.all(Array.from({ length: 640 }, () => open(address(`sid=${unknownSid}`))))
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(600)
    const refused = answers.find(({ status }) => status === 429)
    expect(Number(refused?.headers['retry-after'])).toBeGreaterThan(0)
    expect(Number(refused?.headers['retry-after'])).toBeLessThanOrEqual(60)
    const lines = scene.log().filter(({ event }) => event === 'too_many_requests')
    expect(lines).toEqual([expect.objectContaining({ limit: 'failures', tenant: 'payroll' })])
  })
})
