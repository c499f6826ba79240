/** Open WebSockets, for which no request asks any more: what the provider says of their people reaches them too. */
import type { IncomingMessage } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { Session } from '../../src/core/identity/session.ts'
import { createLasting } from '../../src/http/lasting.ts'
import { createPlaces } from '../../src/http/places.ts'
import { createLog } from '../../src/ops/log.ts'
import { facts, gateway, session, tenant, toUpstream } from '../core/build.ts'
import { until } from '../redis.ts'
import { createVisitor, signIn } from '../visitor.ts'
import { type ClockedStage, startClockedStage } from './clocked.ts'

const contosoTenant = tenant({})
const interval = 600
const now = 1_000_001
const [uwe, ada, nick] = ['uwe@contoso.example', 'ada@contoso.example', 'nick@contoso.example'] as const
const payrollStaff = '8e2c7a10-5d4f-4b96-a3e8-1f0d9c8b7a65'

let stage: ClockedStage | null = null
const clients: WebSocket[] = []
afterEach(async () => {
  for (const each of clients.splice(0)) each.terminate()
  await stage?.close()
  stage = null
})

async function setUp() {
  const routes = '- { path: /admin, access: [admin] }\n- { path: /, access: signed-in }'
  const made = await startClockedStage('revalidate: 10m', { routes })
  stage = made
  const server = new WebSocketServer({ noServer: true })
  made.upstream.server.on('upgrade', (request: IncomingMessage, socket, head) => {
    server.handleUpgrade(request, socket, head, (opened) => {
      opened.on('error', () => {})
      opened.send(String(request.headers['x-forwarded-roles']))
    })
  })
  return made
}

/** Signs in and opens a WebSocket. */
async function openChat({ origin }: ClockedStage, username: string, path = '/chat') {
  const visitor = createVisitor()
  await signIn(visitor, `${origin}/`, username)
  const cookie = visitor.cookies(origin).join('; ')
  visitor.close()
  const socket = new WebSocket(`${origin.replace('http', 'ws')}${path}`, { headers: { cookie, origin } })
  clients.push(socket)
  const said: string[] = []
  let closed = false
  socket.on('message', (data) => said.push(String(data)))
  socket.on('error', () => {})
  socket.on('close', () => {
    closed = true
  })
  await until('the greeting', () => said.length === 1)
  return { closed: () => closed }
}

describe('hold', () => {
  test('hold cuts whose account is switched off and who has lost the role, within the interval, and nobody else (T126)', async () => {
    const made = await setUp()
    const { control } = made.emulator
    control.addPerson({ username: 'boss@contoso.example', name: 'Boss', groups: [], appRoles: ['Payroll.Admin'] })
    control.addPerson({ username: nick, name: 'Nick', groups: [payrollStaff] })
    const [ofUwe, ofAda, ofBoss, ofNick] = [
      await openChat(made, uwe),
      await openChat(made, ada),
      await openChat(made, 'boss@contoso.example', '/admin/chat'),
      await openChat(made, nick),
    ]
    control.changePerson(uwe, { enabled: false })
    control.changePerson('boss@contoso.example', { appRoles: [] })
    control.changePerson(nick, { appRoles: ['Payroll.Admin'] })
    const before = control.requests('token')
    made.forward(interval)
    await until('the account that is switched off is cut', () => ofUwe.closed(), 15_000)
    await until('the lost role is cut', () => ofBoss.closed(), 15_000)
    // More roles are news to the application too: it is told of them when the browser connects anew.
    await until('the new role is cut', () => ofNick.closed(), 15_000)
    expect(ofAda.closed()).toBe(false)
    expect(control.requests('token') - before).toBe(4)
    made.forward(interval)
    await until('it is asked again', () => control.requests('token') - before >= 5, 15_000)
    expect(ofAda.closed()).toBe(false)
  }, 60_000)

  test('hold leaves everybody connected while the provider is away, until the grace is over', async () => {
    const made = await setUp()
    const { control } = made.emulator
    const ofAda = await openChat(made, ada)
    control.fail('token', { kind: 'close' }, Number.POSITIVE_INFINITY)
    const before = control.requests('token')
    made.forward(interval)
    await until('it is asked', () => control.requests('token') > before, 15_000)
    expect(ofAda.closed()).toBe(false)
    made.forward(3_600)
    await until('the end of the grace', () => ofAda.closed(), 15_000)
  }, 60_000)

  test('hold lets nobody go on whose session it cannot judge, and judges the others all the same', async () => {
    const [broken, others] = [session(), Array.from({ length: 40 }, () => session())]
    const lines: string[] = []
    const model = gateway(contosoTenant)
    const lasting = createLasting({
      current: () => model,
      sessions: { current: async (each) => each, watch: () => () => {} },
      revalidation: {
        confirm(_tenant, each) {
          if (each === broken) throw new TypeError('a defect')
          return null
        },
      },
      places: createPlaces(() => model.server.limits),
      clock: () => now,
      metrics: { cut() {} },
      log: createLog({ level: 'error', destination: { write: (line: string) => void lines.push(line) } }),
      interval: 5,
    })
    const cut = new Set<Session>()
    for (const each of [broken, ...others]) {
      const passing = { requestId: 'r', facts: facts({}), startedAt: 0 }
      const roles = { admitted: true, roles: [], matched: [] } as const
      lasting.hold({
        ...{ what: 'websocket', passing, facts: passing.facts, now, person: { session: each, roles } },
        way: { tenant: contosoTenant, to: toUpstream({}), target: '/' },
        cut: () => void cut.add(each),
      })
    }
    await until('all are cut', () => cut.size === 41)
    lasting.close()
    expect(lines.join('')).toContain('revalidation_failed')
  })

  test('hold looks at the others also where one can be judged no more, and ends that one', async () => {
    const [broken, last] = [session(), session()]
    const healthy = Array.from({ length: 40 }, () => session())
    const lines: string[] = []
    const model = gateway(contosoTenant)
    let later = false
    const lasting = createLasting({
      current: () => model,
      sessions: { current: async (each) => each, watch: () => () => {} },
      revalidation: {
        confirm(_tenant, each) {
          if (later && each === broken) return { ...each, facts: null } as never
          return later && each === last ? null : each
        },
      },
      places: createPlaces(() => model.server.limits),
      clock: () => now,
      metrics: { cut() {} },
      log: createLog({ level: 'error', destination: { write: (line: string) => void lines.push(line) } }),
      interval: 5,
    })
    const cut = new Set<Session>()
    for (const each of [broken, ...healthy, last]) {
      const passing = { requestId: 'r', facts: facts({}), startedAt: 0 }
      const roles = { admitted: true, roles: [], matched: [] } as const
      lasting.hold({
        ...{ what: 'websocket', passing, facts: passing.facts, now, person: { session: each, roles } },
        way: { tenant: contosoTenant, to: toUpstream({}), target: '/' },
        cut: () => void cut.add(each),
      })
    }
    later = true
    await until('both are cut', () => cut.size === 2, 3_000)
    lasting.close()
    expect([cut.has(broken), cut.has(last)]).toEqual([true, true])
    expect(lines.join('')).toContain('revalidation_failed')
  })
})
