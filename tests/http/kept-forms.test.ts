import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Stage, startStage } from '../stage.ts'
import { choosePerson, createVisitor, navigation, type Reply, signIn, type Visitor } from '../visitor.ts'
import { expectPage, sid } from './scene.ts'

let stage: Stage
beforeAll(async () => {
  stage = await startStage()
})
afterAll(() => stage.close())

const uwe = 'uwe@contoso.example'

/** A form as a browser sends it from a page of the application. */
export const own = {
  ...navigation,
  'sec-fetch-site': 'same-origin',
  'content-type': 'application/x-www-form-urlencoded',
} as const

async function post(visitor: Visitor, path: string, body: string | Buffer, headers = {}): Promise<Reply> {
  const origin = stage.origin
  return await visitor.ask(origin + path, { method: 'POST', headers: { ...own, origin, ...headers }, body })
}

/** Where the page leads by itself. */
function leadsTo(reply: Reply): string {
  const [, address = ''] = /http-equiv="refresh" content="0; url=([^"]+)"/.exec(reply.body) ?? []
  return address.replaceAll('&amp;', '&').replaceAll('&#39;', "'")
}

/** The forms of our page: where they lead, and their one field. */
function buttons(reply: Reply): { readonly send: string; readonly discard: string; readonly body: string } {
  const [send = '', discard = ''] = [...reply.body.matchAll(/<form method="post" action="([^"]+)"/g)].map(
    ([, address = '']) => address.replaceAll('&amp;', '&'),
  )
  const [, name = '', value = ''] = /<input type="hidden" name="([^"]+)" value="([^"]+)"/.exec(reply.body) ?? []
  return { send, discard, body: `${name}=${value}` }
}

describe('a form of somebody whose session has ended', () => {
  test('is kept through the sign-in, and sent once the person says so, byte for byte', async () => {
    const visitor = createVisitor()
    const body = Buffer.from('note=\xe4\x00\xff&a=1+2&b=%26', 'latin1')
    const kept = await post(visitor, '/save?x=1&y=%2F', body, { referer: `${stage.origin}/form?z` })
    expect(kept.status).toBe(401)
    expect(kept.body).toContain('What you typed is kept')
    const page = await choosePerson(visitor, await visitor.open(leadsTo(kept)), uwe)
    expect(page.status).toBe(200)
    expect(page.body).toContain('Do you want to send what you typed?')
    expect(page.body).toContain('Uwe')
    const { send, body: placeholder } = buttons(page)
    expect(send).toBe(`${stage.origin}/save?x=1&y=%2F`)
    const headers = { ...own, origin: stage.origin, referer: page.url }
    const sent = await visitor.ask(send, { method: 'POST', headers, body: placeholder })
    expect(sent.status).toBe(200)
    const seen = stage.upstream.seen.at(-1)
    expect(seen).toMatchObject({ method: 'POST', url: '/save?x=1&y=%2F', body: body.toString('utf8') })
    expect(seen?.headers).toMatchObject({
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(body.length),
      'x-forwarded-email': uwe,
      referer: `${stage.origin}/form?z`,
    })
    const before = stage.upstream.seen.length
    expectPage(await visitor.ask(send, { method: 'POST', headers, body: placeholder }), 409, 'form_sent')
    expectPage(await visitor.open(page.url), 409, 'form_sent')
    expect(stage.upstream.seen).toHaveLength(before)
    visitor.close()
  })
})
