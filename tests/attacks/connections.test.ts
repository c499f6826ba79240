/** Connections that several people or several moments share: what is open, and what is kept open towards the application. */
import { createServer, type Socket } from 'node:net'
import { afterEach, describe, expect } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { createLog } from '../../src/ops/log.ts'
import { createSessionKeeping } from '../../src/session/keeping.ts'
import { type ClockedStage, startClockedStage } from '../http/clocked.ts'
import { startTwoGateways } from '../http/two-gateways.ts'
import { bytesOf, handshake, openWire, speak } from '../http/wire.ts'
import { redisMissing, startRedis, until } from '../redis.ts'
import { startStage } from '../stage.ts'
import { choosePerson, createVisitor, signIn } from '../visitor.ts'
import { attack } from './attack.ts'
import { createOpenings, kinds, type Open, type Openings } from './open.ts'

const [ada, uwe] = ['ada@contoso.example', 'uwe@contoso.example'] as const
const ends: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

function visitor() {
  const made = createVisitor()
  ends.push(() => made.close())
  return made
}

interface Ids {
  readonly directoryId: string
  readonly objectId: string
}

type Scene = ClockedStage & { readonly openings: Openings }

/** Signs in, and opens one of each. @returns what is open, and the Cookie line. */
async function openAs(stage: Scene, username: string, folder = '/') {
  const person = visitor()
  await signIn(person, `${stage.origin}/`, username)
  const line = `Cookie: ${person.cookies(stage.origin).join('; ')}`
  const all = await stage.openings.openAll({ origin: stage.origin, folder }, [line])
  // By then all have been looked at once: what ends them from now on is no luck of the moment.
  const opened = performance.now()
  await until('a second', () => performance.now() - opened > 1_300)
  return { all, person, line }
}

async function startClocked(
  session: string,
  routes = '- { path: /admin, access: [admin], timeouts: { firstByte: 60s } }\n- { path: /, access: signed-in, timeouts: { firstByte: 60s } }',
) {
  const stage = await startClockedStage(session, { routes })
  const openings = createOpenings(stage.upstream)
  ends.push(
    () => stage.close(),
    () => openings.end(),
  )
  return { ...stage, openings }
}

const areOver = (all: readonly Open[]) => all.every((each) => each.isOver())
const openOf = (all: readonly Open[]) => all.filter((each) => each.isOpen()).map(({ kind }) => kind)

describe.skipIf(redisMissing())('two gateways on one Redis', () => {
  attack('T101', 'was cut on the other gateway within a second, whoever ended the session, and however', async () => {
    const scene = await startTwoGateways()
    ends.push(() => scene.close())
    const origin = scene.origin('payroll')
    const openings = createOpenings(scene.upstream)
    ends.push(() => openings.end())
    const policy = loadConfig(scene.file, { env: {} }).session
    const keeping = createSessionKeeping(policy, createLog({ level: 'error' }), () => Date.now() / 1_000)
    if (keeping === null) throw new Error('no sessions to look after')
    ends.push(() => keeping.close())
    await until('the store', () => keeping.ready())
    const bystander = await scene.signIn(visitor(), 'payroll', uwe)
    const others = await openings.openAll({ origin, port: scene.secondPort }, [`Cookie: ${bystander}`])
    for (const [how, end] of [
      [
        'signing out',
        async (person) => {
          await person.ask(`${origin}/.auth/logout`, { method: 'POST', headers: { origin }, body: '' })
        },
      ],
      [
        'signing in again',
        async (person) => {
          const page = await person.open(`${origin}/.auth/login?prompt=select_account&return_to=/x`)
          if (page.url.startsWith(scene.emulator.origin)) await choosePerson(person, page, ada)
          expect((await person.ask(`${origin}/x`)).status).toBe(200)
        },
      ],
      [
        'the provider’s word',
        async (person) => {
          const page = await person.open(
            `${scene.emulator.origin}/0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30/oauth2/v2.0/logout`,
          )
          const frame = /<iframe[^>]* src="([^"]+)"/.exec(page.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
          await visitor().open(frame)
        },
      ],
      [
        'an operator',
        async (_person, { directoryId, objectId }) => {
          await keeping.end({ of: 'person', directoryId, objectId })
        },
      ],
    ] as readonly (readonly [string, (person: ReturnType<typeof visitor>, me: Ids) => Promise<void>])[]) {
      const person = visitor()
      const cookie = await scene.signIn(person, 'payroll', ada)
      const { body } = await person.ask(`${origin}/.auth/me`)
      const all = await openings.openAll({ origin, port: scene.secondPort }, [`Cookie: ${cookie}`])
      await end(person, JSON.parse(body) as Ids)
      await until(`the cut after ${how}`, () => areOver(all), 2_000)
      // That application may be silent for three seconds.
      expect([how, openOf(others)]).toEqual([
        how,
        openOf(others).includes('poll') ? kinds : kinds.filter((kind) => kind !== 'poll'),
      ])
    }
  })

  attack('T101', 'goes on while the store is away only as long as its session does, and no longer', async () => {
    const redis = await startRedis()
    ends.push(() => redis.stop())
    const stage = await startClocked(`store: { type: redis, url: '${redis.url}' }`)
    const { all } = await openAs(stage, uwe)
    await redis.kill()
    stage.forward(250)
    const looked = performance.now()
    await until('a look', () => performance.now() - looked > 6_000)
    expect(openOf(all)).toEqual(kinds)
    stage.forward(60)
    await until('the cut', () => areOver(all), 15_000)
  })
})

attack('T101', 'ended with the session’s idle time, although data flowed', async () => {
  const stage = await startClocked('idle: 30m\nlifetime: 8h')
  const { all } = await openAs(stage, uwe)
  stage.forward(1_700)
  for (const each of all) each.say('still')
  stage.forward(200)
  for (const each of all) each.say('still')
  await until('the cut', () => areOver(all), 15_000)
})

attack('T101', 'ended with the session’s lifetime, although its person was active', async () => {
  const stage = await startClocked('idle: 30m\nlifetime: 1h\nrevalidate: 1h')
  const { all, person } = await openAs(stage, uwe)
  for (let minute = 0; minute < 60; minute += 20) {
    expect((await person.ask(`${stage.origin}/x`)).status).toBe(200)
    stage.forward(1_195)
  }
  expect(openOf(all)).toEqual(kinds)
  stage.forward(20)
  await until('the cut', () => areOver(all), 15_000)
})

attack('T129', 'was open for somebody whose account was switched off, and ended within `revalidate`', async () => {
  const stage = await startClocked('revalidate: 10m')
  const [his, hers] = [await openAs(stage, uwe), await openAs(stage, ada)]
  stage.emulator.control.changePerson(uwe, { enabled: false })
  stage.forward(600)
  await until('the cut', () => areOver(his.all), 15_000)
  expect(openOf(hers.all)).toEqual(kinds)
})

attack(
  'T129',
  'was open for somebody who lost the role, and ended within `revalidate`, with 403 where an answer was owed',
  async () => {
    const stage = await startClocked('revalidate: 10m')
    const { control } = stage.emulator
    control.addPerson({
      username: 'boss@contoso.example',
      name: 'Boss',
      groups: [],
      appRoles: ['Payroll.Admin', 'Payroll.Reader'],
    })
    const [closed, open] = [
      await openAs(stage, 'boss@contoso.example', '/admin/'),
      await openAs(stage, 'boss@contoso.example'),
    ]
    control.changePerson('boss@contoso.example', { appRoles: ['Payroll.Reader'] })
    stage.forward(600)
    await until('the cut', () => areOver(closed.all), 15_000)
    expect(closed.all.find(({ kind }) => kind === 'poll')?.got()).toMatch(/^HTTP\/1\.1 403 [\s\S]*role_missing/)
    // Where the role was not asked for, the application was told of it: requests may finish, for as long as a shut-down waits.
    await until('the WebSocket', () => open.all[0]?.isOver() === true, 15_000)
    expect(openOf(open.all)).toEqual(kinds.slice(1))
    stage.forward(11)
    await until('the rest', () => areOver(open.all), 15_000)
  },
)

/** An application of nothing but sockets. */
async function startRaw(onData: (socket: Socket, text: string) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (bytes) => onData(socket, bytes.toString('latin1')))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => void server.close())
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}

attack(
  'T119',
  'left no person on a shared connection, whatever the application offered and the caller answered',
  async () => {
    const persons = new WeakMap<Socket, string>()
    const upstreamUrl = await startRaw((socket, text) => {
      const credentials = /^authorization:\s*(?:ntlm|negotiate)\s+(\S+)/im.exec(text)?.[1]
      if (credentials !== undefined) persons.set(socket, credentials)
      const body = persons.get(socket) ?? 'nobody'
      const offers = 'WWW-Authenticate: NTLM\r\nWWW-Authenticate: Negotiate, Basic realm="a"\r\n'
      socket.write(`HTTP/1.1 200 OK\r\n${offers}Content-Length: ${body.length}\r\n\r\n${body}`)
    })
    const stage = await startStage({ upstreamUrl })
    ends.push(() => stage.close())
    const cookies = await Promise.all(
      [uwe, ada].map(async (username) => {
        const person = visitor()
        await signIn(person, `${stage.origin}/`, username)
        return `Cookie: ${person.cookies(stage.origin).join('; ')}`
      }),
    )
    for (const scheme of ['NTLM', 'ntlm', 'Negotiate', 'NEGOTIATE', 'Negotiate\t', ' NTLM']) {
      const answers = [
        await speak(stage.origin, bytesOf(stage.origin, 'GET /x', [cookies[0] ?? '', `Authorization: ${scheme} uwe`])),
        await speak(stage.origin, bytesOf(stage.origin, 'GET /x', [cookies[1] ?? ''])),
        await speak(stage.origin, bytesOf(stage.origin, 'GET /public', [])),
      ]
      for (const answer of answers) {
        expect([scheme, answer?.status, answer?.body]).toEqual([scheme, 200, 'nobody'])
        expect(answer?.head).not.toMatch(/ntlm|negotiate/i)
        expect(answer?.head).toMatch(/www-authenticate: basic/i)
      }
    }
  },
)

attack('T120', 'hid a request in a body that the application does not read, and nobody got its answer', async () => {
  const heads: string[] = []
  // Answers at once, and takes whatever follows a head for the next request.
  const upstreamUrl = await startRaw((socket, text) => {
    for (const [, path = ''] of text.matchAll(/(?:GET|POST) (\S+) HTTP\/1\.1\r\n/g)) {
      heads.push(path)
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`)
    }
  })
  const stage = await startStage({ upstreamUrl })
  ends.push(() => stage.close())
  const hidden = 'GET /admin/hidden HTTP/1.1\r\nHost: x\r\nX-Forwarded-User: admin\r\n\r\n'
  for (const lines of [[`Content-Length: ${hidden.length}`], ['Transfer-Encoding: chunked']]) {
    const chunked = lines[0]?.startsWith('Transfer')
    const body = chunked ? `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n` : hidden
    for (let round = 0; round < 5; round += 1) {
      const wire = await openWire(stage.origin)
      wire.send(bytesOf(stage.origin, `POST /public/attack`, lines, body))
      expect((await wire.answer())?.body).toBe('/public/attack')
      const victims = Array.from({ length: 5 }, (_, at) =>
        speak(stage.origin, bytesOf(stage.origin, `GET /public/victim${at}`)),
      )
      const bodies = (await Promise.all(victims)).map((answer) => answer?.body)
      expect(bodies).toEqual([0, 1, 2, 3, 4].map((at) => `/public/victim${at}`))
      wire.end()
    }
  }
  expect(heads.filter((path) => path === '/public/attack')).toHaveLength(10)
})

describe.skipIf(redisMissing())('a slow store', () => {
  attack('T132', 'was reset while the store, or the application, was asked: the gateway lives', async () => {
    const redis = await startRedis()
    const session = `store: { type: redis, url: '${redis.url}' }`
    const first = await startStage({ session })
    // Shares the store with the first, and has not seen its sessions: it has to ask.
    const second = await startStage({ session, authority: first.emulator.origin })
    ends.push(
      () => redis.stop(),
      () => second.close(),
      () => first.close(),
      () => redis.thaw(),
    )
    const person = visitor()
    await signIn(person, `${first.origin}/`, ada)
    const lines = [`Cookie: ${person.cookies(first.origin).join('; ')}`, ...handshake(second.origin)]
    redis.freeze()
    const wires = await Promise.all(Array.from({ length: 6 }, () => openWire(second.origin)))
    for (const wire of wires) wire.send(bytesOf(second.origin, 'GET /x', lines))
    // Whoever is reset has been read by then: the answer to a later caller shows it.
    expect((await speak(second.origin, bytesOf(second.origin, 'GET /public')))?.status).toBe(200)
    for (const wire of wires.slice(1, 4)) wire.socket.resetAndDestroy()
    for (const wire of wires.slice(4)) wire.socket.end()
    expect((await wires[0]?.answer())?.status).toBe(503)
    redis.thaw()
    const status = async () => (await speak(second.origin, bytesOf(second.origin, 'GET /x', lines.slice(0, 1))))?.status
    await until('the store', async () => (await status()) === 200)
    // The upstream of the stage leaves handshakes without an answer.
    const before = second.upstream.seen.length
    const waiting = await Promise.all([openWire(second.origin), openWire(second.origin)])
    for (const wire of waiting) wire.send(`${bytesOf(second.origin, 'GET /x', lines)}early`)
    await until('the handshakes', () => second.upstream.seen.length === before + 2)
    for (const wire of waiting) wire.socket.resetAndDestroy()
    expect(await status()).toBe(200)
  })
})
