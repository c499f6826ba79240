import { afterAll, beforeAll, expect } from 'vitest'
import { hostileNames } from '../corpus/headers.ts'
import { bytesOf, handshake, openWire, speak } from '../http/wire.ts'
import { until } from '../redis.ts'
import { type Seen, type Stage, startStage } from '../stage.ts'
import { createVisitor, navigation, signIn } from '../visitor.ts'
import { attack } from './attack.ts'
import { send, situations, valuesOf } from './situations.ts'

let stage: Stage
/** The Cookie line of a person with the role `user`. */
let cookie: string

const administrator = ['3c6e0a94-8d1b-4b57-9f20-5e7a1c4d8b36', 'ada@contoso.example', 'Ada Lovelace', 'admin,user']
const ours = ['host', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-request-id']
const oursOfPeople = ['x-forwarded-user', 'x-forwarded-email', 'x-forwarded-name', 'x-forwarded-groups']

/** People with values that try to break out of a header. */
const odd = [
  { username: 'emoji@contoso.example', name: 'Zoë 🚪 李', claims: {} },
  {
    username: 'crlf@contoso.example',
    name: 'a\r\nX-Forwarded-User: root',
    claims: { department: 'x\r\nX-Role: admin' },
  },
  { username: 'nul@contoso.example', name: 'a\u0000b', claims: { department: 'a\u0000b' } },
  { username: 'comma@contoso.example', name: 'Comma', claims: { department: ['reader,admin', 'staff'] } },
  { username: 'quote@contoso.example', name: '"; admin="yes', claims: { department: '"x", "admin"' } },
] as const

beforeAll(async () => {
  stage = await startStage({
    headers: 'presets: [x-forwarded]\nset: { X-Account: "{claim.no_such_claim}", X-Department: "{claim.department}" }',
    people: odd.map((person) => ({ ...person, groups: ['8e2c7a10-5d4f-4b96-a3e8-1f0d9c8b7a65'] })),
  })
  cookie = await cookieOf('uwe@contoso.example')
})
afterAll(() => stage.close())

async function cookieOf(username: string): Promise<string> {
  const visitor = createVisitor()
  await signIn(visitor, `${stage.origin}/`, username)
  const line = `Cookie: ${visitor.cookies(stage.origin).join('; ')}`
  visitor.close()
  return line
}

const notOnce = (seen: Seen, names: readonly string[]) => names.filter((name) => valuesOf(seen, name).length !== 1)

/** What the application was told of a person whose values are odd. */
async function toldOf(username: string): Promise<Seen> {
  const line = await cookieOf(username)
  const before = stage.upstream.seen.length
  const answer = await speak(stage.origin, bytesOf(stage.origin, 'GET /x', [line]))
  const seen = stage.upstream.seen[before]
  if (seen === undefined) throw new Error(`${username} got ${answer?.status}`)
  return seen
}

for (const situation of situations) {
  attack('T25', `arrives in none of ${hostileNames.length} names and spellings ${situation.name}`, async () => {
    for (const name of hostileNames) {
      for (const values of [['planted'], administrator.slice(0, 1)]) {
        const lines = values.map((value) => `${name}: ${value}`)
        const { seen, status } = await send(stage, situation, lines, cookie)
        const where = `${name} ${situation.name}: ${status}`
        expect(seen !== null, where).toBe(situation.forwarded)
        if (seen === null) {
          expect([401, 302], where).toContain(status)
          continue
        }
        for (const value of values) expect(seen.rawHeaders, where).not.toContain(value)
        if (!situation.person) expect(valuesOf(seen, 'x-forwarded-user'), where).toEqual([])
      }
    }
  })

  attack('T33', `adds no second copy of ours ${situation.name}: each arrives once`, async () => {
    const names = [...ours, ...oursOfPeople, ...oursOfPeople.map((name) => name.replaceAll('-', '_'))]
    for (const name of names.filter((each) => each !== 'host')) {
      const { seen } = await send(stage, situation, [`${name}: planted`, `${name}: planted-again`], cookie)
      if (seen === null) {
        expect(situation.forwarded, name).toBe(false)
        continue
      }
      expect(notOnce(seen, ours), name).toEqual([])
      expect(notOnce(seen, situation.person ? oursOfPeople : []), name).toEqual([])
      expect(seen.rawHeaders.join('\n'), name).not.toContain('planted')
    }
  })

  attack('T27', `leaves nothing of an administrator named in every header ${situation.name}`, async () => {
    const lines = hostileNames.map((name, at) => `${name}: ${administrator[at % administrator.length]}`)
    const { seen } = await send(stage, situation, lines, cookie)
    if (seen === null) return expect(situation.forwarded).toBe(false)
    for (const value of administrator) expect(seen.rawHeaders).not.toContain(value)
    // This one has no value for anybody: it is gone all the same, and not merely left unset.
    expect(valuesOf(seen, 'x-account')).toEqual([])
  })
}

attack('T26', 'is refused, however the Connection header names one of ours', async () => {
  for (const lines of [
    ['Connection: X-Forwarded-User'],
    ['connection: keep-alive, x-forwarded-user'],
    ['Connection: close, x_forwarded_user'],
    ['Connection: keep-alive', 'Connection: X-Account'],
    ['Connection: keep-alive,,\tX-FORWARDED-GROUPS\t,'],
    ['Connection: x-request-id'],
    ['Connection: x-forwarded-for, x-forwarded-proto, x-forwarded-host'],
    ['Connection: cookie'],
    ['Connection: close, host'],
    ['Connection: authorization'],
  ]) {
    for (const situation of situations) {
      const before = stage.upstream.seen.length
      const signedIn = situation.signedIn ? [cookie] : []
      const upgrade = 'upgrade' in situation && situation.upgrade ? handshake(stage.origin) : []
      // A handshake has a Connection header of its own, and both are read as one.
      const answer = await speak(
        stage.origin,
        bytesOf(stage.origin, situation.line, [...signedIn, ...upgrade, ...lines]),
      )
      expect(answer?.status, `${lines} ${situation.name}`).toBe(400)
      expect(stage.upstream.seen.length).toBe(before)
    }
  }
})

attack('T28', 'never breaks out of its header, and an odd name is no failure', async () => {
  const emoji = await toldOf('emoji@contoso.example')
  expect(Buffer.from(String(emoji.headers['x-forwarded-name']), 'latin1').toString('utf8')).toBe('Zoë 🚪 李')
  for (const username of ['crlf@contoso.example', 'nul@contoso.example', 'quote@contoso.example']) {
    const seen = await toldOf(username)
    expect(valuesOf(seen, 'x-role'), username).toEqual([])
    expect(valuesOf(seen, 'x-forwarded-user'), username).toHaveLength(1)
    expect(valuesOf(seen, 'x-forwarded-user'), username).not.toContain('root')
    expect(seen.rawHeaders.join('|'), username).not.toMatch(/[\x00-\x08\x0a-\x1f\x7f]/)
  }
})

attack('T29', 'makes no second element: a list with the delimiter in an element is not sent', async () => {
  const seen = await toldOf('comma@contoso.example')
  expect(valuesOf(seen, 'x-department')).toEqual([])
  expect(seen.headers['x-forwarded-groups']).not.toMatch(/admin/)
})

attack('T30', 'does not arrive: neither our cookies, of this person or forged, nor what answers a proxy', async () => {
  const forged = '__Host-sid=forged; __Host-login=forged; __Host-provider=forged'
  const others = 'a=1; b="two; c=; d==; a=3'
  for (const line of [
    `${cookie}; ${others}`,
    `Cookie: ${others}; ${cookie.slice('Cookie: '.length)}`,
    `Cookie: a=1; ${cookie.slice('Cookie: '.length)}; b="two; c=; d==; a=3`,
  ]) {
    const answer = await speak(
      stage.origin,
      bytesOf(stage.origin, 'GET /x', [line, 'Proxy-Authorization: Basic YTpi', 'Authorization: Negotiate YWJj']),
    )
    const seen = JSON.parse(answer?.body ?? '') as Seen
    expect(seen.headers.cookie).toBe(others)
    expect(seen.headers).not.toHaveProperty('proxy-authorization')
    expect(seen.headers).not.toHaveProperty('authorization')
  }
  const before = stage.upstream.seen.length
  await speak(stage.origin, bytesOf(stage.origin, 'GET /public', [`Cookie: ${forged}; ${others}`]))
  expect(stage.upstream.seen[before]?.headers.cookie).toBe(others)
  // An application that fails is told no more than one that works.
  const told: (string | undefined)[] = []
  stage.upstream.handle((request, response) => {
    told.push(request.headers.cookie)
    response.writeHead(500).end('failed')
    return true
  })
  const failed = await speak(stage.origin, bytesOf(stage.origin, 'GET /x', [cookie]))
  stage.upstream.handle(null)
  expect({ status: failed?.status, told }).toEqual({ status: 500, told: [undefined] })
})

attack('T31', 'leaves cookies cookies, and a header that may be there once is refused twice', async () => {
  const before = stage.upstream.seen.length
  await speak(stage.origin, bytesOf(stage.origin, 'GET /x', [cookie, 'Cookie: a=1', 'Cookie: b=2']))
  expect(stage.upstream.seen[before]?.headers.cookie).toBe('a=1; b=2')
  for (const lines of [
    ['Content-Type: a/b', 'Content-Type: c/d'],
    ['Authorization: Basic YQ==', 'Authorization: Basic Yg=='],
    ['Origin: https://a.example', 'Origin: https://b.example'],
    ['User-Agent: a', 'User-Agent: b'],
    ['Referer: /a', 'Referer: /b'],
  ]) {
    const now = stage.upstream.seen.length
    const answer = await speak(stage.origin, bytesOf(stage.origin, 'GET /x', [cookie, ...lines]))
    const merged = stage.upstream.seen[now]
    // Refused, or one of the two as it was: never a third made of both.
    if (merged === undefined) expect(answer?.status, String(lines)).toBe(400)
    else expect(merged.rawHeaders.join('\n'), String(lines)).not.toMatch(/a\/b, |YQ==, |a\.example, |a, b|\/a, \/b/)
  }
})

attack('T32', 'brings no planted header in with Expect, a chunked body, or an upgrade', async () => {
  const planted = ['X-Forwarded-User: planted', 'X_Forwarded_Groups: planted', 'Remote-User: planted']
  const chunked = '3\r\nabc\r\n0\r\nX-Forwarded-User: planted\r\n\r\n'
  for (const [request, lines, body] of [
    ['POST /x', ['Expect: 100-continue', 'Content-Length: 3'], 'abc'],
    ['POST /x', ['Expect: 100-continue', 'Transfer-Encoding: chunked', 'Trailer: X-Forwarded-User'], chunked],
    ['DELETE /x', ['Transfer-Encoding: chunked', 'TE: trailers'], chunked],
    ['OPTIONS /public', ['Expect: 100-continue', 'Transfer-Encoding: chunked'], chunked],
    ['GET /x', ['Expect: 100-continue'], ''],
  ] as const) {
    const answer = await speak(stage.origin, bytesOf(stage.origin, request, [cookie, ...planted, ...lines], body))
    expect(answer?.status, request).toBe(200)
    const seen = JSON.parse(answer?.body ?? '') as Seen
    expect(seen.rawHeaders, request).not.toContain('planted')
    expect(seen.headers, request).not.toHaveProperty('expect')
    if (body !== '') expect(seen.body).toBe('abc')
  }
  const before = stage.upstream.seen.length
  const wire = await openWire(stage.origin)
  wire.send(bytesOf(stage.origin, 'GET /x', [cookie, ...planted, ...handshake(stage.origin), 'Expect: 100-continue']))
  const done = () => stage.upstream.seen.length > before || wire.rest() !== ''
  await until('the handshake, or its refusal', done)
  wire.end()
  expect(stage.upstream.seen.slice(before).flatMap(({ rawHeaders }) => rawHeaders)).not.toContain('planted')
})

attack('T79', 'is never cacheable: every answer with a cookie of ours says no-store', async () => {
  const visitor = createVisitor()
  const answers = [
    await visitor.ask(`${stage.origin}/x`, { headers: navigation }),
    await visitor.ask(`${stage.origin}/.auth/login?return_to=%2Fx`, { headers: navigation }),
  ]
  await signIn(visitor, `${stage.origin}/`, 'uwe@contoso.example')
  const post = { method: 'POST', headers: { ...navigation, origin: stage.origin, 'sec-fetch-site': 'same-origin' } }
  answers.push(await visitor.ask(`${stage.origin}/.auth/logout`, post))
  visitor.close()
  const withCookies = answers.filter(({ headers }) => headers['set-cookie'] !== undefined)
  expect(withCookies.length).toBeGreaterThanOrEqual(2)
  for (const { headers, url } of withCookies) expect(headers['cache-control'], url).toBe('no-store')
})
