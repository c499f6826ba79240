/** Forms of people who have to sign in first, from the form to the application, over sockets. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Stage, startStage } from '../stage.ts'
import { choosePerson, createVisitor, signIn, type Visitor } from '../visitor.ts'
import { ada, asked, comeBack, leadsTo, post, uwe } from './forms.ts'
import { approve } from './pages-of-entra.ts'
import { binding, expectPage, setCookies, sid, visit } from './scene.ts'
import { bytesOf, openWire } from './wire.ts'

const formCookie = '__Host-form'
let stage: Stage
/** What reached the application by POST: its bytes as Latin-1, its headers. */
const arrived: { readonly url: string; readonly body: string; readonly headers: NodeJS.Dict<string | string[]> }[] = []

beforeAll(async () => {
  stage = await startStage({
    provider: () => '\n    authContexts: { mfa: c1 }',
    routes: `- { path: /public, access: public }
- { path: /admin, access: [admin] }
- { path: /mfa, access: signed-in, authContext: mfa }
- { path: /program, access: signed-in, onUnauthenticated: 401 }
- { path: /told, access: signed-in, respond: { body: told } }
- { path: /, access: signed-in }`,
    tenant: 'keepForms: 100KB',
  })
  stage.upstream.handle((request, response) => {
    if (request.method !== 'POST') return false
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { url = '', headers } = request
      arrived.push({ url, headers, body: Buffer.concat(chunks).toString('latin1') })
      response.end('taken')
    })
    return true
  })
})
afterAll(() => stage.close())

const at = (path: string) => stage.origin + path
const unsent = (detail: string) => ({ event: 'request_refused', reason: 'form_not_kept', detail })

async function withVisitor(work: (visitor: Visitor) => Promise<void>): Promise<void> {
  const visitor = createVisitor()
  try {
    await work(visitor)
  } finally {
    visitor.close()
  }
}

/** Nothing reaches the application meanwhile. */
async function nothingArrives(work: () => Promise<void>): Promise<void> {
  const before = arrived.length
  await work()
  expect(arrived).toHaveLength(before)
}

describe('a form of somebody whose session has ended', () => {
  const binary = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256))
  const multipart = Buffer.concat([
    Buffer.from('--b\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n\r\n'),
    binary,
    Buffer.from('\r\n--b--\r\n'),
  ])
  for (const [what, body, contentType] of [
    ['with fields', Buffer.from('note=\xe4\x00\xff&a=1+2&b=%26', 'latin1'), 'application/x-www-form-urlencoded'],
    ['with a file', multipart, 'multipart/form-data; boundary=b'],
    ['as plain text', Buffer.from('a=b\r\n'), 'text/plain'],
    ['without any field (T49)', Buffer.alloc(0), 'application/x-www-form-urlencoded'],
    ['of exactly the limit', Buffer.alloc(102_400, 'x'), 'text/plain'],
  ] as const) {
    test(`${what} reaches the application once, byte for byte, with the person who has signed in`, () =>
      withVisitor(async (visitor) => {
        const headers = { 'content-type': contentType, referer: at('/form?z') }
        const kept = await post(visitor, at('/save?x=1&y=%2F'), body, headers)
        expect(setCookies(kept)).toContainEqual(
          expect.stringMatching(/^__Host-form=[\w-]{22}; Max-Age=1200; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
        )
        const { page, url, send } = await comeBack(visitor, kept, uwe)
        expect(page.body).toContain('Uwe')
        expect(page.body).toContain('If it was not you who typed it, discard it.')
        expect(page.headers['content-security-policy']).toContain("form-action 'self' https:;")
        expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'")
        expect(page.url).toMatch(/\/\.auth\/form\?id=[\w-]{22}$/)
        expect(url).toBe(at('/save?x=1&y=%2F'))
        const before = arrived.length
        const sent = await send(visitor)
        expect([sent.status, sent.body]).toEqual([200, 'taken'])
        expect(arrived).toHaveLength(before + 1)
        expect(arrived.at(-1)).toMatchObject({ url: '/save?x=1&y=%2F', body: body.toString('latin1') })
        const seen = arrived.at(-1)?.headers ?? {}
        expect(seen).toMatchObject({
          ...{ 'content-type': contentType, 'content-length': String(body.length), referer: at('/form?z') },
          ...{ 'x-forwarded-preferred-username': uwe, origin: stage.origin },
        })
        expect(seen['transfer-encoding']).toBeUndefined()
        expect(String(seen.cookie ?? '')).not.toContain('__Host-')
      }))
  }

  test('comes in pieces without a stated length, too', () =>
    withVisitor(async (visitor) => {
      const lines = ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Site: same-origin', 'Content-Type: text/plain']
      const wire = await openWire(stage.origin)
      wire.send(bytesOf(stage.origin, 'POST /save', [...lines, 'Transfer-Encoding: chunked']))
      wire.send('3\r\nabc\r\n')
      wire.send('2\r\nde\r\n0\r\n\r\n')
      const answer = await wire.answer()
      wire.end()
      const [, cookie = ''] = /__Host-form=([\w-]+)/.exec(answer?.head ?? '') ?? []
      const [, login = ''] = /__Host-login=([\w-]+)/.exec(answer?.head ?? '') ?? []
      visitor.setCookie(stage.origin, formCookie, cookie)
      visitor.setCookie(stage.origin, binding, login)
      const kept = { status: 401, headers: {}, body: answer?.body ?? '', location: '', url: at('/save') }
      await (await comeBack(visitor, kept, uwe)).send(visitor)
      expect(arrived.at(-1)).toMatchObject({ body: 'abcde', headers: { 'content-length': '5' } })
    }))

  test('is sent once, however often and however fast it is asked for', () =>
    withVisitor(async (visitor) => {
      const { page, send } = await comeBack(visitor, await post(visitor, at('/save'), 'a=b'), uwe)
      const before = arrived.length
      const replies = await Promise.all(Array.from({ length: 10 }, () => send(visitor)))
      expect(arrived).toHaveLength(before + 1)
      expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
      for (const reply of replies) if (reply.status !== 200) expectPage(reply, 409, 'form_sent')
      expectPage(await visit(visitor, page.url), 409, 'form_sent')
      expect(arrived).toHaveLength(before + 1)
    }))

  test('waits beside others of the same browser, each for its own address', () =>
    withVisitor(async (visitor) => {
      const [first, second] = [await post(visitor, at('/one'), 'a=1'), await post(visitor, at('/two'), 'a=2')]
      const other = await comeBack(visitor, second, uwe)
      await other.send(visitor)
      expect(arrived.at(-1)).toMatchObject({ url: '/two', body: 'a=2' })
      await (await comeBack(visitor, first, uwe)).send(visitor)
      expect(arrived.at(-1)).toMatchObject({ url: '/one', body: 'a=1' })
    }))

  test('can be discarded, and is gone then', () =>
    withVisitor(async (visitor) => {
      const { page, send, discard } = await comeBack(visitor, await post(visitor, at('/save'), 'a=b'), uwe)
      await nothingArrives(async () => {
        const reply = await discard(visitor)
        expect([reply.status, reply.headers.location]).toEqual([303, '/'])
        expectPage(await visit(visitor, page.url), 410, 'form_gone')
        expectPage(await send(visitor), 410, 'form_gone')
      })
      expect(stage.log().at(-1)).toMatchObject({ reason: 'form_gone' })
      expect(stage.log().map(({ event }) => event)).toContain('form_discarded')
    }))

  test('is gone with the sign-out of this browser', () =>
    withVisitor(async (visitor) => {
      const { page } = await comeBack(visitor, await post(visitor, at('/save'), 'a=b'), uwe)
      await visitor.ask(at('/.auth/logout'), { method: 'POST', headers: { origin: stage.origin } })
      expect(visitor.cookie(stage.origin, formCookie)).toBeUndefined()
      await choosePerson(visitor, await visitor.open(at('/.auth/login?prompt=select_account')), ada)
      expectPage(await visit(visitor, page.url), 410, 'form_gone')
    }))

  test('belongs to whoever comes back to it first, and to nobody who signs in here later', () =>
    withVisitor(async (visitor) => {
      const kept = await post(visitor, at('/save'), 'a=b')
      const first = await comeBack(visitor, kept, uwe)
      const session = visitor.cookie(stage.origin, sid) ?? ''
      await choosePerson(visitor, await visitor.open(at('/.auth/login?prompt=select_account')), ada)
      await nothingArrives(async () => {
        expectPage(await visit(visitor, first.page.url), 403, 'form_of_another')
        expectPage(await first.send(visitor), 403, 'form_of_another')
      })
      // The session was replaced; whoever signs in as the first person again still has it.
      visitor.setCookie(stage.origin, sid, session)
      const again = await choosePerson(visitor, await visitor.open(at('/.auth/login?prompt=select_account')), uwe)
      expect(again.status).toBe(200)
      expect(asked(await visit(visitor, first.page.url)).placeholder).toBe(first.placeholder)
      await first.send(visitor)
      expect(arrived.at(-1)).toMatchObject({ body: 'a=b', headers: { 'x-forwarded-preferred-username': uwe } })
    }))

  test('stays where its address is closed to the person: a missing role is no reason to sign in again', () =>
    withVisitor(async (visitor) => {
      const { page, send } = await comeBack(visitor, await post(visitor, at('/admin/save'), 'a=b'), uwe)
      await nothingArrives(async () => expectPage(await send(visitor), 403, 'role_missing'))
      expect(asked(await visit(visitor, page.url)).url).toBe(at('/admin/save'))
    }))

  test('is asked about again where nobody is signed in any more', () =>
    withVisitor(async (visitor) => {
      const first = await comeBack(visitor, await post(visitor, at('/save'), 'a=b'), uwe)
      visitor.setCookie(stage.origin, sid, null)
      await nothingArrives(async () => {
        const back = await comeBack(visitor, await first.send(visitor), uwe)
        expect(back.page.url).toBe(first.page.url)
      })
      await first.send(visitor)
      expect(arrived.at(-1)).toMatchObject({ body: 'a=b' })
    }))

  test('is told by nothing in log, address or page', () =>
    withVisitor(async (visitor) => {
      const { page, send } = await comeBack(visitor, await post(visitor, at('/save'), 'pin=hidden-4711'), uwe)
      await send(visitor)
      expect(page.body + page.url).not.toContain('4711')
      expect(stage.logText()).not.toContain('4711')
      expect(stage.logText()).not.toContain(visitor.cookie(stage.origin, formCookie) ?? 'none')
      expect(stage.log()).toContainEqual(expect.objectContaining({ event: 'form_kept', bytes: 15, tenant: 'payroll' }))
      expect(stage.log()).toContainEqual(
        expect.objectContaining({ event: 'form_sent', bytes: 15, objectId: expect.any(String) }),
      )
    }))
})

describe('a form of somebody who has to prove something first', () => {
  test('goes on after the proof, of the same person alone', () =>
    withVisitor(async (visitor) => {
      await signIn(visitor, at('/x'), uwe)
      const kept = await post(visitor, at('/mfa/pay'), 'sum=1')
      const { page, send } = asked(await approve(visitor, await visitor.open(leadsTo(kept))))
      expect(page.body).not.toContain('If it was not you')
      await send(visitor)
      expect(arrived.at(-1)).toMatchObject({ url: '/mfa/pay', body: 'sum=1' })
    }))

  test('is nobody else’s, whoever comes back', () =>
    withVisitor(async (visitor) => {
      await signIn(visitor, at('/x'), uwe)
      const kept = await post(visitor, at('/mfa/pay'), 'sum=1')
      const first = asked(await approve(visitor, await visitor.open(leadsTo(kept))))
      await choosePerson(visitor, await visitor.open(at('/.auth/login?prompt=select_account')), ada)
      await nothingArrives(async () => {
        expectPage(await visit(visitor, first.page.url), 403, 'form_of_another')
        leadsTo(await first.send(visitor))
      })
    }))

  test('is explained, not led round for ever, where the browser never comes back with the proof (T52)', () =>
    withVisitor(async (visitor) => {
      await signIn(visitor, at('/x'), uwe)
      const first = asked(await approve(visitor, await visitor.open(leadsTo(await post(visitor, at('/mfa'), 'a=b')))))
      visitor.setCookie(stage.origin, sid, null)
      await choosePerson(visitor, await visitor.open(at('/.auth/login?prompt=select_account')), uwe)
      await nothingArrives(async () => {
        for (let round = 0; round < 3; round += 1) leadsTo(await first.send(visitor))
        expectPage(await first.send(visitor), 400, 'login_loop')
      })
    }))
})

describe('a form that is not kept', () => {
  test('is told so before it is uploaded, with a way to sign in beside it', () =>
    withVisitor(async () => {
      const wire = await openWire(stage.origin)
      const lines = ['Accept: text/html', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Site: same-origin']
      const errors: Error[] = []
      wire.socket.on('error', (error) => errors.push(error))
      wire.send(bytesOf(stage.origin, 'POST /save', [...lines, 'Content-Type: text/plain', 'Content-Length: 3000000']))
      const answer = await wire.answer()
      expect(answer?.status).toBe(401)
      expect(answer?.body).toContain('Nothing was sent yet')
      expect(answer?.body).toContain(
        'href="/.auth/login?return_to=%2F.auth%2Fsigned-in" target="_blank" rel="noopener"',
      )
      expect(answer?.head).not.toMatch(/^(set-cookie|location):/im)
      // What still comes is taken, so that the browser gets to see the page; then the connection ends in order.
      for (let sent = 0; sent < 3_000_000; sent += 100_000) wire.send('x'.repeat(100_000))
      expect(await wire.closed()).toBe(true)
      expect(errors).toEqual([])
      expect(stage.log().at(-1)).toMatchObject(unsent('too-large'))
    }))

  test('is told so also where its length turns out only on the way', () =>
    withVisitor(async () => {
      const wire = await openWire(stage.origin)
      const lines = ['Accept: text/html', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Site: same-origin']
      wire.send(
        bytesOf(stage.origin, 'POST /save', [...lines, 'Content-Type: text/plain', 'Transfer-Encoding: chunked']),
      )
      for (let sent = 0; sent < 150_000; sent += 10_000) wire.send(`2710\r\n${'x'.repeat(10_000)}\r\n`)
      expect((await wire.answer())?.body).toContain('Nothing was sent yet')
      wire.send('0\r\n\r\n')
      expect(await wire.closed()).toBe(true)
      expect(stage.log().at(-1)).toMatchObject(unsent('too-large'))
    }))

  for (const [what, path, headers, detail] of [
    ['is for no application', '/told', {}, 'off'],
    ['is encoded', '/save', { 'content-encoding': 'gzip' }, 'encoding'],
  ] as const) {
    test(`is told so where it ${what}`, () =>
      withVisitor(async (visitor) => {
        expectPage(await post(visitor, at(path), 'a=b', headers), 401, 'form_not_kept')
        expect(stage.log().at(-1)).toMatchObject(unsent(detail))
        expect(visitor.cookie(stage.origin, formCookie)).toBeUndefined()
      }))
  }

  test('is one too many of a browser', () =>
    withVisitor(async (visitor) => {
      for (let form = 0; form < 12; form += 1) leadsTo(await post(visitor, at('/save'), `a=${form}`))
      expectPage(await post(visitor, at('/save'), 'a=13'), 401, 'form_not_kept')
      expect(stage.log().at(-1)).toMatchObject(unsent('full'))
    }))

  test('was sent where nobody is redirected: a 401 as ever', () =>
    withVisitor(async (visitor) => {
      expectPage(await post(visitor, at('/program'), 'a=b'), 401, 'login_required')
    }))
})

describe('a request of the same size as a placeholder', () => {
  test('reaches the application as it is', () =>
    withVisitor(async (visitor) => {
      const { placeholder } = await comeBack(visitor, await post(visitor, at('/save'), 'a=b'), uwe)
      const body = 'x'.repeat(placeholder.length)
      const reply = await post(visitor, at('/other'), body)
      expect([reply.status, arrived.at(-1)?.body]).toEqual([200, body])
      expect(arrived.at(-1)?.headers['content-length']).toBe(String(body.length))
    }))
})
