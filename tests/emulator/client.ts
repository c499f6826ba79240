/** A small browser (cookies, no redirects followed) and a small OpenID client, written by hand so that they share nothing with what they test. */
import { createHash, randomBytes } from 'node:crypto'
import { clientId, clientSecret, directoryId } from '../../src/emulator/directory.ts'

export interface Page {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Where a redirect leads; empty without one. */
  readonly location: string
}

export interface Browser {
  get(url: string, headers?: Record<string, string>): Promise<Page>
  post(url: string, form: Record<string, string>, headers?: Record<string, string>): Promise<Page>
}

export function createBrowser(): Browser {
  const jar = new Map<string, { name: string; value: string; path: string }>()
  async function visit(url: string, init: RequestInit): Promise<Page> {
    const { pathname } = new URL(url)
    const sent = [...jar.values()].filter((cookie) => pathname.startsWith(cookie.path))
    const headers = new Headers(init.headers)
    if (sent.length > 0) headers.set('cookie', sent.map(({ name, value }) => `${name}=${value}`).join('; '))
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      const path = /; path=([^;]*)/i.exec(line)?.[1] ?? '/'
      if (/expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(`${path} ${name}`)
      else jar.set(`${path} ${name}`, { name, value, path })
    }
    const location = response.headers.get('location') ?? ''
    return { status: response.status, headers: response.headers, text: await response.text(), location }
  }
  return {
    get: (url, headers = {}) => visit(url, { headers }),
    post: (url, form, headers = {}) => visit(url, { method: 'POST', body: new URLSearchParams(form), headers }),
  }
}

export const callback = 'http://localhost:4711/.auth/callback'
export const verifier = randomBytes(32).toString('base64url')
const challenge = createHash('sha256').update(verifier).digest('base64url')

/** A parameter that is undefined in `changes` is left out. */
export function authorizeQuery(changes: Record<string, string | undefined> = {}): string {
  const parameters = {
    client_id: clientId,
    redirect_uri: callback,
    response_type: 'code',
    scope: 'openid profile email offline_access',
    state: 'the state',
    nonce: 'the nonce',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...changes,
  }
  return given(parameters).toString()
}

/** `authority` in the changes is not a parameter, but what stands in the path. */
export function authorizeUrl(
  origin: string,
  { authority = directoryId, ...changes }: Record<string, string | undefined> = {},
): string {
  return `${origin}/${authority}/oauth2/v2.0/authorize?${authorizeQuery(changes)}`
}

/** Without the parameters that are undefined. */
function given(parameters: Record<string, string | undefined>): URLSearchParams {
  const present = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) present.set(name, value)
  return present
}

/** Presses the button of a person on the account picker that is shown for the query. */
export function choose(
  browser: Browser,
  origin: string,
  query: string,
  account: Record<string, string>,
  authority = directoryId,
): Promise<Page> {
  return browser.post(`${origin}/${authority}/choose-account`, { request: query, ...account })
}

/** The object id behind a name, taken from the tile that shows it. */
export function tileOf(page: Page, username: string): string {
  const tiles = page.text.split('<li>').filter((tile) => tile.includes(`<span>${username}</span>`))
  const [, id] = /name="account" value="([^"]+)"/.exec(tiles[0] ?? '') ?? []
  if (id === undefined) throw new Error(`no tile for ${username}`)
  return id
}

/** Goes to the picker, presses the person's tile, and gives the code. */
export async function signIn(
  browser: Browser,
  origin: string,
  username: string,
  changes: Record<string, string | undefined> = {},
): Promise<string> {
  const picker = await browser.get(authorizeUrl(origin, { prompt: 'select_account', ...changes }))
  const back = await choose(
    browser,
    origin,
    hiddenRequest(picker),
    { account: tileOf(picker, username) },
    changes.authority,
  )
  return codeOf(back)
}

/** The hidden field of a page, as a browser would send it. */
export function hiddenRequest(page: Page): string {
  const [, value = ''] = /name="request" value="([^"]*)"/.exec(page.text) ?? []
  return value.replaceAll('&amp;', '&').replaceAll('&#39;', "'")
}

export function codeOf(page: Page): string {
  const code = new URL(page.location).searchParams.get('code')
  if (code === null) throw new Error(`no code: ${page.status} ${page.location}`)
  return code
}

export interface TokenAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

export async function askToken(
  origin: string,
  changes: Readonly<Record<string, string | undefined>>,
  headers: Record<string, string> = {},
): Promise<TokenAnswer> {
  const { authority = directoryId, ...form } = { client_id: clientId, client_secret: clientSecret, ...changes }
  const body = given(form)
  const response = await fetch(`${origin}/${authority}/oauth2/v2.0/token`, { method: 'POST', body, headers })
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  }
}

export function redeem(
  origin: string,
  code: string,
  changes: Record<string, string | undefined> = {},
): Promise<TokenAnswer> {
  return askToken(origin, {
    ...{ grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: verifier },
    ...changes,
  })
}

export function refresh(
  origin: string,
  token: unknown,
  changes: Record<string, string | undefined> = {},
): Promise<TokenAnswer> {
  return askToken(origin, { grant_type: 'refresh_token', refresh_token: String(token), ...changes })
}

/** The payload of a JWT, unverified. */
export function payloadOf(token: unknown): Record<string, unknown> {
  return JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString())
}
