import type { IncomingMessage } from 'node:http'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { startClockedStage } from '../http/clocked.ts'
import { comeIn, type GlassScene, password, startGlass, submit, toForm } from '../http/glass-scene.ts'
import { givesSession, parameter, sid, visit, withParameter } from '../http/scene.ts'
import { startRedis, type TestRedis, until } from '../redis.ts'
import type { Upstream } from '../stage.ts'
import { createVisitor, navigation, signIn, type Visitor } from '../visitor.ts'
import { attack } from './attack.ts'

let redis: TestRedis
let scene: GlassScene
const visitors: Visitor[] = []
const sockets: WebSocket[] = []
const right = { name: 'anna', password }
const wrong = { name: 'anna', password: 'wrong horse battery staple' }
const visitor = (): Visitor => {
  const made = createVisitor()
  visitors.push(made)
  return made
}
/** As a trusted proxy in front says it. */
const from = (address: string) => ({ 'x-forwarded-for': address })

beforeAll(async () => {
  redis = await startRedis()
  scene = await startGlass({
    session: `store: { type: redis, url: '${redis.url}', prefix: glass }`,
    two: true,
    upstream: acceptWebSockets,
  })
  scene.open()
  await scene.isOpen(true)
})
afterEach(() => {
  for (const each of visitors.splice(0)) each.close()
  for (const each of sockets.splice(0)) each.terminate()
})
afterAll(async () => {
  await scene.close()
  await redis.stop()
})

function acceptWebSockets({ server }: Upstream): void {
  const accepting = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request: IncomingMessage, socket, head) => {
    accepting.handleUpgrade(request, socket, head, (opened) => {
      opened.on('error', () => {})
      opened.send('hello')
    })
  })
}

/** The address with the code, which this visitor has earned and not yet opened. */
async function earnCode(browser: Visitor): Promise<string> {
  const sent = await submit(browser, await toForm(browser, scene), right)
  expect(sent.status).toBe(303)
  return sent.location
}

/** The same request to the other gateway. */
async function atSecond(browser: Visitor, url: string) {
  const { host } = new URL(url)
  const [origin, path] = [`http://${host}`, url.slice(new URL(url).origin.length)]
  const headers = { ...navigation, host, cookie: browser.cookies(origin).join('; ') }
  return await browser.ask(`${scene.second?.origin ?? ''}${path}`, { headers })
}

attack('T46', 'is of no use in another browser, at another tenant, a second time, or a minute later', async () => {
  const [victim, thief] = [visitor(), visitor()]
  const stolen = await earnCode(victim)
  // With nothing, and with a binding cookie of its own.
  expect(givesSession(await visit(thief, stolen))).toBe(false)
  await toForm(thief, scene)
  expect(givesSession(await visit(thief, stolen))).toBe(false)
  const elsewhere = await visit(victim, stolen.replace('payroll.', 'canteen.'))
  expect([elsewhere.status, givesSession(elsewhere)]).toEqual([404, false])
  // None of that has used it up.
  expect(givesSession(await visit(victim, stolen))).toBe(true)
  expect(givesSession(await visit(victim, stolen))).toBe(false)
  const late = await earnCode(victim)
  scene.gateway.forward(61)
  scene.second?.forward(61)
  expect(givesSession(await visit(victim, late))).toBe(false)
})

attack('T46', 'is taken once by two gateways that are asked at the same time', async () => {
  const victim = visitor()
  const url = await earnCode(victim)
  const answers = await Promise.all([
    ...Array.from({ length: 4 }, () => visit(victim, url)),
    ...Array.from({ length: 4 }, () => atSecond(victim, url)),
  ])
  expect(answers.filter(givesSession)).toHaveLength(1)
  expect(answers.filter(({ status }) => status === 400 || status === 503)).not.toHaveLength(8)
})

attack('T46', 'opens nothing once a character of it is changed, or with the transaction of somebody else', async () => {
  const browser = visitor()
  const url = await earnCode(browser)
  const [code, state] = [parameter(url, 'code'), parameter(url, 'state')]
  const other = parameter(await earnCode(browser), 'state')
  const flipped = code.slice(0, -3) + (code.at(-3) === 'A' ? 'B' : 'A') + code.slice(-2)
  for (const forged of [
    ...[withParameter(url, 'code', flipped), withParameter(url, 'code', null), withParameter(url, 'code', state)],
    ...[withParameter(url, 'state', other), withParameter(url, 'state', null), withParameter(url, 'state', code)],
    ...[`${url}&code=${code}`, `${url}&state=${state}`],
  ]) {
    expect(givesSession(await visit(browser, forged)), forged).toBe(false)
  }
  // Nor is the transaction of one way worth anything on the other.
  const callback = `${scene.origin}/.auth/callback?${new URLSearchParams({ state, code: 'x' })}`
  expect(givesSession(await visit(browser, callback))).toBe(false)
  const login = await visit(browser, `${scene.origin}/x`)
  const ordinary = parameter(login.location, 'state')
  expect(ordinary).not.toBe('')
  expect(givesSession(await visit(browser, withParameter(url, 'state', ordinary)))).toBe(false)
})

attack(
  'T54',
  'is stopped by address after ten guesses, on both gateways together, while others are let in',
  async () => {
    const [guesser, other] = [visitor(), visitor()]
    const form = await toForm(guesser, scene)
    const statuses: number[] = []
    for (let guesses = 0; guesses < 11; guesses += 1) {
      const failed = await submit(guesser, form, { ...wrong, name: `guess-${guesses}` }, from('198.51.100.7'))
      statuses.push(failed.status)
      if (failed.status === 429) expect(Number(failed.headers['retry-after'])).toBeGreaterThan(500)
    }
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 403), 429])
    // Not even with the right password, nor at the second gateway.
    expect((await submit(guesser, form, right, from('198.51.100.7'))).status).toBe(429)
    const seconds = { ...form, url: form.url.replace(scene.console, scene.second?.origin ?? '') }
    const headers = { ...from('198.51.100.7'), host: new URL(scene.console).host, origin: scene.console }
    const cookie = guesser.cookies(scene.console).join('; ')
    expect((await submit(guesser, seconds, right, { ...headers, cookie })).status).toBe(429)
    expect((await submit(other, await toForm(other, scene), right, from('198.51.100.8'))).status).toBe(303)
    // One network of IPv6 is one caller, and a stopped caller does not use up what others have for a name.
    for (let guesses = 0; guesses < 40; guesses += 1) await submit(guesser, form, wrong, from('198.51.100.7'))
    expect((await submit(other, await toForm(other, scene), right, from('198.51.100.8'))).status).toBe(303)
  },
  60_000,
)

attack(
  'T54',
  'is stopped by name after thirty guesses from thirty networks, in whatever spelling',
  async () => {
    const spellings = ['bert', 'BERT', ' bert ', 'Bert', 'ｂｅｒｔ', 'b e r t', 'be\u200brt', 'bert\u00a0', '\tbErT']
    const guesser = visitor()
    const form = await toForm(guesser, scene)
    const guess = (name: string, index: number) =>
      submit(guesser, form, { ...wrong, name }, from(`2001:db8:${index.toString(16)}::1`))
    // A few at a time: whoever asks more at once is told to wait, and that counts for nothing.
    for (let index = 0; index < 30; index += 5) {
      const answers = await Promise.all(
        Array.from({ length: 5 }, (_, more) => guess(spellings[(index + more) % spellings.length] ?? '', index + more)),
      )
      expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403])
    }
    for (const name of spellings) expect((await guess(name, 31)).status).toBe(429)
    expect((await submit(guesser, form, { name: 'bert', password }, from('2001:db8:ff::1'))).status).toBe(429)
    expect((await submit(guesser, form, right, from('2001:db8:ff::1'))).status).toBe(303)
  },
  60_000,
)

attack(
  'T54',
  'cannot take the processor and the memory with many guesses at once, nor shut anybody out so',
  async () => {
    const guesser = visitor()
    const form = await toForm(guesser, scene)
    const guess = (index: number) => submit(guesser, form, { ...wrong, name: 'nobody' }, from(`203.0.113.${index}`))
    const answers = await Promise.all(Array.from({ length: 60 }, (_, index) => guess(index)))
    const looked = answers.filter(({ status }) => status === 403).length
    expect(looked).toBeLessThan(30)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(60 - looked)
    // Those that were not looked at count for nothing, at this name or any other.
    expect((await guess(100)).status).toBe(403)
    expect((await submit(guesser, form, right, from('203.0.113.200'))).status).toBe(303)
  },
)

attack('T118', 'finds no form on the origin of an application, and may not send that of the console', async () => {
  const browser = visitor()
  // What is the application's stays the application's: the console's address is one of its own there.
  const here = await visit(browser, `${scene.origin}/break-glass/payroll?state=x`)
  expect(new URL(here.location).pathname).toContain('/authorize')
  // And nothing of any tenant is on the console's host.
  const before = scene.upstream.seen.length
  await comeIn(browser, scene)
  const cookie = `${sid}=${browser.cookie(scene.origin, sid)}`
  for (const path of ['/x', '/public/x', '/.auth/me', '/.auth/login', '/.auth/logout', '/.auth/callback']) {
    const answer = await browser.ask(scene.console + path, { headers: { ...navigation, cookie } })
    expect([path, answer.status]).toEqual([path, 404])
  }
  expect(scene.upstream.seen).toHaveLength(before)
  const form = await toForm(browser, scene)
  expect(form.headers['content-security-policy']).toMatch(/default-src 'none'.*frame-ancestors 'none'/)
  for (const headers of [
    { origin: scene.origin, 'sec-fetch-site': 'same-site' },
    { origin: scene.console, 'sec-fetch-site': 'cross-site' },
    { origin: 'null', 'sec-fetch-site': 'same-origin' },
  ]) {
    const sent = await submit(browser, form, right, headers)
    expect([headers.origin, sent.status]).toEqual([headers.origin, 403])
    expect(sent.location).toBe('')
  }
  // With its own token, and not the cookie of the browser that it was shown to.
  const stranger = await submit(visitor(), form, right)
  expect([stranger.status, stranger.location]).toEqual([200, ''])
  expect((await submit(browser, form, right)).status).toBe(303)
})

attack('T83', 'is refused on every way at once: page, endpoint, open WebSocket, and a sign-in under way', async () => {
  const [anna, late, typing] = [visitor(), visitor(), visitor()]
  await comeIn(anna, scene)
  expect((await visit(anna, `${scene.origin}/admin`)).status).toBe(200)
  const chat = new WebSocket(`${scene.origin.replace('http', 'ws').replace('payroll.localhost', 'localhost')}/chat`, {
    headers: { host: new URL(scene.origin).host, origin: scene.origin, cookie: anna.cookies(scene.origin).join('; ') },
  })
  sockets.push(chat)
  let state = 'opening'
  chat.on('message', () => {
    state = 'open'
  })
  chat.on('error', () => {})
  chat.on('close', () => {
    state = 'cut'
  })
  await until('the greeting', () => state === 'open')
  const code = await earnCode(late)
  const form = await toForm(typing, scene)
  scene.gateway.edit((yaml) => yaml.replace(/ {4}- \{ name: anna, .*\n/, ''))
  expect((await visit(anna, `${scene.origin}/admin`)).status).toBe(302)
  for (const path of ['me', 'session', 'explain', 'me/photo']) {
    const answer = await anna.ask(`${scene.origin}/.auth/${path}`)
    expect([path, answer.status === 401 || answer.status === 404]).toEqual([path, true])
  }
  await until('the WebSocket is cut', () => state === 'cut')
  const arrived = await visit(late, code)
  expect([arrived.status, givesSession(arrived)]).toEqual([400, false])
  expect((await submit(typing, form, right, from('192.0.2.9'))).status).toBe(403)
  const said = scene.gateway.log().filter(({ event }) => event === 'break_glass_refused')
  expect(said.at(-1)).toMatchObject({ why: 'name' })
})

attack('T83', 'is refused on every way once the directory has switched the account off', async () => {
  const stage = await startClockedStage('revalidate: 10m', { tenant: 'photo: true' })
  acceptWebSockets(stage.upstream)
  const [ada, uwe] = [visitor(), visitor()]
  await signIn(ada, `${stage.origin}/x`, 'ada@contoso.example')
  await signIn(uwe, `${stage.origin}/x`, 'uwe@contoso.example')
  const chat = new WebSocket(`${stage.origin.replace('http', 'ws')}/chat`, {
    headers: { origin: stage.origin, cookie: uwe.cookies(stage.origin).join('; ') },
  })
  sockets.push(chat)
  let state = 'opening'
  chat.on('message', () => {
    state = 'open'
  })
  chat.on('error', () => {})
  chat.on('close', () => {
    state = 'cut'
  })
  await until('the greeting', () => state === 'open')
  stage.emulator.control.changePerson('uwe@contoso.example', { enabled: false })
  stage.forward(601)
  const ways = ['/x', '/optional/x', '/.auth/me', '/.auth/session', '/.auth/explain', '/.auth/me/photo']
  const asked = await Promise.all(ways.map((path) => uwe.ask(stage.origin + path)))
  expect(asked.map(({ status }) => status)).toEqual([401, 200, 401, 401, 401, 401])
  expect(stage.upstream.seen.at(-1)?.headers).not.toHaveProperty('x-forwarded-user')
  await until('the WebSocket is cut', () => state === 'cut', 15_000)
  expect((await ada.ask(`${stage.origin}/.auth/me`)).status).toBe(200)
  await stage.close()
})
