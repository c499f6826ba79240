import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attack } from '../attacks/attack.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, signIn, type Visitor } from '../visitor.ts'
import { type ClockedStage, startClockedStage } from './clocked.ts'
import { answerFor, begin, cameBack, expectPage, givesSession, sid, visit } from './scene.ts'

let stage: Stage
let uwe: Visitor
let genuine: string

beforeAll(async () => {
  stage = await startStage({
    tenants: `  - name: canteen
    publicUrl: https://canteen.example
    providers: [contoso]
    upstream: { url: 'http://127.0.0.1:9' }
    routes:
      - { path: /, access: signed-in }`,
  })
  uwe = createVisitor()
  await signIn(uwe, `${stage.origin}/`, 'uwe@contoso.example')
  genuine = uwe.cookie(stage.origin, sid) ?? ''
})
afterAll(async () => {
  uwe.close()
  await stage.close()
})

const html = { accept: 'text/html' }

/** Sends a Cookie header as it is, to a protected route and to the endpoints that know sessions. */
async function expectNobody(cookie: string, headers: Record<string, string> = {}): Promise<void> {
  const visitor = createVisitor()
  const seen = stage.upstream.seen.length
  for (const path of ['/x', '/admin', '/.auth/me']) {
    expect((await visitor.ask(stage.origin + path, { headers: { cookie, ...headers } })).status).toBe(401)
  }
  const page = await visitor.ask(`${stage.origin}/x`, { headers: { ...html, cookie, ...headers } })
  expect(page.status).toBe(302)
  expect(page.location).toContain('/oauth2/v2.0/authorize')
  for (const path of ['/.auth/callback', '/.auth/callback?code=a&state=b']) {
    const reply = await visitor.ask(stage.origin + path, { headers: { ...html, cookie, ...headers } })
    expect(reply.status).toBe(400)
    expect(givesSession(reply)).toBe(false)
  }
  expect(stage.upstream.seen.length).toBe(seen)
  visitor.close()
}

const signedBy = (key: string, id: string) =>
  encodeURIComponent(`s:${id}.${createHmac('sha256', key).update(id).digest('base64').replace(/=+$/, '')}`)

describe('the gate and a cookie that is no session', () => {
  test('the gate knows the genuine cookie, or the rest of these would prove nothing', async () => {
    const reply = await createVisitor().ask(`${stage.origin}/x`, { headers: { cookie: `${sid}=${genuine}` } })
    expect(reply.status).toBe(200)
  })

  for (const [what, value] of [
    ['an empty one', () => ''],
    ['garbage', () => 'garbage'],
    ['one in quotes', () => `"${genuine}"`],
    ['one with a broken escape', () => '%zz%'],
    ['one without a signature', () => genuine.split('.')[0] ?? ''],
    ['a truncated one', () => genuine.slice(0, -1)],
    ['one that is cut at the front', () => genuine.slice(1)],
    ['one with a letter more', () => `${genuine}A`],
    [
      'one with another id',
      () => genuine.replace(/^(s%3A.)(.)/, (_all, head, next) => head + (next === 'A' ? 'B' : 'A')),
    ],
    ['one that is not escaped', () => decodeURIComponent(genuine)],
    ['one that is escaped twice', () => encodeURIComponent(genuine)],
    ['one in another case', () => genuine.replace('%3A', '%3a')],
    ['one signed with another secret', () => signedBy('another secret of 32 bytes or more', 'A'.repeat(22))],
    [
      'one signed with the written secret',
      () => signedBy('a-session-secret-of-the-tests-0123456789abcdef', 'A'.repeat(22)),
    ],
    ['one signed with nothing', () => signedBy('', 'A'.repeat(22))],
    ['an oversize one', () => genuine + 'A'.repeat(4_000)],
    ['a huge one', () => 'A'.repeat(15_000)],
    ['JSON', () => encodeURIComponent('j:{"facts":{"objectId":"x"}}')],
    ['a path', () => '../../../../etc/passwd'],
    ['a word of the language', () => '__proto__'],
  ] as const) {
    attack(['T85', 'T88'], `the gate takes ${what} for nobody, and never fails`, async () => {
      const cookie = `${sid}=${value()}`
      if (what !== 'a huge one') return await expectNobody(cookie)
      const reply = await createVisitor().ask(`${stage.origin}/x`, { headers: { cookie: cookie.repeat(2) } })
      expect(reply.status).toBe(431)
    })
  }

  attack('T85', 'the gate finds no session in any truncation or change of a genuine cookie', async () => {
    const visitor = createVisitor()
    for (let at = 0; at < genuine.length; at += 1) {
      const other = genuine[at] === 'x' ? 'y' : 'x'
      for (const value of [genuine.slice(0, at), genuine.slice(0, at) + other + genuine.slice(at + 1)]) {
        const reply = await visitor.ask(`${stage.origin}/x`, { headers: { cookie: `${sid}=${value}` } })
        expect(reply.status).toBe(401)
      }
    }
    visitor.close()
  })

  attack('T78', 'the gate finds a session in neither of two cookies of our name', async () => {
    for (const cookie of [
      `${sid}=${genuine}; ${sid}=planted`,
      `${sid}=planted; ${sid}=${genuine}`,
      `${sid}=${genuine}; ${sid}=${genuine}`,
      `${sid}=${genuine}; a=b; ${sid}=`,
    ]) {
      await expectNobody(cookie)
    }
  })

  attack('T77', 'the gate finds a session only under its own name', async () => {
    for (const name of [
      'sid',
      '__host-sid',
      '__Host-SID',
      '__Secure-sid',
      '__Host-sid_0',
      'x__Host-sid',
      '__Host-sidx',
    ]) {
      await expectNobody(`${name}=${genuine}`)
    }
    await expectNobody(
      Array.from({ length: 200 }, (_, part) => `${sid}_${part}=${genuine}`)
        .join('; ')
        .slice(0, 12_000),
    )
  })

  attack('T88', 'the gate reads a Cookie header in any disorder', async () => {
    await expectNobody('; ;;  ; =; =x; x; ')
    const cookie = `;; a; =b; ${sid}=${genuine}; c==d`
    expect((await createVisitor().ask(`${stage.origin}/x`, { headers: { cookie } })).status).toBe(200)
  })

  attack('T63', 'the gate accepts no cookie of one tenant at another, also when it has just used it', async () => {
    const cookie = `${sid}=${genuine}`
    for (let round = 0; round < 3; round += 1) {
      expect((await createVisitor().ask(`${stage.origin}/x`, { headers: { cookie } })).status).toBe(200)
      await expectNobodyAt('canteen.example', cookie)
    }
    // The owner is not disturbed by the attempt.
    expect((await uwe.ask(`${stage.origin}/x`)).status).toBe(200)
  })

  async function expectNobodyAt(host: string, cookie: string): Promise<void> {
    const visitor = createVisitor()
    for (const path of ['/x', '/.auth/me']) {
      expect((await visitor.ask(stage.origin + path, { headers: { cookie, host } })).status).toBe(401)
    }
    visitor.close()
  }

  attack('T55', 'no bearer token, of whatever kind, is a session', async () => {
    for (const authorization of ['Bearer x', `Bearer ${genuine}`, 'Basic YTpi', 'Bearer eyJhbGciOiJub25lIn0.e30.']) {
      const reply = await createVisitor().ask(`${stage.origin}/x`, { headers: { authorization } })
      expect(reply.status).toBe(401)
    }
  })
})

describe('the gate and time', () => {
  let clocked: ClockedStage
  beforeAll(async () => {
    clocked = await startClockedStage('lifetime: 10m\nidle: 2m\nstore: { type: memory }')
  })
  afterAll(() => clocked.close())

  const arrive = async () => {
    const visitor = createVisitor()
    await signIn(visitor, `${clocked.origin}/`, 'uwe@contoso.example')
    return visitor
  }
  const status = async (visitor: Visitor, path = '/x') => (await visitor.ask(clocked.origin + path)).status

  attack('T81', 'a session ends when nobody uses it', async () => {
    const visitor = await arrive()
    clocked.forward(119)
    expect(await status(visitor)).toBe(200)
    clocked.forward(121)
    expect(await status(visitor)).toBe(401)
    visitor.close()
  })

  attack('T81', 'a session ends at its time however busy the person is', async () => {
    const visitor = await arrive()
    for (let minutes = 1; minutes < 10; minutes += 1) {
      clocked.forward(60)
      expect(await status(visitor)).toBe(200)
    }
    clocked.forward(61)
    expect(await status(visitor)).toBe(401)
    visitor.close()
  })

  attack('T131', 'asking who is signed in keeps no session alive', async () => {
    const visitor = await arrive()
    for (let round = 0; round < 3; round += 1) {
      clocked.forward(39)
      expect(await status(visitor, '/.auth/me')).toBe(200)
    }
    clocked.forward(10)
    expect(await status(visitor)).toBe(401)
    visitor.close()
  })

  attack('T45', 'a sign-in that took too long begins anew, once, and then is explained', async () => {
    const visitor = createVisitor()
    const late = await cameBack(visitor, `${clocked.origin}/deep?x=1`, 'uwe@contoso.example')
    clocked.forward(601)
    const second = await begin(visitor, late)
    expect(second).toContain('/oauth2/v2.0/authorize')
    const lateAgain = await answerFor(visitor, second, 'uwe@contoso.example')
    clocked.forward(601)
    expectPage(await visit(visitor, lateAgain), 400, 'transaction_missing')
    visitor.close()
  })

  test('a sign-in that took too long heals itself and ends at its address', async () => {
    const visitor = createVisitor()
    const late = await cameBack(visitor, `${clocked.origin}/deep?x=1`, 'uwe@contoso.example')
    clocked.forward(601)
    expect((await visitor.open(late)).url).toBe(`${clocked.origin}/deep?x=1`)
    visitor.close()
  })
})
