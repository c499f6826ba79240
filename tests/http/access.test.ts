import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attack } from '../attacks/attack.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, navigation, signIn, type Visitor } from '../visitor.ts'
import { startClockedStage } from './clocked.ts'
import { setCookies, visit } from './scene.ts'

const admins = '4f9d2b6a-1c83-4e57-b0a9-7d6e5c4b3a21'
const staff = '8e2c7a10-5d4f-4b96-a3e8-1f0d9c8b7a65'

let stage: Stage
let [ada, uwe, nora, nobody]: Visitor[] = []
const at = (path: string) => `${stage.origin}${path}`
const asked = (path: string, method?: string) =>
  `/.auth/explain?${new URLSearchParams({ path, ...(method === undefined ? {} : { method }) })}`

beforeAll(async () => {
  stage = await startStage({ session: 'lifetime: 2h\nidle: 30m\nstore: { type: memory }' })
  ;[ada, uwe, nora, nobody] = [createVisitor(), createVisitor(), createVisitor(), createVisitor()]
  await signIn(ada, at('/x'), 'ada@contoso.example')
  await signIn(uwe, at('/x'), 'uwe@contoso.example')
  await signIn(nora, at('/x'), 'nora@contoso.example')
})
afterAll(async () => {
  for (const visitor of [ada, uwe, nora, nobody]) visitor?.close()
  await stage.close()
})

async function json(visitor: Visitor | undefined, path: string, method = 'GET') {
  const reply = await (visitor as Visitor).ask(at(path), { method, headers: { accept: 'application/json' } })
  return { status: reply.status, type: reply.headers['content-type'], said: JSON.parse(reply.body) }
}

describe('explain', () => {
  test('explain tells a program who is signed in, what gave each role, and counts what did not match', async () => {
    const { status, type, said } = await json(uwe, '/.auth/explain')
    expect([status, type]).toEqual([200, 'application/json'])
    expect(said.person).toMatchObject({ name: 'Uwe Müller', username: 'uwe@contoso.example' })
    expect(said.roles).toEqual(['user'])
    expect(said.matched).toEqual([{ role: 'user', by: 'group', value: staff }])
    expect(said.unmatched).toEqual({ groups: 1, appRoles: 2 })
    expect(said.request).toBeNull()
    const { signedInAt, idleEndsAt, endsAt } = said.session
    expect(Date.parse(endsAt) - Date.parse(signedInAt)).toBe(7_200_000)
    expect(Date.parse(idleEndsAt) - Date.parse(signedInAt)).toBeLessThanOrEqual(1_801_000)
  })

  for (const [path, method, verdict, reason] of [
    ['/public/x', 'GET', 'forward', null],
    ['/reports', 'GET', 'forward', null],
    ['/reports', 'POST', null, 'method_refused'],
    ['/admin', 'GET', 'refuse', 'role_missing'],
    ['/ADMIN', 'GET', 'refuse', 'role_missing'],
    ['/a/../admin', 'GET', null, 'path_refused'],
    ['no slash', 'GET', null, 'path_refused'],
    ['//evil.example/', 'GET', null, 'path_refused'],
  ] as const) {
    test(`explain says of ${method} ${path} what the gate does with it`, async () => {
      const { said } = await json(uwe, asked(path, method))
      const { located, verdict: found } = said.request
      expect(found?.act ?? null).toBe(verdict)
      expect(found === null ? located.reason : found.reason).toBe(reason)
      if (!path.startsWith('/') || path.startsWith('//')) return
      const real = await (uwe as Visitor).ask(at(path), { method, headers: navigation })
      const code = /<p>Code <code>([^<]*)/.exec(real.body)?.[1] ?? null
      expect(code).toBe(reason)
    })
  }

  test('explain takes an address as people copy it, and no other host', async () => {
    expect((await json(uwe, asked(`${stage.origin}/admin#top`))).said.request.located.route.path).toBe('/admin')
    expect((await json(uwe, asked('https://evil.example/admin'))).said.request.located.at).toBe('refused')
  })

  test('explain names no group and no app role that the person does not have', async () => {
    for (const path of ['/.auth/explain', asked('/admin')]) {
      const page = await visit(nora as Visitor, at(path))
      const data = await (nora as Visitor).ask(at(path), { headers: { accept: 'application/json' } })
      for (const { body } of [page, data])
        expect(body).not.toMatch(new RegExp(`${admins}|${staff}|Payroll\\.(Admin|Reader)`))
    }
    const { said } = await json(nora, asked('/admin'))
    expect(said).toMatchObject({ roles: [], admitted: false, unmatched: { groups: 2, appRoles: 2 } })
    expect(said.request.located.asks).toEqual({
      level: 'signed-in',
      everyOf: [['admin']],
      contexts: [],
      maxAgeSeconds: null,
    })
    expect(said.request.verdict).toMatchObject({ act: 'refuse', reason: 'no_role' })
  })

  attack('T91', 'explain needs a session, begins no sign-in, and repeats nothing of what was asked', async () => {
    const reply = await visit(nobody as Visitor, at(asked('/<script>x')))
    expect([reply.status, reply.body.includes('login_required'), setCookies(reply)]).toEqual([401, true, []])
    expect((await json(nobody, '/.auth/explain')).said.code).toBe('login_required')
    const page = await visit(uwe as Visitor, at(asked('/<script>alert(1)</script>')))
    expect(page.status).toBe(200)
    expect(page.body).not.toContain('script')
  })

  test('explain refuses a doubled parameter and what is no method', async () => {
    expect((await json(uwe, '/.auth/explain?path=/a&path=/b')).status).toBe(400)
    expect((await json(uwe, asked('/a', 'G\r\nT'))).status).toBe(400)
    expect((await json(uwe, asked(`/${'a'.repeat(2_000)}`))).status).toBe(400)
    expect((await json(uwe, '/.auth/explain', 'POST')).status).toBe(405)
  })

  test('the page of a missing role leads to the explanation of the very request', async () => {
    const refused = await visit(uwe as Visitor, at('/admin/a%20b?secret=1'))
    const href = /href="(\/\.auth\/explain[^"]*)"/.exec(refused.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
    expect(href).not.toContain('secret')
    const page = await visit(uwe as Visitor, at(href))
    expect(page.body).toContain('This page is not open to you')
    expect(page.body).toContain('GET /admin/a b')
    const no = await visit(nora as Visitor, at('/x'))
    expect(no.body).toContain('/.auth/explain?path=%2Fx')
  })
})

describe('session', () => {
  test('session says when it ends, when it ends by idleness, and the roles', async () => {
    const { status, said } = await json(ada, '/.auth/session')
    expect(status).toBe(200)
    expect(Object.keys(said)).toEqual(['ends_in', 'idle_in', 'roles'])
    expect(said.ends_in).toBeGreaterThan(7_000)
    expect(said.ends_in).toBeLessThanOrEqual(7_200)
    expect(said.idle_in).toBeLessThanOrEqual(1_800)
    expect(said.roles).toEqual(['admin', 'user'])
  })

  test('session is JSON also for who opens it as a page, and 401 for nobody', async () => {
    expect((await visit(ada as Visitor, at('/.auth/session'))).headers['content-type']).toBe('application/json')
    expect((await visit(nobody as Visitor, at('/.auth/session'))).headers['content-type']).toBe(
      'application/problem+json',
    )
  })
})

attack('T131', 'explain and session never keep a session alive', async () => {
  const clocked = await startClockedStage('idle: 10m\nstore: { type: memory }')
  const visitor = createVisitor()
  try {
    await signIn(visitor, `${clocked.origin}/x`, 'uwe@contoso.example')
    const idleIn = async () =>
      JSON.parse((await visitor.ask(`${clocked.origin}/.auth/session`)).body).idle_in as number | undefined
    expect(await idleIn()).toBeGreaterThan(590)
    for (const left of [360, 120]) {
      clocked.forward(240)
      expect((await visit(visitor, `${clocked.origin}/.auth/explain`)).status).toBe(200)
      expect(await idleIn()).toBeLessThanOrEqual(left)
    }
    clocked.forward(240)
    expect((await visitor.ask(`${clocked.origin}/.auth/session`)).status).toBe(401)
    expect((await visit(visitor, `${clocked.origin}/.auth/explain`)).status).toBe(401)
  } finally {
    visitor.close()
    await clocked.close()
  }
})
