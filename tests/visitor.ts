/** A visitor over real sockets: keeps cookies per host, sends what a browser would, follows redirects only when told to. */
import { Agent, type IncomingHttpHeaders, request } from 'node:http'

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Absolute; empty without a redirect. */
  readonly location: string
  readonly url: string
}

export interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Buffer
}

export interface Visitor {
  /** One request; cookies go along and are kept. */
  ask(url: string, ask?: Ask): Promise<Reply>
  /** A click: a navigation, following redirects to the last page. */
  open(url: string, ask?: Ask): Promise<Reply>
  /** The cookies that would go to this URL, as `name=value` pairs. */
  cookies(url: string): readonly string[]
  cookie(url: string, name: string): string | undefined
  setCookie(url: string, name: string, value: string | null): void
  close(): void
}

export const navigation = {
  accept: 'text/html,application/xhtml+xml',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
} as const

export function createVisitor(): Visitor {
  const agent = new Agent({ keepAlive: true })
  const jars = new Map<string, Map<string, string>>()
  const jarOf = (url: string) => {
    const { host } = new URL(url)
    const jar = jars.get(host) ?? new Map<string, string>()
    jars.set(host, jar)
    return jar
  }

  function ask(url: string, { method = 'GET', headers = {}, body }: Ask = {}): Promise<Reply> {
    const jar = jarOf(url)
    const own = [...jar].map(([name, value]) => `${name}=${value}`)
    const all: Record<string, string | readonly string[]> = { ...headers }
    if (own.length > 0 && all.cookie === undefined) all.cookie = own.join('; ')
    if (body !== undefined) all['content-length'] = String(Buffer.byteLength(body))
    return new Promise((resolve, reject) => {
      const { hostname, host, port, pathname, search } = new URL(url)
      // As browsers do: every name below localhost is this machine.
      const address = hostname.endsWith('.localhost') ? '127.0.0.1' : hostname
      if (address !== hostname) all.host ??= host
      // The path as it was given: URL would tidy up what a hostile test needs untidied.
      const path = url.slice(new URL(url).origin.length) || pathname + search

      const sent = request(
        { hostname: address, port, path, method, headers: all as IncomingHttpHeaders, agent },
        (answer) => {
          const chunks: Buffer[] = []
          answer.on('data', (chunk: Buffer) => chunks.push(chunk))
          answer.on('error', reject)
          answer.on('end', () => {
            keepCookies(jar, answer.headers['set-cookie'] ?? [])
            const { location } = answer.headers
            resolve({
              status: answer.statusCode ?? 0,
              headers: answer.headers,
              body: Buffer.concat(chunks).toString('utf8'),
              // A browser keeps the fragment to itself; Entra ends its redirects with an empty one.
              location: location === undefined ? '' : new URL(location, url).href.replace(/#.*$/, ''),
              url,
            })
          })
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
  }

  return {
    ask,
    async open(url, first = {}) {
      let reply = await ask(url, { ...first, headers: { ...navigation, ...first.headers } })
      for (let hops = 0; reply.location !== ''; hops += 1) {
        if (hops === 15) throw new Error(`too many redirects, the last to ${reply.location}`)
        reply = await ask(reply.location, { headers: navigation })
      }
      return reply
    },
    cookies: (url) => [...jarOf(url)].map(([name, value]) => `${name}=${value}`),
    cookie: (url, name) => jarOf(url).get(name),
    setCookie(url, name, value) {
      if (value === null) jarOf(url).delete(name)
      else jarOf(url).set(name, value)
    },
    close: () => agent.destroy(),
  }
}

function keepCookies(jar: Map<string, string>, lines: readonly string[]): void {
  for (const line of lines) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (/expires=Thu, 01 Jan 1970|max-age=0/i.test(line)) jar.delete(name)
    else jar.set(name, value)
  }
}

/** Chooses a person on the pretend provider's account picker, and goes on to where that leads. */
export async function choosePerson(visitor: Visitor, picker: Reply, username: string): Promise<Reply> {
  const action = /<form[^>]*action="([^"]*)"/.exec(picker.body)?.[1] ?? ''
  const tile = picker.body.split('<li>').find((each) => each.includes(username)) ?? ''
  const account = /name="account" value="([^"]+)"/.exec(tile)?.[1]
  if (account === undefined) throw new Error(`no tile for ${username} at ${picker.url}: ${picker.status}`)
  const hidden = /name="request" value="([^"]*)"/.exec(picker.body)?.[1] ?? ''
  const form = new URLSearchParams({ request: hidden.replaceAll('&amp;', '&').replaceAll('&#39;', "'"), account })
  return await visitor.open(new URL(action, picker.url).href, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
  })
}

/** Opens an address, signs in as the person, and comes back to the address. */
export async function signIn(visitor: Visitor, url: string, username: string): Promise<Reply> {
  return await choosePerson(visitor, await visitor.open(url), username)
}
