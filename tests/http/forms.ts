/** Forms as browsers send them, and the pages of ours that they lead to, for the tests of kept ones. */
import { expect } from 'vitest'
import { choosePerson, navigation, type Reply, type Visitor } from '../visitor.ts'

export const uwe = 'uwe@contoso.example'
export const ada = 'ada@contoso.example'

/** What a browser says of a form of a page of the application itself. */
const own = {
  ...navigation,
  'sec-fetch-site': 'same-origin',
  'content-type': 'application/x-www-form-urlencoded',
} as const

/** Sends a form from a page of the address's own origin. */
export function post(visitor: Visitor, url: string, body: string | Buffer, headers = {}): Promise<Reply> {
  return visitor.ask(url, { method: 'POST', headers: { ...own, origin: new URL(url).origin, ...headers }, body })
}

/** Where the page leads by itself, once it has said that the form is kept. */
export function leadsTo(reply: Reply): string {
  expect([reply.status, reply.headers.location]).toEqual([401, undefined])
  expect(reply.body).toContain('What you typed is kept')
  const [, address = ''] = /http-equiv="refresh" content="0; url=([^"]+)"/.exec(reply.body) ?? []
  return new URL(plain(address), reply.url).href
}

export interface Asked {
  readonly page: Reply
  /** Where the form would go. */
  readonly url: string
  readonly placeholder: string
  send(visitor: Visitor): Promise<Reply>
  discard(visitor: Visitor): Promise<Reply>
}

/** Reads the page that asks whether to send it. */
export function asked(page: Reply): Asked {
  expect([page.status, page.body.includes('Do you want to send what you typed?')]).toEqual([200, true])
  const addresses = [...page.body.matchAll(/<form method="post" action="([^"]+)"/g)]
  const [url = '', discard = ''] = addresses.map(([, address = '']) => plain(address))
  const [, name = '', value = ''] = /<input type="hidden" name="([^"]+)" value="([^"]+)"/.exec(page.body) ?? []
  const placeholder = `${name}=${value}`
  const referer = page.url
  return {
    ...{ page, url, placeholder },
    send: (visitor) => post(visitor, url, placeholder, { referer }),
    discard: (visitor) => post(visitor, new URL(discard, page.url).href, placeholder, { referer }),
  }
}

/** From the page that says that it is kept, through the provider, to the one that asks. */
export async function comeBack(visitor: Visitor, kept: Reply, username: string): Promise<Asked> {
  const shown = await visitor.open(leadsTo(kept))
  return asked(shown.body.includes('Choose an account') ? await choosePerson(visitor, shown, username) : shown)
}

function plain(text: string): string {
  return text.replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}
