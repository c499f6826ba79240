/** Kept forms beside everything else: other ways to sign in, other replicas, and parts that are away. */
import { afterEach, describe, expect, test } from 'vitest'
import { placeholderLength } from '../../src/core/request/own-form.ts'
import { startPlainProvider } from '../plain-provider.ts'
import { plainYaml, signInAs } from '../plain-stage.ts'
import { redisMissing, startRedis, until } from '../redis.ts'
import { freePort, startStage, startUpstream } from '../stage.ts'
import { choosePerson, createVisitor, signIn, type Visitor } from '../visitor.ts'
import { startClockedGateway } from './clocked.ts'
import { asked, comeBack, leadsTo, post, uwe } from './forms.ts'
import { expectPage, sid, visit } from './scene.ts'
import { startTwoGateways } from './two-gateways.ts'
import { bytesOf, openWire } from './wire.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})
function keep<T extends { close(): unknown }>(part: T): T {
  open.push(part)
  return part
}
const newVisitor = (): Visitor => keep(createVisitor())

test('a form waits while its sender chooses between several providers', async () => {
  const stage = keep(
    await startStage({
      providers: '[contoso, partners]',
      provider: ({ authority }) => `
  - { name: partners, tenantId: d94e1c37-6a5b-4f02-8e71-b3c0a9d85f16, clientId: 6d1f0c52-3b7e-4a98-8c15-f0e2d4b6a791, credential: { secret: x-x-x-x-x-x }, authority: '${authority}' }`,
    }),
  )
  const visitor = newVisitor()
  const kept = await post(visitor, `${stage.origin}/save?a=1`, 'a=b')
  const ways = await visitor.open(leadsTo(kept))
  expect(ways.url).toContain('/.auth/login?return_to=%2F.auth%2Fform%3Fid%3D')
  const [, way = ''] = /<a class="button" href="([^"]*provider=contoso[^"]*)"/.exec(ways.body) ?? []
  const picker = await visitor.open(stage.origin + way.replaceAll('&amp;', '&'))
  await asked(await choosePerson(visitor, picker, uwe)).send(visitor)
  expect(stage.upstream.seen.at(-1)).toMatchObject({ url: '/save?a=1', body: 'a=b' })
})

test('a form needs no script on its way, where the fragment of an address would', async () => {
  const stage = keep(await startStage({ tenant: 'keepFragment: true' }))
  const visitor = newVisitor()
  const kept = await post(visitor, `${stage.origin}/save`, 'a=b')
  expect(kept.body).not.toContain('<script')
  await (await comeBack(visitor, kept, uwe)).send(visitor)
  expect(stage.upstream.seen.at(-1)).toMatchObject({ url: '/save', body: 'a=b' })
})

test('a form of somebody of whom the provider is asked again, without a word, waits for the answer', async () => {
  const [port, providerPort, upstream] = await Promise.all([freePort(), freePort(), startUpstream()])
  keep(upstream)
  const provider = keep(await startPlainProvider({ port: providerPort, origins: [`http://localhost:${port}`] }))
  const yaml = plainYaml({ port, issuer: provider.issuer, upstream: upstream.origin, session: 'revalidate: 10m' })
  const gateway = keep(await startClockedGateway(yaml))
  const visitor = newVisitor()
  await signInAs(visitor, `${gateway.origin}/`, 'auth0|anna')
  const before = visitor.cookie(gateway.origin, sid)
  gateway.forward(600)
  const kept = await post(visitor, `${gateway.origin}/save`, 'a=b')
  const silent = leadsTo(kept)
  expect(new URL(silent).searchParams.get('prompt')).toBe('none')
  const { page, send } = asked(await visitor.open(silent))
  // It is known whose it is, since the session has not ended.
  expect(page.body).not.toContain('If it was not you')
  await send(visitor)
  expect(upstream.seen.at(-1)).toMatchObject({ url: '/save', body: 'a=b' })
  expect(visitor.cookie(gateway.origin, sid)).toBe(before)
})

describe('a form whose application is away', () => {
  test('is kept on, says that it may have arrived, and is sent when the application is back', async () => {
    const stage = keep(await startStage())
    const visitor = newVisitor()
    const { page, send } = await comeBack(visitor, await post(visitor, `${stage.origin}/save`, 'a=b'), uwe)
    stage.upstream.handle((request) => {
      request.socket.destroy()
      return true
    })
    expectPage(await send(visitor), 502, 'upstream_unreachable')
    const again = asked(await visit(visitor, page.url))
    expect(again.page.body).toContain('It may have arrived all the same')
    stage.upstream.handle(null)
    expect((await again.send(visitor)).status).toBe(200)
    expect(stage.upstream.seen.filter(({ body }) => body === 'a=b')).toHaveLength(1)
    expectPage(await send(visitor), 409, 'form_sent')
  })
})

test('a form whose browser goes before the application answers is kept on, and says that it may have arrived', async () => {
  const stage = keep(await startStage())
  const visitor = newVisitor()
  const { page, url, placeholder } = await comeBack(visitor, await post(visitor, `${stage.origin}/save`, 'a=b'), uwe)
  let reached = 0
  stage.upstream.handle((request) => {
    request.resume()
    reached += 1
    return true
  })
  const wire = await openWire(stage.origin)
  const lines = [
    ...['Accept: text/html', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Site: same-origin'],
    ...[`Cookie: ${visitor.cookies(stage.origin).join('; ')}`, `Content-Length: ${placeholder.length}`],
    'Content-Type: application/x-www-form-urlencoded',
  ]
  wire.send(bytesOf(stage.origin, `POST ${new URL(url).pathname}`, lines, placeholder))
  await until('it is under way', () => reached === 1)
  wire.end()
  stage.upstream.handle(null)
  await until('it can be asked for again', async () => (await visit(visitor, page.url)).status === 200)
  const again = asked(await visit(visitor, page.url))
  expect(again.page.body).toContain('It may have arrived all the same')
  expect((await again.send(visitor)).status).toBe(200)
  expect(stage.upstream.seen.at(-1)).toMatchObject({ url: '/save', body: 'a=b' })
})

test('a form that the application has sent on to another address of its own arrives there, once', async () => {
  const stage = keep(await startStage())
  const visitor = newVisitor()
  const { send, page, placeholder } = await comeBack(visitor, await post(visitor, `${stage.origin}/save`, 'a=b'), uwe)
  stage.upstream.handle((request, response) => {
    if (request.url !== '/save') return false
    request.resume()
    response.writeHead(308, { location: 'save/?x=1' }).end()
    return true
  })
  const moved = await send(visitor)
  expect([moved.status, moved.headers.location]).toEqual([308, 'save/?x=1'])
  // As a browser does.
  expectPage(await send(visitor), 410, 'form_gone')
  const there = await post(visitor, `${stage.origin}/save/?x=1`, placeholder, { referer: page.url })
  expect(there.status).toBe(200)
  expect(stage.upstream.seen.at(-1)).toMatchObject({ method: 'POST', url: '/save/?x=1', body: 'a=b' })
  expectPage(await post(visitor, `${stage.origin}/save/?x=1`, placeholder), 409, 'form_sent')
})

test('a form is not kept where the sign-in cannot even begin: a page says why, and nothing is lost', async () => {
  const stage = keep(await startStage({ authority: `http://127.0.0.1:${await freePort()}` }))
  const reply = await post(newVisitor(), `${stage.origin}/save`, 'a=b')
  expectPage(reply, 503, 'provider_unreachable')
  expect(reply.body).toContain('Go back to the page before and do it again')
  expect(stage.log().map(({ event }) => event)).not.toContain('form_kept')
})

test('a form that is just as long as what stands for a kept one is kept, too', async () => {
  const stage = keep(await startStage())
  const visitor = newVisitor()
  const at = (path: string) => stage.origin + path
  const first = await post(visitor, at('/save'), 'a=b')
  leadsTo(first)
  const body = `x=${'y'.repeat(placeholderLength - 2)}`
  const { send } = await comeBack(visitor, await post(visitor, at('/save'), body), uwe)
  await send(visitor)
  expect(stage.upstream.seen.at(-1)).toMatchObject({ method: 'POST', body })
})

test('a form that comes too slowly is refused as any other body is', async () => {
  const stage = keep(await startStage({ server: ', timeouts: { body: 1s }' }))
  const wire = await openWire(stage.origin)
  keep({ close: () => wire.end() })
  const lines = ['Accept: text/html', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Site: same-origin']
  wire.send(bytesOf(stage.origin, 'POST /save', [...lines, 'Content-Type: text/plain', 'Content-Length: 1000'], 'abc'))
  expect((await wire.answer())?.status).toBe(408)
  expect(stage.log().at(-1)).toMatchObject({ reason: 'request_too_slow' })
})

describe.skipIf(redisMissing())('with Redis', () => {
  test('a form is kept by one gateway and sent by another, once', async () => {
    const two = keep(await startTwoGateways())
    const visitor = newVisitor()
    const origin = two.origin('payroll')
    const first = await comeBack(visitor, await post(visitor, `${origin}/save`, 'a=b'), uwe)
    const cookie = visitor.cookies(origin).join('; ')
    const headers = {
      ...{ host: new URL(origin).host, cookie, origin, accept: 'text/html' },
      ...{ 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' },
      'content-type': 'application/x-www-form-urlencoded',
    }
    const body = first.placeholder
    const elsewhere = () => visitor.ask(`http://127.0.0.1:${two.secondPort}/save`, { method: 'POST', headers, body })
    const replies = await Promise.all([elsewhere(), first.send(visitor), elsewhere(), first.send(visitor)])
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(two.upstream.seen.filter((seen) => seen.body === 'a=b')).toHaveLength(1)
    // Another tenant of the same gateway knows nothing of it.
    await two.signIn(visitor, 'canteen', uwe)
    for (const each of visitor.cookies(origin))
      if (each.startsWith('__Host-form=')) visitor.setCookie(two.origin('canteen'), '__Host-form', each.slice(12))
    const there = first.page.url.replace(origin, two.origin('canteen'))
    expectPage(await visit(visitor, there), 410, 'form_gone')
  })

  test('a form is not kept while the store is away, and its sender is told', async () => {
    const redis = await startRedis()
    keep({ close: () => redis.stop() })
    const stage = keep(await startStage({ session: `store: { type: redis, url: '${redis.url}' }` }))
    const visitor = newVisitor()
    await until('Redis', async () =>
      (await visitor.ask(`${stage.management}/readyz`)).body.includes('"sessionStore":"ready"'),
    )
    await redis.kill()
    expectPage(await post(visitor, `${stage.origin}/save`, 'a=b'), 401, 'form_not_kept')
    expect(stage.log().findLast(({ event }) => event === 'request_refused')).toMatchObject({ detail: 'store-down' })
    await redis.restart()
    await until('Redis', async () =>
      (await visitor.ask(`${stage.management}/readyz`)).body.includes('"sessionStore":"ready"'),
    )
    await (await comeBack(visitor, await post(visitor, `${stage.origin}/save`, 'a=b'), uwe)).send(visitor)
    expect(stage.upstream.seen.at(-1)).toMatchObject({ body: 'a=b' })
  })
})

test('a form of a browser that keeps no session is explained, not led round for ever (T52)', async () => {
  const stage = keep(await startStage())
  const visitor = newVisitor()
  await signIn(visitor, `${stage.origin}/x`, uwe)
  visitor.setCookie(stage.origin, sid, null)
  const kept = await post(visitor, `${stage.origin}/save`, 'a=b')
  let address = leadsTo(kept)
  for (let round = 0; round < 3; round += 1) {
    const answer = await visit(visitor, address)
    const page = await visit(visitor, answer.location)
    expect(page.headers.location).toMatch(/^\/\.auth\/form\?id=/)
    visitor.setCookie(stage.origin, sid, null)
    const begun = await visit(visitor, page.location)
    if (round === 2) return expectPage(begun, 400, 'login_loop')
    expect(begun.status).toBe(302)
    address = begun.location
  }
})
