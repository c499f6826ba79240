import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { hostileNames } from '../corpus/headers.ts'
import { bytesOf, handshake, openWire, speak } from '../http/wire.ts'
import { until } from '../redis.ts'
import { type Seen, type Stage, startStage } from '../stage.ts'
import { createVisitor, signIn, type Visitor } from '../visitor.ts'
import { attack } from './attack.ts'
import { createOpenings, kinds, type Openings } from './open.ts'

let stage: Stage
let openings: Openings
let uwe: Visitor
const cookieLine = (visitor = uwe) => `Cookie: ${visitor.cookies(stage.origin).join('; ')}`

beforeAll(async () => {
  stage = await startStage({ headers: 'presets: [x-forwarded]\nset: { X-Account: "{claim.no_such_claim}" }' })
  openings = createOpenings(stage.upstream)
  uwe = createVisitor()
  await signIn(uwe, `${stage.origin}/`, 'uwe@contoso.example')
})
afterEach(() => openings.end())
afterAll(async () => {
  uwe.close()
  await stage.close()
})

/** Asks for an upgrade in raw bytes; how it was answered, and what the application saw of it. */
async function ask(line: string, lines: readonly string[], body = '') {
  const before = stage.upstream.seen.length
  const answer = await speak(stage.origin, bytesOf(stage.origin, line, lines, body))
  return { status: answer?.status, body: answer?.body, seen: stage.upstream.seen.slice(before) }
}

const own = (also: readonly string[] = []) => [cookieLine(), ...handshake(stage.origin), ...also]
const without = (name: string, lines: readonly string[]) => lines.filter((line) => !line.startsWith(`${name}:`))
const instead = (line: string, lines: readonly string[]) => [...without(line.split(':')[0] ?? '', lines), line]

attack('T99', 'was answered 401 on the socket, and the application saw nothing', async () => {
  const { status, body, seen } = await ask('GET /x', handshake(stage.origin))
  expect({ status, seen }).toEqual({ status: 401, seen: [] })
  expect(JSON.parse(body ?? '')).toMatchObject({ code: 'login_required' })
  for (const cookie of ['__Host-sid=x', `${cookieLine()}; ${cookieLine().slice('Cookie: '.length)}`]) {
    expect(await ask('GET /x', [`Cookie: ${cookie}`, ...handshake(stage.origin)])).toMatchObject({
      status: 401,
      seen: [],
    })
  }
})

attack('T99', 'was answered 401 also after honest requests on the same connection', async () => {
  const wire = await openWire(stage.origin)
  wire.send(bytesOf(stage.origin, 'GET /public'))
  expect((await wire.answer())?.status).toBe(200)
  wire.send(bytesOf(stage.origin, 'GET /x', [cookieLine()]))
  expect((await wire.answer())?.status).toBe(200)
  const before = stage.upstream.seen.length
  wire.send(bytesOf(stage.origin, 'GET /x', handshake(stage.origin)))
  expect((await wire.answer())?.status).toBe(401)
  expect(await wire.closed()).toBe(true)
  expect(stage.upstream.seen.length).toBe(before)
})

attack('T99', 'in the shadow of an answer that is still to come was hung up on', async () => {
  const wire = await openWire(stage.origin)
  const slow = bytesOf(stage.origin, 'GET /public/poll?shadow')
  wire.send(slow + bytesOf(stage.origin, 'GET /public', handshake(stage.origin)))
  expect(await wire.closed()).toBe(true)
  expect(wire.rest()).toBe('')
})

attack('T100', 'from another origin, or from none that can be seen, was refused whatever the cookie says', async () => {
  for (const lines of [
    instead('Origin: https://evil.example', own()),
    instead('Origin: null', own()),
    instead('Origin: http://localhost:1', own()),
    instead(`Origin: ${stage.origin}.evil.example`, own()),
    instead(`Origin: ${stage.origin}/`, own()),
    instead(`Origin: ${stage.origin.replace('http', 'https')}`, own()),
    instead(`Origin: ${stage.origin.replace('localhost', 'LOCALHOST.')}`, own()),
    instead('Origin: ', own()),
    without('Origin', own()),
  ]) {
    expect([lines, await ask('GET /x', lines)]).toMatchObject([lines, { status: 403, seen: [] }])
  }
  expect(await ask('GET /x', own([`Origin: ${stage.origin}`]))).toMatchObject({ status: 400, seen: [] })
  // Where nobody is signed in there is nothing to steal, but a page that states its origin must be ours all the same.
  const foreign = instead('Origin: https://evil.example', handshake(stage.origin))
  expect(await ask('GET /public', foreign)).toMatchObject({ status: 403, seen: [] })
})

attack('T102', 'with every spoofed header of the corpus named nobody but who is signed in', async () => {
  const before = stage.upstream.seen.length
  for (let at = 0; at < hostileNames.length; at += 20) {
    const forged = hostileNames.slice(at, at + 20).map((name) => `${name}: admin`)
    for (const [line, lines] of [
      ['GET /websocket?n', own(forged)],
      ['GET /public/websocket?n', [...handshake(stage.origin), ...forged]],
    ] as const) {
      const wire = await openWire(stage.origin)
      wire.send(bytesOf(stage.origin, line, lines))
      const status = (await wire.answer())?.status
      // A Connection line, or a doubled one, is refused as a whole.
      expect([101, 400]).toContain(status)
      wire.end()
    }
  }
  const headers = stage.upstream.seen.slice(before).flatMap((seen) => Object.entries(seen.headers))
  expect(headers.filter(([, value]) => String(value).includes('admin'))).toEqual([])
})

attack('T102', 'sent hop-by-hop fields and our cookie along, and the application saw none of them', async () => {
  const before = stage.upstream.seen.length
  const cookie = `${cookieLine()}; theirs=1; __Host-login=x`
  const lines = instead('Connection: Upgrade, X-Gone, TE', [cookie, ...handshake(stage.origin)])
  const wire = await openWire(stage.origin)
  wire.send(
    bytesOf(stage.origin, 'GET /websocket?hop', [
      ...lines,
      'X-Gone: 1',
      'TE: trailers',
      'Keep-Alive: 9',
      'Proxy-Authorization: Basic x',
    ]),
  )
  expect((await wire.answer())?.status).toBe(101)
  const seen = stage.upstream.seen[before] as Seen
  expect(seen.headers.cookie).toBe('theirs=1')
  expect(Object.keys(seen.headers)).not.toEqual(expect.arrayContaining(['x-gone']))
  for (const name of ['te', 'keep-alive', 'proxy-authorization', 'x-gone']) expect(seen.headers[name]).toBeUndefined()
  expect(seen.headers['x-forwarded-roles']).toBe('user')
  wire.end()
})

attack('T103', 'was refused for everything but a WebSocket of version 13 by GET, without a body', async () => {
  for (const [lines, body] of [
    [instead('Sec-WebSocket-Version: 12', own()), ''],
    [without('Sec-WebSocket-Version', own()), ''],
    [own(['Sec-WebSocket-Version: 13']), ''],
    [without('Sec-WebSocket-Key', own()), ''],
    [instead('Upgrade: h2c', own(['HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'])), ''],
    [instead('Upgrade: TLS/1.0', own()), ''],
    [instead('Upgrade: websocket, h2c', own()), ''],
    [instead('Upgrade: CONNECT', own()), ''],
    [own(['Upgrade: h2c']), ''],
    [own(['Content-Length: 3']), 'abc'],
    [own(['Content-Length: 0']), ''],
    [own(['Transfer-Encoding: chunked']), '0\r\n\r\n'],
  ] as const) {
    expect([lines, await ask('GET /x', lines, body)]).toMatchObject([lines, { status: 400, seen: [] }])
  }
  for (const method of ['POST', 'PUT', 'OPTIONS', 'HEAD', 'PROPFIND']) {
    const wire = await openWire(stage.origin)
    const before = stage.upstream.seen.length
    wire.send(bytesOf(stage.origin, `${method} /x`, own()))
    expect([method, (await wire.answer())?.status]).toEqual([method, 400])
    expect(stage.upstream.seen.length).toBe(before)
    wire.end()
  }
})

attack('T103', 'with an application that is willing to speak something else led to no tunnel', async () => {
  stage.upstream.server.prependOnceListener('upgrade', (_request, socket) => {
    socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nbegin')
  })
  const answer = await speak(stage.origin, bytesOf(stage.origin, 'GET /x', own()))
  expect(answer?.status).toBe(502)
})

attack('T104', 'made the handshake less than 1 KB larger', async () => {
  const before = stage.upstream.seen.length
  await openings.open('websocket', { origin: stage.origin }, [cookieLine()])
  const lengthOf = (pairs: readonly string[]) => pairs.join('').length
  expect(lengthOf(stage.upstream.seen[before]?.rawHeaders ?? [])).toBeLessThan(lengthOf(own()) + 1_024)
})

attack('T101', 'was cut with all that it had open within a second of the sign-out, and nobody else was', async () => {
  const ada = createVisitor()
  await signIn(ada, `${stage.origin}/`, 'ada@contoso.example')
  const at = { origin: stage.origin }
  const [hers, his, nobodys] = [
    await openings.openAll(at, [cookieLine(ada)]),
    await openings.openAll(at, [cookieLine()]),
    await openings.openAll({ ...at, folder: '/public/' }),
  ]
  await ada.ask(`${stage.origin}/.auth/logout`, { method: 'POST', headers: { origin: stage.origin }, body: '' })
  await until('the cut', () => hers.every((each) => each.isOver()), 2_000)
  for (const each of [...his, ...nobodys]) {
    expect([each.kind, each.isOpen()]).toEqual([each.kind, true])
    each.say('still')
  }
  const speaking = [...his, ...nobodys].filter(({ kind }) => kind !== 'upload' && kind !== 'poll')
  await until('the others go on', () => speaking.every((each) => each.got().includes('still')))
  // Nobody takes what was cut for the whole.
  const [, events, , unmarked, poll, upload] = hers
  expect(events?.got()).not.toMatch(/\r\n0\r\n/)
  expect(unmarked?.wasReset()).toBe(true)
  expect(poll?.got()).toMatch(/^HTTP\/1\.1 401 /)
  expect(upload?.got()).toMatch(/^HTTP\/1\.1 401 /)
  const cuts = stage.log().filter(({ event }) => event === 'open_cut')
  expect(cuts).toHaveLength(kinds.length)
  expect(cuts[0]).toMatchObject({ tenant: 'payroll', why: 'session_ended', what: 'websocket', path: '/websocket' })
  ada.close()
})

attack('T105', 'died in every odd way, and left nothing behind in the books', async () => {
  const at = { origin: stage.origin }
  for (const die of ['resetAndDestroy', 'end', 'destroy'] as const) {
    const all = await openings.openAll(at, [cookieLine()])
    for (const each of all) each.wire.socket[die]()
    await until(`the end by ${die}`, () => all.every((each) => each.isOver() || each.kind === 'upload'))
  }
  // While the application thinks about it, does not want it, or breaks off.
  for (const answer of [
    null,
    'HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno',
    'HTTP/1.1 101 Sw\r\nUpg',
    '',
  ] as const) {
    stage.upstream.server.prependOnceListener('upgrade', (_request, socket) => {
      socket.on('error', () => {})
      if (answer === '') socket.destroy()
      else if (answer !== null) socket.end(answer)
    })
    const before = stage.upstream.seen.length
    const wire = await openWire(stage.origin)
    wire.send(bytesOf(stage.origin, 'GET /odd', own()))
    await until('the handshake', () => stage.upstream.seen.length > before)
    if (answer === null) wire.socket.resetAndDestroy()
    await wire.closed()
  }
  await until('nothing is open', async () => (await tunnels(stage)) === 0)
})

attack('T105', 'came to an end of its places, which others kept, and which all came back', async () => {
  const limited = await startStage({ server: ', limits: { webSockets: 6, openPerPerson: 2 }' })
  const own = createOpenings(limited.upstream)
  const at = { origin: limited.origin }
  const [greedy, other] = [createVisitor(), createVisitor()]
  await signIn(greedy, `${limited.origin}/`, 'uwe@contoso.example')
  await signIn(other, `${limited.origin}/`, 'ada@contoso.example')
  const cookie = (visitor: Visitor) => `Cookie: ${visitor.cookies(limited.origin).join('; ')}`
  const refused = async (path: string, lines: readonly string[]) => {
    const bytes = bytesOf(limited.origin, `GET ${path}`, [...handshake(limited.origin), ...lines])
    const answer = await speak(limited.origin, bytes)
    return [answer?.status, (JSON.parse(answer?.body ?? '{}') as { code?: string }).code]
  }
  for (const _ of [1, 2, 3]) {
    const before = limited.upstream.seen.length
    for (const _each of [1, 2]) await own.open('websocket', at, [cookie(greedy)])
    // A second session of the same person is the same person.
    const again = createVisitor()
    await signIn(again, `${limited.origin}/`, 'uwe@contoso.example')
    expect(await refused('/x', [cookie(greedy)])).toEqual([429, 'too_many_open'])
    expect(await refused('/x', [cookie(again)])).toEqual([429, 'too_many_open'])
    // Nobody in particular gets half of all.
    for (const _each of [1, 2, 3]) await own.open('websocket', { ...at, folder: '/public/' })
    expect(await refused('/public/x', [])).toEqual([503, 'websockets_full'])
    await own.open('websocket', at, [cookie(other)])
    expect(await refused('/x', [cookie(other)])).toEqual([503, 'websockets_full'])
    const upgrades = limited.upstream.seen.slice(before).filter(({ headers }) => headers.upgrade !== undefined)
    expect(upgrades).toHaveLength(6)
    own.end()
    await until('all places are free', async () => (await tunnels(limited)) === 0)
    again.close()
  }
  for (const each of [greedy, other]) each.close()
  await limited.close()
})

attack('T105', 'met a reload: what it still lets through went on, all else was cut', async () => {
  const routes =
    '- { path: /admin, access: [admin] }\n- { path: /free, access: public }\n- { path: /, access: signed-in }'
  const changing = await startStage({ routes })
  const own = createOpenings(changing.upstream)
  const ada = createVisitor()
  await signIn(ada, `${changing.origin}/`, 'ada@contoso.example')
  const lines = [`Cookie: ${ada.cookies(changing.origin).join('; ')}`]
  const at = { origin: changing.origin }
  const [admins, free, everybodys] = [
    await own.openAll({ ...at, folder: '/admin/' }, lines),
    await own.openAll({ ...at, folder: '/free/' }),
    await own.openAll(at, lines),
  ]
  // Each is known to be open by now, not only about to be.
  await until('they are watched', () => admins.every((each) => each.isOpen()))
  changing.edit((yaml) =>
    yaml
      .replace('path: /admin, access: [admin]', 'path: /admin, access: [nobody]')
      .replace('    roles:\n', '    roles:\n      - { name: nobody, groups: [00000000-0000-4000-8000-000000000000] }\n')
      .replace('path: /free, access: public', 'path: /free, access: signed-in'),
  )
  await until('the cut', () => [...admins, ...free].every((each) => each.isOver()), 3_000)
  expect(admins.find(({ kind }) => kind === 'poll')?.got()).toMatch(/^HTTP\/1\.1 403 [\s\S]*role_missing/)
  expect(free.find(({ kind }) => kind === 'poll')?.got()).toMatch(/^HTTP\/1\.1 401 /)
  for (const each of everybodys) expect([each.kind, each.isOpen()]).toEqual([each.kind, true])
  // Another application: a WebSocket connects anew, what was asked of the old one may finish.
  changing.edit((yaml) => yaml.replace('firstByte: 3s }', 'firstByte: 4s }'))
  await until('the WebSocket', () => everybodys[0]?.isOver() === true)
  for (const each of everybodys.slice(1)) expect([each.kind, each.isOpen()]).toEqual([each.kind, true])
  changing.edit((yaml) => yaml.replace('name: payroll\n', 'name: payroll\n    enabled: false\n'))
  await until('the end', () => everybodys.every((each) => each.isOver()), 3_000)
  ada.close()
  own.end()
  await changing.close()
})

attack('T105', 'met the end of the gateway, and both of its ends were closed at the deadline', async () => {
  const ending = await startStage()
  const own = createOpenings(ending.upstream)
  const all = await own.openAll({ origin: ending.origin, folder: '/public/' })
  ending.edit((yaml) => yaml.replace('drain: 10s', 'drain: 1s'))
  const ended = ending.close()
  await until('all are cut', () => all.every((each) => each.isOver()), 5_000)
  await ended
})

async function tunnels({ management }: Stage): Promise<number> {
  const { body } = await uwe.ask(`${management}/metrics`)
  return Number(/^sallyport_tunnels (\d+)/m.exec(body)?.[1])
}
