import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attack } from '../attacks/attack.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, signIn, type Visitor } from '../visitor.ts'

let stage: Stage
let ada: Visitor
let uwe: Visitor
let nora: Visitor

beforeAll(async () => {
  stage = await startStage()
  ;[ada, uwe, nora] = [createVisitor(), createVisitor(), createVisitor()]
  await signIn(ada, `${stage.origin}/`, 'ada@contoso.example')
  await signIn(uwe, `${stage.origin}/`, 'uwe@contoso.example')
  await signIn(nora, `${stage.origin}/`, 'nora@contoso.example')
})
afterAll(async () => {
  for (const visitor of [ada, uwe, nora]) visitor.close()
  await stage.close()
})

const html = { accept: 'text/html' }

describe('the gate', () => {
  test('brings a person back to the exact address that they came for', async () => {
    const visitor = createVisitor()
    const address = `${stage.origin}/a/b%20c;x=1?q=%2F&q=ü&next=https://other.example/?a=b`.replace('ü', '%C3%BC')
    const reply = await signIn(visitor, address, 'uwe@contoso.example')
    expect(reply.url).toBe(address)
    expect(JSON.parse(reply.body)).toMatchObject({ url: address.slice(stage.origin.length) })
    visitor.close()
  })

  test('tells the application who it is', async () => {
    const reply = await ada.ask(`${stage.origin}/x`)
    expect(JSON.parse(reply.body).headers).toMatchObject({
      'x-forwarded-user': '3c6e0a94-8d1b-4b57-9f20-5e7a1c4d8b36',
      'x-forwarded-email': 'ada@contoso.example',
      'x-forwarded-name': 'Ada Lovelace',
      'x-forwarded-roles': 'admin,user',
      'x-forwarded-host': new URL(stage.origin).host,
    })
  })

  for (const [name, who, path, status, code] of [
    ['opens an admin page to an administrator', () => ada, '/admin/x', 200, ''],
    ['refuses it to a user', () => uwe, '/admin/x', 403, 'role_missing'],
    ['refuses it to a user in another spelling', () => uwe, '/ADMIN/x', 403, 'role_missing'],
    ['refuses it to a user with a path parameter', () => uwe, '/admin;a=b/x', 403, 'role_missing'],
    ['refuses everything but public to a person without role', () => nora, '/', 403, 'no_role'],
    ['opens public routes to them', () => nora, '/public/x', 200, ''],
    ['opens optional routes to them', () => nora, '/optional', 200, ''],
  ] as const) {
    test(name, async () => {
      const reply = await who().ask(`${stage.origin}${path}`)
      expect(reply.status).toBe(status)
      if (code !== '') expect(JSON.parse(reply.body)).toMatchObject({ code })
    })
  }

  test('shows a refused person a page with what to do, and another account to choose', async () => {
    const reply = await nora.ask(`${stage.origin}/`, { headers: html })
    expect(reply.status).toBe(403)
    expect(reply.headers['content-type']).toContain('text/html')
    expect(reply.body).toContain('Nora Nobody')
    expect(reply.body).toContain('prompt=select_account')
    expect(reply.headers['content-security-policy']).toContain("default-src 'none'")
    expect(reply.headers['cache-control']).toBe('no-store')
  })

  test('gives public and optional routes no identity of a person whom the tenant does not admit', async () => {
    for (const path of ['/public/x', '/optional']) {
      const reply = await nora.ask(`${stage.origin}${path}`)
      expect(JSON.parse(reply.body).headers).not.toHaveProperty('x-forwarded-user')
    }
  })

  attack('T53', 'tells the four kinds of request apart where nobody is signed in', async () => {
    const visitor = createVisitor()
    const ask = async (headers: Record<string, string>, method = 'GET') => {
      const { status, headers: answered } = await visitor.ask(`${stage.origin}/x`, { method, headers })
      return `${status} ${answered['content-type'] ?? ''}`
    }
    const mode = (value: string, dest: string) => ({ ...html, 'sec-fetch-mode': value, 'sec-fetch-dest': dest })
    expect(await ask(html)).toBe('302 ')
    expect(await ask(mode('navigate', 'document'))).toBe('302 ')
    expect(await ask(mode('navigate', 'iframe'))).toMatch('401 text/html')
    expect(await ask(mode('cors', 'empty'))).toBe('401 application/problem+json')
    expect(await ask(mode('no-cors', 'image'))).toBe('401 application/problem+json')
    expect(await ask({ ...html, 'x-requested-with': 'XMLHttpRequest' })).toBe('401 application/problem+json')
    expect(await ask({ ...mode('navigate', 'document'), 'sec-purpose': 'prefetch' })).toBe(
      '401 application/problem+json',
    )
    expect(await ask(html, 'POST')).toMatch('401 text/html')
    expect(await ask({})).toBe('401 application/problem+json')
    visitor.close()
  })

  attack('T15', 'answers 421 to a host that is nobody’s, without a cookie or a name of a tenant', async () => {
    const visitor = createVisitor()
    const reply = await visitor.ask(`${stage.origin}/`, { headers: { ...html, host: 'other.example' } })
    expect(reply.status).toBe(421)
    expect(reply.headers).not.toHaveProperty('set-cookie')
    expect(reply.body.toLowerCase()).not.toContain('payroll')
    // Which host it was is told to who runs the gateway, if it looks like one.
    await visitor.ask(`${stage.origin}/`, { headers: { ...html, host: 'x"{}=evil' } })
    const hosts = stage.log().filter(({ event, tenant }) => event === 'request_refused' && tenant === undefined)
    expect(hosts.map(({ host }) => host)).toEqual(['other.example', undefined])
    visitor.close()
  })

  test('refuses methods that a route does not have', async () => {
    const post = await uwe.ask(`${stage.origin}/reports`, { method: 'POST', body: 'x' })
    expect(post.status).toBe(405)
    const override = { 'x-http-method-override': 'DELETE' }
    const get = await uwe.ask(`${stage.origin}/reports`, { headers: override })
    expect(get.status).toBe(200)
    expect(JSON.parse(get.body).headers).not.toHaveProperty('x-http-method-override')
  })

  test('never lets an unknown address of ours reach the upstream', async () => {
    const before = stage.upstream.seen.length
    for (const path of ['/.auth', '/.auth/', '/.auth/x', '/.AUTH/login', '/.auth%2flogin', '/.auth//me']) {
      expect((await ada.ask(`${stage.origin}${path}`)).status).toBe(404)
    }
    expect(stage.upstream.seen.length).toBe(before)
  })

  attack('T66', 'says who is signed in at /.auth/me, without tokens', async () => {
    const reply = await ada.ask(`${stage.origin}/.auth/me`)
    expect(JSON.parse(reply.body)).toMatchObject({ name: 'Ada Lovelace', roles: ['admin', 'user'] })
    expect(reply.body).not.toMatch(/eyJ|token/i)
    expect((await createVisitor().ask(`${stage.origin}/.auth/me`)).status).toBe(401)
  })

  attack('T94', 'logs neither cookies nor codes nor tokens, also at debug level', async () => {
    const text = stage.logText()
    expect(text).toContain('signed_in')
    for (const visitor of [ada, uwe, nora]) {
      for (const pair of visitor.cookies(stage.origin)) expect(text).not.toContain(pair.split('=')[1])
    }
    expect(text).not.toMatch(/eyJ|code=|state=|pretend-secret|a-session-secret/)
  })
})
