import { afterAll, beforeAll, expect } from 'vitest'
import { honestReturns, hostileReturns } from '../corpus/returns.ts'
import { answerFor, begin, cameBack, parameter, sid, visit } from '../http/scene.ts'
import { bytesOf, speak } from '../http/wire.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, navigation, type Reply, signIn, type Visitor } from '../visitor.ts'
import { attack } from './attack.ts'

const person = 'uwe@contoso.example'
let stage: Stage
let uwe: Visitor

beforeAll(async () => {
  stage = await startStage({
    provider: () => '\n    authContexts: { seen: c2 }',
    application: { loopLimit: null },
    routes: '- { path: /public, access: public }\n- { path: /, access: signed-in }',
    tenants: `  - name: second
    publicUrl: https://second.example
    aliases: [https://old.example]
    providers: [contoso]
    upstream: { url: 'http://127.0.0.1:9' }
    routes: [{ path: /, access: signed-in }]`,
  })
  uwe = createVisitor()
  await signIn(uwe, `${stage.origin}/`, person)
})
afterAll(async () => {
  uwe.close()
  await stage.close()
})

const host = () => new URL(stage.origin).host
const loginUrl = (returnTo: string, more = '') =>
  `${stage.origin}/.auth/login?return_to=${encodeURIComponent(returnTo)}${more}`

/** The corpus speaks of https://payroll.example; here that is this stage. A foreign scheme stays foreign. */
const hostile = () =>
  hostileReturns.map((each) =>
    each
      .replaceAll('http://payroll.example', `https://${host()}`)
      .replaceAll('https://payroll.example', stage.origin)
      .replaceAll('payroll.example', host()),
  )

/** A whole sign-in of somebody whom the provider knows already; the last answer of the gateway, not followed. */
async function signInAgain(url: string): Promise<Reply> {
  uwe.setCookie(stage.origin, sid, null)
  return await visit(uwe, await cameBack(uwe, url, person))
}

function expectInside(reply: Reply, wanted: string): void {
  const location = reply.headers.location ?? ''
  expect(reply.status, wanted).toBe(302)
  expect(location, wanted).toMatch(/^\/(?![/\\])/)
  expect(new URL(location, stage.origin).origin, wanted).toBe(stage.origin)
}

attack('T34', `leads nobody outside after a whole sign-in, by none of ${hostileReturns.length} addresses`, async () => {
  for (const wanted of hostile()) expectInside(await signInAgain(loginUrl(wanted)), wanted)
})

attack('T35', 'finds no host that is taken for ours, nor a port or a name in front of an @', async () => {
  await uwe.open(`${stage.origin}/`)
  const { hostname, port } = new URL(stage.origin)
  for (const wanted of [
    `http://evil-${host()}/`,
    `http://${hostname}.evil.example:${port}/`,
    `http://${host()}@evil.example/`,
    `http://${hostname}:${Number(port) + 1}/`,
    `http://${hostname}/`,
    `http://${hostname.replace('l', 'x')}:${port}/`,
    `http://x${host()}/`,
    `http://${host()}.evil.example/`,
    `http://${hostname}%2eevil.example:${port}/`,
    `https://${host()}/`,
    'https://second.example/',
    'https://old.example/',
  ]) {
    expect((await visit(uwe, loginUrl(wanted))).headers.location, wanted).toBe('/')
    expect((await signInAgain(loginUrl(wanted))).headers.location, wanted).toBe('/')
  }
})

attack('T36', 'finds no way out of the sign-in of somebody who is signed in, nor of a step-up', async () => {
  await uwe.open(`${stage.origin}/`)
  for (const wanted of hostile()) expectInside(await visit(uwe, loginUrl(wanted)), wanted)
  for (const wanted of hostile()) {
    const url = loginUrl(wanted, '&auth_context=seen')
    expectInside(await visit(uwe, await answerFor(uwe, await begin(uwe, url), person)), wanted)
  }
})

attack('T36', 'finds no way out of the address itself that somebody opens without a session', async () => {
  for (const path of [
    '//evil.example',
    '//evil.example/%2e%2e',
    '/\\evil.example',
    '/%5cevil.example',
    '/.//evil.example',
    '/%2f%2fevil.example',
    '/%2fevil.example',
    '/;//evil.example',
    '/%09/evil.example',
    '/x//evil.example',
    '/@evil.example',
    '/https://evil.example',
  ]) {
    uwe.setCookie(stage.origin, sid, null)
    const first = await visit(uwe, stage.origin + path)
    if (first.status === 302) expectInside(await visit(uwe, await answerFor(uwe, first.location, person)), path)
    else expect(first.status, path).toBe(400)
  }
})

const outside = 'https://evil.example/x'
const names = [
  ...['return_to', 'rd', 'redirect', 'redirect_uri', 'redirect_url', 'next', 'url', 'continue', 'goto', 'target'],
  ...['post_logout_redirect_uri', 'returnUrl', 'ReturnTo', 'service', 'callback', 'back', 'path', 'email', 'state'],
]
const addresses = ['login', 'logout', 'signed-out', 'callback', 'admin-consent', 'explain', 'signed-in', 'help/50126']

attack('T36', `finds no way out by ${names.length} parameters of ${addresses.length} endpoints of ours`, async () => {
  await uwe.open(`${stage.origin}/`)
  const stranger = createVisitor()
  for (const address of addresses) {
    for (const name of names) {
      for (const value of [outside, '//evil.example/x', 'javascript:alert(1)']) {
        for (const visitor of [uwe, stranger]) {
          // Signing out needs a click on a page of the same origin; the address alone asks.
          const url = `${stage.origin}/.auth/${address}?${name}=${encodeURIComponent(value)}`
          const reply = await visit(visitor, url)
          const where = `${address} ${name}=${value}`
          if (reply.location !== '') {
            expect([stage.origin, stage.emulator.origin], where).toContain(new URL(reply.location).origin)
          }
          for (const [, link = ''] of reply.body.matchAll(/(?:href|action|src|content)="([^"]*)"/g)) {
            expect(link, where).not.toMatch(/^(?:\/\/|https?:\/\/evil|javascript:)|url=.*evil/i)
          }
        }
      }
    }
  }
  stranger.close()
})

attack('T36', 'goes to the host of the configuration from another host of the tenant, and nowhere else', async () => {
  for (const target of ['//evil.example/x', '/\\evil.example', '/x?next=//evil.example', '/@evil.example', '/.evil']) {
    const answer = await speak(stage.origin, bytesOf(stage.origin, `GET ${target}`, ['Host: old.example']))
    const location = /^location: (.*)$/im.exec(answer?.head ?? '')?.[1]?.trim()
    if (answer?.status === 400) continue
    expect(answer?.status, target).toBe(308)
    expect(new URL(location ?? '').origin, target).toBe('https://second.example')
  }
})

attack('T37', 'says nothing in state, and finds nothing of its own accepted in it', async () => {
  const visitor = createVisitor()
  const state = parameter(await begin(visitor, loginUrl('/a-telling-address?q=secret')), 'state')
  const readable = state.split(/[.]/).map((part) => Buffer.from(part, 'base64url').toString('latin1'))
  for (const text of [state, ...readable]) expect(text).not.toMatch(/telling|secret|return|evil/)
  for (const forged of [outside, btoa(outside), `${state}|${outside}`, JSON.stringify({ returnTo: outside })]) {
    const url = `${stage.origin}/.auth/callback?code=x&state=${encodeURIComponent(forged)}`
    const reply = await visit(visitor, url)
    expect([302, 400], forged).toContain(reply.status)
    if (reply.location !== '') {
      expect([stage.origin, stage.emulator.origin]).toContain(new URL(reply.location).origin)
    }
  }
  visitor.close()
})

attack('T38', `refuses none of ${honestReturns.length} honest addresses: all come back byte for byte`, async () => {
  for (const honest of honestReturns) {
    const expected = honest.replace(/[^\x00-\x7f]/g, encodeURIComponent)
    expect((await signInAgain(loginUrl(honest))).headers.location).toBe(expected)
    expect((await visit(uwe, loginUrl(honest))).headers.location).toBe(expected)
    expect((await visit(uwe, loginUrl(stage.origin + honest))).headers.location).toBe(expected)
  }
})

attack('T38', 'loses nothing of an honest address that somebody opens without a session', async () => {
  const refused: string[] = []
  for (const honest of honestReturns.filter((each) => !each.includes('#'))) {
    uwe.setCookie(stage.origin, sid, null)
    const first = await visit(uwe, stage.origin + honest)
    if (first.status !== 302) refused.push(honest)
    else expect((await visit(uwe, await answerFor(uwe, first.location, person))).headers.location).toBe(honest)
  }
  // A dot segment could be another place to the application; a letter that is not escaped is no HTTP.
  expect(refused).toEqual(['/a/./b', '/a?x=é'])
})

attack('T39', 'leads to nothing but http and https of our own origin', async () => {
  await uwe.open(`${stage.origin}/`)
  for (const scheme of [
    'javascript',
    'JaVaScRiPt',
    'data',
    'vbscript',
    'file',
    'ftp',
    'blob',
    'about',
    'intent',
    'ws',
  ]) {
    for (const rest of [':alert(1)', `://${host()}/%0aalert(1)`, ':text/html,<script>alert(1)</script>']) {
      expect((await visit(uwe, loginUrl(scheme + rest))).headers.location, scheme).toBe('/')
    }
  }
})

attack('T40', 'never has a token: no address of a sign-in, a step-up and a sign-out carries one', async () => {
  const visitor = createVisitor()
  const seen: string[] = []
  const watched: Visitor = {
    ...visitor,
    async ask(url, ask) {
      const reply = await visitor.ask(url, ask)
      if (reply.location !== '') seen.push(reply.location)
      return reply
    },
  }
  const unfollowed = async (url: string) => await visit(watched, url)
  const callback = await cameBack(watched, loginUrl('/x?y=z'), person)
  await unfollowed(callback)
  await unfollowed(await answerFor(watched, await begin(watched, loginUrl('/x', '&auth_context=seen')), person))
  const post = { method: 'POST', headers: { ...navigation, origin: stage.origin, 'sec-fetch-site': 'same-origin' } }
  await watched.ask(`${stage.origin}/.auth/logout`, post)
  visitor.close()
  const parameters = seen.flatMap((url) =>
    [...new URL(url).searchParams].map(([name, value]) => ({ url, name, value })),
  )
  expect(seen.some((url) => url.includes('/logout'))).toBe(true)
  for (const { url, name, value } of parameters) {
    expect(name, url).not.toMatch(/token|secret|password|assertion|verifier|sid|cookie/)
    // A hint is opaque, and the provider's own, which gets it back.
    if (name.endsWith('_hint')) expect(new URL(url).origin).toBe(stage.emulator.origin)
    else expect(value, url).not.toMatch(/^eyJ|\.eyJ/)
    // The code goes to our callback alone, and the verifier that it needs stays with us.
    if (name === 'code') expect(new URL(url).pathname).toBe('/.auth/callback')
  }
  for (const { url } of stage.upstream.seen) expect(url).not.toMatch(/code=|token|eyJ/)
})
