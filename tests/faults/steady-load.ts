/** People and strangers who go on asking, all the time, and a judge who looks at every answer. */
import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Account, Verdict } from './account.ts'
import { createCounting } from './account.ts'
import type { Echo } from './echo-upstream.ts'
import { type Kind, ordinary, type Right } from './ordinary.ts'
import { startPings } from './pings.ts'
import { type Place, people } from './place.ts'
import { startSignIns } from './sign-ins.ts'
import { startSignOuts } from './sign-outs.ts'

export interface SteadyLoad {
  /** Of the people who are signed in from the beginning: their Cookie headers. */
  readonly cookies: readonly string[]
  /** From now on these are right too, until the next call; null: nothing but the ordinary. */
  allow(right: Right | null): void
  /** Of a session that everybody may lose from now on: counted apart. */
  forgive(what: 'lost sessions'): void
  forgiven(): number
  /** Ends when the last answer is there. @returns what became of all requests. */
  stop(): Promise<Account>
}

/** One answer, as far as the judge is concerned. */
export interface Answer {
  /** Such as `200`, `401 login_required`, `302 sign-in`, `ECONNRESET`. */
  readonly ended: string
  /** What the application said, where it was reached. */
  readonly echo: Echo | null
  /** Whether the browser was told to forget its session. */
  readonly clears: boolean
}

/** Whose request it was, by what it brought along; null: nobody's, so nobody may be named to the application. */
interface Caller {
  readonly kind: Kind
  readonly user: string | null
}

/** Milliseconds between an answer and the next request of the same caller. */
const breath = 8

export async function startSteadyLoad(place: Place): Promise<SteadyLoad> {
  const counting = createCounting()
  /** What was right at first, and after each change. */
  const rights: Right[] = [{}]
  const latest = () => rights.length - 1
  let forgiving = false
  let forgiven = 0
  let over = false
  const agent = new Agent({ keepAlive: true })

  /** @param begun since when the request was under way: what was right at any time since, may be how it ends. */
  function judge({ kind, user }: Caller, answer: Answer, begun: number = latest()): void {
    const verdicts = rights.slice(begun).map((right) => verdictOf({ kind, user }, answer, right))
    const verdict = verdicts.includes('right') ? 'right' : (verdicts.at(-1) ?? 'lost')
    if (verdict === 'logged-out' && forgiving) {
      forgiven += 1
    }
    counting.count(kind, answer.ended, verdict === 'logged-out' && forgiving ? 'right' : verdict)
  }

  const signedIn = await Promise.all(
    people.map(async (person) => ({ ...person, cookie: await place.signIn(person.username) })),
  )
  const [first] = signedIn
  const ended = await place.signIn('una-of-the-load@contoso.example')
  await send(place, agent, { path: '/.auth/logout', method: 'POST', cookie: ended, ...ownForm(place) })

  const loops: Promise<void>[] = []
  /** Asks again and again, one after the other. */
  function ask(caller: Caller, asked: Omit<Asked, 'cookie'>, cookie?: string): void {
    async function loop(): Promise<void> {
      while (!over) {
        const begun = latest()
        judge(caller, await send(place, agent, { ...asked, ...(cookie === undefined ? {} : { cookie }) }), begun)
        await pause(breath)
      }
    }
    loops.push(loop())
  }
  for (const { username: user, cookie, isAdministrator } of signedIn) {
    ask({ kind: 'data', user }, { path: '/x' }, cookie)
    ask({ kind: 'page', user }, { path: '/reports', isPage: true }, cookie)
    ask({ kind: isAdministrator ? 'data' : 'refused', user }, { path: '/admin/x' }, cookie)
  }
  ask({ kind: 'upload', user: first?.username ?? null }, { path: '/up', method: 'POST', body: upload }, first?.cookie)
  ask({ kind: 'stranger', user: null }, { path: '/x' })
  ask({ kind: 'strange page', user: null }, { path: '/x', isPage: true })
  ask({ kind: 'public', user: null }, { path: '/public/x' }, first?.cookie)
  ask({ kind: 'ended', user: null }, { path: '/x' }, ended)
  ask({ kind: 'forged', user: null }, { path: '/x' }, forge(first?.cookie ?? ''))
  const helpers = [
    startPings(place, signedIn.slice(0, 3), (answer, user) => judge({ kind: 'socket', user }, answer)),
    startSignIns(place, (user) => {
      const begun = latest()
      return (answer) => judge({ kind: 'sign-in', user }, answer, begun)
    }),
    await startSignOuts(place, (answer, kind) => judge({ kind, user: null }, answer)),
  ]

  return {
    cookies: signedIn.map(({ cookie }) => cookie),
    allow(next) {
      rights.push(next ?? {})
    },
    forgive() {
      forgiving = true
    },
    forgiven: () => forgiven,
    async stop() {
      over = true
      await Promise.all([...loops, ...helpers.map((each) => each.stop())])
      agent.destroy()
      return counting.account()
    },
  }
}

const upload = 'x'.repeat(64 * 1024)

/** Never right, whatever fails: a stranger who gets through, somebody who is taken for somebody else, a person who is signed out. */
export function verdictOf({ kind, user }: Caller, { ended, echo, clears }: Answer, right: Right): Verdict {
  const { needs, words } = ordinary[kind]
  if (echo !== null && (needs === 'nobody may pass' || echo.user !== user)) return 'let-in'
  const signsOut = clears || ended.startsWith('401') || ended.startsWith('302')
  if (needs === 'session' && signsOut) return 'logged-out'
  return words.includes(ended) || right[kind]?.includes(ended) === true ? 'right' : 'lost'
}

export interface Asked {
  readonly path: string
  readonly method?: string
  readonly isPage?: boolean
  readonly body?: string
  readonly cookie?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Straight to this gateway, past the round robin. */
  readonly port?: number
}

/** What a form of the application's own pages brings along. */
export function ownForm({ origin }: Place): Pick<Asked, 'headers' | 'isPage'> {
  return { isPage: true, headers: { origin, 'sec-fetch-site': 'same-origin' } }
}

/** Long enough for everything that the gateway waits for by itself; then it counts as never answered. */
const patience = 12_000

export function send({ origin, roundRobin }: Place, agent: Agent | false, asked: Asked): Promise<Answer> {
  const { path, method = 'GET', isPage = false, body, cookie, port = roundRobin.port } = asked
  const headers = {
    host: new URL(origin).host,
    ...(isPage
      ? { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
      : { accept: 'application/json' }),
    ...(cookie === undefined ? {} : { cookie }),
    ...(body === undefined ? {} : { 'content-length': body.length }),
    ...asked.headers,
  }
  return new Promise((resolve) => {
    const failed = (ended: string) => resolve({ ended, echo: null, clears: false })
    const sent = request({ port, host: '127.0.0.1', path, method, headers, agent }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      answer.on('error', (error: NodeJS.ErrnoException) => failed(`broken off (${error.code})`))
      answer.on('end', () => {
        if (!answer.complete) return failed('broken off')
        const clears = (answer.headers['set-cookie'] ?? []).some((line) => /^__Host-sid=;/.test(line))
        resolve({ ended: endedOf(answer.statusCode ?? 0, answer.headers.location, text), echo: echoOf(text), clears })
      })
    })
    sent.setTimeout(patience, () => sent.destroy(Object.assign(new Error('no answer'), { code: 'no answer' })))
    sent.on('error', (error: NodeJS.ErrnoException) => failed(String(error.code)))
    sent.end(body)
  })
}

function endedOf(status: number, location: string | undefined, text: string): string {
  if (status === 200) return '200'
  if (status === 302) return location?.includes('/oauth2/v2.0/authorize') === true ? '302 sign-in' : '302'
  const code = /"code":"(\w+)"/.exec(text)?.[1] ?? /<code>(\w+)<\/code>/.exec(text)?.[1]
  return code === undefined ? String(status) : `${status} ${code}`
}

export function echoOf(text: string): Echo | null {
  try {
    const value: unknown = JSON.parse(text)
    const isEcho = typeof value === 'object' && value !== null && 'application' in value
    return isEcho ? (value as Echo) : null
  } catch {
    return null
  }
}

/** The same cookie with another signature. */
function forge(cookie: string): string {
  return cookie.replace(/[^=;]{4}(?=;|$)/g, 'AAAA')
}
