/** Forms that are kept through a sign-in, as somebody would use them who has no right to. */
import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import { asked, comeBack, leadsTo, post, uwe } from '../http/forms.ts'
import { expectPage, setCookies, sid, visit } from '../http/scene.ts'
import { bytesOf, speak } from '../http/wire.ts'
import { redisMissing, startRedis, type TestRedis, until } from '../redis.ts'
import { type Stage, startStage } from '../stage.ts'
import { choosePerson, createVisitor, navigation, signIn, type Visitor } from '../visitor.ts'
import { attack } from './attack.ts'

const withRedis = !redisMissing()
let redis: TestRedis | null = null
let stage: Stage
let visitor: Visitor

beforeAll(async () => {
  redis = withRedis ? await startRedis() : null
  stage = await startStage({
    session: redis === null ? 'store: { type: memory }' : `store: { type: redis, url: '${redis.url}', prefix: kept }`,
    server: ', trustedProxies: [127.0.0.1]',
  })
  const probe = createVisitor()
  await until('the store', async () =>
    (await probe.ask(`${stage.management}/readyz`)).body.includes('"sessionStore":"ready"'),
  )
  probe.close()
})
afterAll(async () => {
  visitor.close()
  await stage.close()
  await redis?.stop()
})
beforeEach(() => {
  visitor?.close()
  visitor = createVisitor()
})

const at = (path: string) => stage.origin + path
const formCookie = '__Host-form'
const form = 'application/x-www-form-urlencoded'
const posted = () => stage.upstream.seen.filter(({ method }) => method === 'POST')
const names = async () => (redis === null ? [] : await redis.client.keys('kept:kept:*'))
const kept = () => stage.log().filter(({ event }) => event === 'form_kept').length

attack('T127', 'is not kept by whatever another site can make a browser send', async () => {
  const [before, stored] = [posted().length, kept()]
  const theirs = { ...navigation, 'content-type': form }
  for (const headers of [
    { ...theirs, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    { ...theirs, 'sec-fetch-site': 'cross-site', origin: 'null' },
    { ...theirs, 'sec-fetch-site': 'cross-site' },
    { ...theirs, 'sec-fetch-site': 'same-site', origin: 'https://sibling.localhost' },
    { ...theirs, 'sec-fetch-site': 'none' },
    { ...theirs, 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' },
    // An old browser, which says nothing but where the form stood.
    { accept: 'text/html', 'content-type': form, origin: 'https://evil.example' },
    { accept: 'text/html', 'content-type': form, origin: 'null' },
    { accept: 'text/html', 'content-type': form, origin: `${stage.origin}.evil.example` },
    { accept: 'text/html', 'content-type': form, referer: at('/form') },
  ]) {
    const reply = await visitor.ask(at('/transfer'), { method: 'POST', headers, body: 'to=evil' })
    expectPage(reply, 401, 'login_required')
    expect(setCookies(reply)).toEqual([])
  }
  expect([posted().length, kept(), await names()]).toEqual([before, stored, []])
})

attack('T127', 'is not sent by another site either, nor without the word of our own page', async () => {
  const { url, placeholder, page } = await comeBack(visitor, await post(visitor, at('/save'), 'a=b'), uwe)
  const before = posted().length
  const headers = { ...navigation, 'content-type': form, origin: 'https://evil.example' }
  // It passes on, for the application to judge as ever, what is no word of ours: sixty bytes that mean nothing.
  await visitor.ask(url, { method: 'POST', headers: { ...headers, 'sec-fetch-site': 'cross-site' }, body: placeholder })
  for (const { body } of posted().slice(before)) expect(body).toBe(placeholder)
  const seen = posted().length
  const [id = ''] = placeholder.replace('sallyport-form=', '').split('.')
  for (const proof of ['A'.repeat(22), 'b'.repeat(22)])
    expectPage(await post(visitor, url, `sallyport-form=${id}.${proof}`), 403, 'form_of_another')
  expectPage(await post(visitor, at('/elsewhere'), placeholder), 410, 'form_gone')
  expectPage(await post(visitor, `${url}?x`, placeholder), 410, 'form_gone')
  const elsewhere = { method: 'POST', headers: { ...headers, 'sec-fetch-site': 'cross-site' }, body: placeholder }
  expectPage(await visitor.ask(at('/.auth/form'), elsewhere), 403, 'cross_site_refused')
  // All the while it waits for its sender.
  expect(posted()).toHaveLength(seen)
  await asked(await visit(visitor, page.url)).send(visitor)
  expect(posted().at(-1)).toMatchObject({ url: '/save', body: 'a=b' })
})

attack('T127', 'is of no use in another browser, with the address or all that the page says', async () => {
  const { page, url, placeholder } = await comeBack(visitor, await post(visitor, at('/save'), 'a=b'), uwe)
  const thief = createVisitor()
  await signIn(thief, at('/x'), uwe)
  const before = posted().length
  expectPage(await visit(thief, page.url), 410, 'form_gone')
  thief.setCookie(stage.origin, formCookie, 'A'.repeat(22))
  expectPage(await visit(thief, page.url), 410, 'form_gone')
  expectPage(await post(thief, url, placeholder), 403, 'form_of_another')
  expect(posted()).toHaveLength(before)
  thief.close()
})

attack('T49', 'arrives whole or not at all, once, and is shown by no page, whatever stands in it', async () => {
  const bodies = ['', '<script>alert(1)</script>', 'a=\0\xff\r\n\r\nGET / HTTP/1.1\r\n\r\n', 'x'.repeat(900_000)]
  for (const body of bodies) {
    const reply = await post(visitor, at('/save?"><script>=1'.replaceAll(/["<>]/g, encodeURIComponent)), body)
    const { page, send } = await comeBack(visitor, reply, uwe)
    for (const shown of [reply, page]) {
      expect(shown.body).not.toContain('<script')
      expect(shown.headers['content-security-policy']).toContain("default-src 'none'")
      expect(shown.headers['cache-control']).toBe('no-store')
    }
    const before = posted().length
    await send(visitor)
    expect(posted()).toHaveLength(before + 1)
    expect(posted().at(-1)?.headers['content-length']).toBe(String(Buffer.byteLength(body)))
    expectPage(await send(visitor), 409, 'form_sent')
    expect(posted()).toHaveLength(before + 1)
    visitor.setCookie(stage.origin, sid, null)
  }
})

attack('T49', 'skips no step of the walk: role, method and route are judged when it is sent', async () => {
  const before = posted().length
  const { send } = await comeBack(visitor, await post(visitor, at('/admin/x'), 'a=b'), uwe)
  expectPage(await send(visitor), 403, 'role_missing')
  expectPage(await post(visitor, at('/reports'), 'a=b'), 405, 'method_refused')
  expectPage(await post(visitor, at('/admin/../x'), 'a=b'), 400, 'path_refused')
  expect(posted()).toHaveLength(before)
})

attack('T49', 'is read by nobody who has the store, and bound to the host and the place it was for', async () => {
  const { page, send } = await comeBack(visitor, await post(visitor, at('/save'), 'pin=4711'), uwe)
  const found = await names()
  if (redis !== null) {
    expect(found.length).toBeGreaterThanOrEqual(2)
    const values = await redis.client.mget(found)
    const secret = visitor.cookie(stage.origin, formCookie) ?? ''
    for (const text of [...found, ...values.map(String)]) {
      // With a sign that no sealed text has: four letters alone could stand in one by chance.
      expect(text).not.toContain('=4711')
      expect(text).not.toContain('/save')
      expect(text).not.toContain(secret)
    }
    // Swapped among themselves, they open nothing.
    for (const [index, name] of found.entries()) await redis.client.set(name, values.at(index - 1) ?? '', 'KEEPTTL')
    expectPage(await visit(visitor, page.url), 410, 'form_gone')
    for (const [index, name] of found.entries()) await redis.client.set(name, values[index] ?? '', 'KEEPTTL')
  }
  await send(visitor)
  expect(posted().at(-1)).toMatchObject({ body: 'pin=4711' })
})

attack(
  'T53',
  'begins no sign-in and is not kept, where a script, a frame, an image or a prefetch has sent it',
  async () => {
    const stored = kept()
    const own = { 'sec-fetch-site': 'same-origin', 'content-type': form, origin: stage.origin }
    for (const headers of [
      { ...own, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
      { ...own, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
      { ...own, ...navigation, 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'iframe' },
      { ...own, ...navigation, 'sec-fetch-site': 'same-origin', 'sec-purpose': 'prefetch' },
      { ...own, ...navigation, 'sec-fetch-site': 'same-origin', 'x-requested-with': 'XMLHttpRequest' },
      { ...own, accept: 'application/json' },
      { ...own, ...navigation, 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' },
    ]) {
      const reply = await visitor.ask(at('/x'), { method: 'POST', headers, body: 'a=b' })
      expect([reply.status, reply.headers.location, setCookies(reply)]).toEqual([401, undefined, []])
    }
    for (const method of ['PUT', 'DELETE', 'PATCH']) {
      const headers = { ...own, ...navigation, 'sec-fetch-site': 'same-origin' }
      expect((await visitor.ask(at('/x'), { method, headers, body: 'a=b' })).status).toBe(401)
    }
    expect(kept()).toBe(stored)
  },
)

attack(
  'T95',
  'fills no more of the store than a quarter of what is for forms, by one caller of many addresses',
  async () => {
    const lines = (address: string) => [
      ...['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Site: same-origin', `Content-Type: ${form}`, 'Accept: text/html'],
      ...[`X-Forwarded-For: ${address}`, 'Content-Length: 1000000'],
    ]
    const body = 'x'.repeat(1_000_000)
    const outcome = async (address: string) =>
      (await speak(stage.origin, bytesOf(stage.origin, 'POST /x', lines(address)) + body))?.body.includes(
        'What you typed is kept',
      )
    const ends: (boolean | undefined)[] = []
    for (let index = 0; index < 20; index += 1) ends.push(await outcome(`2001:db8:1:2::${index.toString(16)}`))
    expect(ends.filter(Boolean).length).toBeGreaterThan(8)
    expect(ends.filter(Boolean).length).toBeLessThanOrEqual(12)
    expect(ends.at(-1)).toBe(false)
    // Everybody else is not in the way of that.
    expect(await outcome('2001:db8:1:3::1')).toBe(true)
    const { send } = await comeBack(visitor, await post(visitor, at('/save'), 'a=b'), uwe)
    await send(visitor)
    expect(posted().at(-1)).toMatchObject({ body: 'a=b' })
    const stored = redis === null ? '' : await redis.client.info('memory')
    const used = Number(/used_memory:(\d+)/.exec(stored)?.[1] ?? 0)
    expect(used).toBeLessThan(40_000_000)
  },
)

attack('T95', 'keeps nothing of who only opens connections: room is made before a byte, and given back', async () => {
  const head = [
    ...['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Site: same-origin', `Content-Type: ${form}`, 'Accept: text/html'],
    ...['X-Forwarded-For: 198.51.100.7', 'Content-Length: 1048577'],
  ]
  const before = await names()
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => speak(stage.origin, bytesOf(stage.origin, 'POST /x', head))),
  )
  for (const answer of answers) expect(answer?.body).toContain('Nothing was sent yet')
  expect(await names()).toEqual(before)
})

attack('T127', 'is led to no sign-in whose end would be somebody else’s form', async () => {
  const mine = createVisitor()
  const own = await comeBack(mine, await post(mine, at('/save'), 'planted=1'), uwe)
  // A link of somebody else to their own form: whoever follows it has none.
  const login = at(
    `/.auth/login?return_to=${encodeURIComponent(new URL(own.page.url).pathname + new URL(own.page.url).search)}`,
  )
  const page = await choosePerson(visitor, await visitor.open(login), uwe)
  expectPage(page, 410, 'form_gone')
  const before = posted().length
  const hop = await visitor.open(login)
  expectPage(hop, 410, 'form_gone')
  expect(posted()).toHaveLength(before)
  expect(leadsTo(await post(createVisitor(), at('/save'), 'a=b'))).toContain(stage.emulator.origin)
  mine.close()
})
