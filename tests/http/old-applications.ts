/**
 * Applications with sessions of their own, as old ones have them: each believes its session more than the headers of a
 * request, which is what binds the next person in a browser to the last one (T128).
 */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** What an application says of a request. */
export interface Visit {
  /** Whom the session is of: the first person it was told of, or nobody yet. */
  readonly owner: string | null
  /** How often it was used. */
  readonly hits: number
  readonly id: string
}

export interface OldApplication {
  /** Where it is mounted. */
  readonly path: string
  /** The name of its session cookie. */
  readonly cookie: string
  handle(request: IncomingMessage, response: ServerResponse): void
  /** Every session id that arrived, in whatever cookie; a test may empty it. */
  readonly arrived: string[]
  /** Those that it gave out, and to whom. */
  readonly given: ReadonlyMap<string, string | null>
}

interface Ways {
  readonly path: string
  readonly cookie: string
  newId(): string
  /** Whether an id that it does not know becomes a session. */
  adopts(id: string): boolean
  /** How the application finds its cookie: some do not look at the case. */
  readonly anyCase: boolean
  setCookie(id: string): string
  readonly forget: string
}

function createApplication(ways: Ways): OldApplication {
  const sessions = new Map<string, { owner: string | null; hits: number }>()
  const arrived: string[] = []
  const given = new Map<string, string | null>()

  function idOf(request: IncomingMessage): string | null {
    const fold = (name: string) => (ways.anyCase ? name.toLowerCase() : name)
    const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim().split(/=(.*)/s))
    const sent = pairs.filter(([name = '']) => fold(name) === fold(ways.cookie)).map(([, value = '']) => value)
    arrived.push(...sent)
    return sent.find((id) => sessions.has(id) || ways.adopts(id)) ?? null
  }

  return {
    ...{ path: ways.path, cookie: ways.cookie, arrived, given },
    handle(request, response) {
      const told = request.headers['x-forwarded-user']
      const user = typeof told === 'string' ? told : null
      const lines: string[] = []
      const known = idOf(request)
      let id = known ?? ways.newId()
      if (known === null) lines.push(ways.setCookie(id))
      const session = sessions.get(id) ?? { owner: null, hits: 0 }
      sessions.set(id, session)
      // Its sign-in, which changes the id, as servlet containers do.
      if (request.url === `${ways.path}/login`) {
        sessions.delete(id)
        id = ways.newId()
        sessions.set(id, session)
        lines.push(ways.setCookie(id))
      }
      if (request.url === `${ways.path}/leave`) {
        sessions.delete(id)
        lines.splice(0, Number.POSITIVE_INFINITY, ways.forget)
      }
      session.owner ??= user
      session.hits += 1
      given.set(id, session.owner)
      // Read by scripts: none of the gateway's business.
      lines.push('XSRF-TOKEN=for-scripts; Path=/')
      response.setHeader('Set-Cookie', lines)
      response.setHeader('Content-Type', 'application/json')
      response.end(JSON.stringify({ owner: session.owner, hits: session.hits, id } satisfies Visit))
    },
  }
}

const hex = (bytes: number) => randomBytes(bytes).toString('hex').toUpperCase()
const letters = (count: number) =>
  Array.from(randomBytes(count), (byte) => String.fromCharCode(97 + (byte % 26))).join('')

/** Tomcat: takes no id that it does not know; HttpOnly, with the path of the application. */
export const tomcat = () =>
  createApplication({
    ...{ path: '/app', cookie: 'JSESSIONID', anyCase: false },
    newId: () => `${hex(16)}.node1`,
    adopts: () => false,
    setCookie: (id) => `JSESSIONID=${id}; Path=/app; HttpOnly`,
    forget: 'JSESSIONID=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:10 GMT; Path=/app',
  })

/** PHP as it comes: no HttpOnly, and any id becomes a session (`session.use_strict_mode = 0`). */
export const php = () =>
  createApplication({
    ...{ path: '/php', cookie: 'PHPSESSID', anyCase: false },
    newId: () => letters(26),
    adopts: (id) => /^[A-Za-z0-9,-]{22,256}$/.test(id),
    setCookie: (id) => `PHPSESSID=${id}; path=/`,
    forget: 'PHPSESSID=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0; path=/',
  })

/** Classic ASP: the name has a random tail. */
export const classicAsp = () =>
  createApplication({
    ...{ path: '/asp', cookie: 'ASPSESSIONIDQADSRTBC', anyCase: true },
    newId: () => letters(24).toUpperCase(),
    adopts: () => false,
    setCookie: (id) => `ASPSESSIONIDQADSRTBC=${id}; path=/`,
    forget: 'ASPSESSIONIDQADSRTBC=; expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/',
  })

/** ASP.NET: a well-formed id that came is used again, also after the session behind it has ended; any case of the name. */
export const aspNet = () =>
  createApplication({
    ...{ path: '/net', cookie: 'ASP.NET_SessionId', anyCase: true },
    newId: () => letters(24),
    adopts: (id) => /^[a-z0-5]{24}$/.test(id),
    setCookie: (id) => `ASP.NET_SessionId=${id}; path=/; HttpOnly; SameSite=Lax`,
    forget: 'ASP.NET_SessionId=; expires=Tue, 12-Oct-1999 00:00:00 GMT; path=/; HttpOnly',
  })
