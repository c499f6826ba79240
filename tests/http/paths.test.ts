import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { disguisedAdmin, paths } from '../corpus/paths.ts'
import { type Nginx, startNginx } from '../nginx.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, signIn } from '../visitor.ts'
import { bytesOf, handshake, openWire, speak } from './wire.ts'

let stage: Stage
let nginx: Nginx
/** The same gateway in front of nginx, which folds paths in ways of its own. */
let behind: Stage
const cookies = new Map<string, string>()

async function cookieOf(at: Stage, person: string): Promise<string> {
  const visitor = createVisitor()
  await signIn(visitor, `${at.origin}/.auth/login?return_to=/public`, person)
  await signIn(visitor, `${at.origin}/x`, person).catch(() => null)
  visitor.close()
  return `Cookie: ${visitor.cookies(at.origin).join('; ')}`
}

beforeAll(async () => {
  nginx = await startNginx(`
    location / { return 200 'root $request_uri'; }
    location /public { return 200 'public $request_uri'; }
    location /admin { return 200 'admin $request_uri'; }`)
  stage = await startStage()
  behind = await startStage({ upstreamUrl: `http://127.0.0.1:${nginx.port}` })
  cookies.set('ada', await cookieOf(stage, 'ada@contoso.example'))
  cookies.set('uwe', await cookieOf(stage, 'uwe@contoso.example'))
  cookies.set('uwe behind', await cookieOf(behind, 'uwe@contoso.example'))
})
afterAll(async () => {
  await behind.close()
  await stage.close()
  await nginx.stop()
})

const printable = (text: string) => JSON.stringify(text)

/** What comes after the honest request shows whether the upstream was sent anything that we did not count. */
async function seenDuring(work: () => Promise<void>): Promise<readonly string[]> {
  const before = stage.upstream.seen.length
  await work()
  await speak(stage.origin, bytesOf(stage.origin, 'GET /public/after'))
  return stage.upstream.seen.slice(before, -1).map((each) => each.url)
}

describe('the gate and paths', () => {
  for (const { raw, refused } of paths) {
    if (refused) {
      test(`refuses ${printable(raw)} and sends nothing on (T1 to T9, T13, T14)`, async () => {
        const seen = await seenDuring(async () => {
          for (const method of ['GET', 'POST', 'OPTIONS', 'FOO']) {
            for (const lines of [[], [cookies.get('ada') ?? ''], handshake(stage.origin)]) {
              const bytes = bytesOf(stage.origin, `${method} ${raw}`, lines)
              expect((await speak(stage.origin, bytes))?.status).toBe(400)
            }
          }
        })
        expect(seen).toEqual([])
      })
      continue
    }
    test(`forwards ${printable(raw)} byte for byte (T1)`, async () => {
      const target = `${raw}?x=%2F..&y=/../admin`
      const seen = await seenDuring(async () => {
        const bytes = bytesOf(stage.origin, `GET ${target}`, [cookies.get('ada') ?? ''])
        expect((await speak(stage.origin, bytes))?.status).toBe(200)
      })
      expect(seen).toEqual([target])
    })
  }

  for (const raw of disguisedAdmin) {
    test(`never opens ${printable(raw)} to somebody without the role (T1 to T14)`, async () => {
      const target = Buffer.from(raw, 'utf8').toString('latin1')
      const seen = await seenDuring(async () => {
        for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS', 'PROPFIND']) {
          for (const query of ['', '?x=/public', '?/public']) {
            for (const lines of [[], [cookies.get('uwe') ?? '']]) {
              const bytes = bytesOf(stage.origin, `${method} ${target}${query}`, [...lines, 'Content-Length: 0'])
              const answer = await speak(stage.origin, bytes)
              expect([400, 401, 403, 404]).toContain(answer?.status)
            }
          }
        }
        const upgrade = [...handshake(stage.origin), cookies.get('uwe') ?? '']
        expect([400, 403, 404]).toContain(
          (await speak(stage.origin, bytesOf(stage.origin, `GET ${target}`, upgrade)))?.status,
        )
      })
      expect(seen).toEqual([])
    })

    test(`never lets nginx serve ${printable(raw)} from its /admin to somebody without the role (T1 to T14)`, async () => {
      const target = Buffer.from(raw, 'utf8').toString('latin1')
      const bytes = bytesOf(behind.origin, `GET ${target}`, [cookies.get('uwe behind') ?? ''])
      const answer = await speak(behind.origin, bytes)
      expect(answer?.status).toBeGreaterThanOrEqual(400)
      expect(answer?.body).not.toContain('admin /')
    })
  }

  for (const { raw, refused } of paths) {
    if (refused) continue
    test(`lets nginx read ${printable(raw)} only where its reader may go (T1, T13)`, async () => {
      const bytes = bytesOf(behind.origin, `GET ${raw}`, [cookies.get('uwe behind') ?? ''])
      const answer = await speak(behind.origin, bytes)
      if (answer?.status === 200) expect(answer.body).toMatch(/^(?:root|public) /)
      else expect(answer?.status).toBe(403)
    })
  }

  test('matches rules against the path alone, whatever the query says (T7)', async () => {
    for (const target of ['/admin?x=/public', '/admin?/public', '/admin?', '/x?/public', '/x?a=/public/..']) {
      expect((await speak(stage.origin, bytesOf(stage.origin, `GET ${target}`)))?.status).toBe(401)
    }
    const answer = await speak(stage.origin, bytesOf(stage.origin, 'GET /public?next=/admin'))
    expect(JSON.parse(answer?.body ?? '{}')).toMatchObject({ url: '/public?next=/admin' })
  })

  test('ends public prefixes at a segment (T12)', async () => {
    for (const path of ['/publicity', '/public.html', '/public-x', '/publi', '/PUBLIC2', '/x/public']) {
      expect((await speak(stage.origin, bytesOf(stage.origin, `GET ${path}`)))?.status, path).toBe(401)
    }
  })

  for (const [length, status] of [
    [8_192, 200],
    [8_193, 414],
    [15_000, 414],
    [17_000, 431],
  ] as const) {
    test(`answers a path of ${length} bytes with ${status} (T88)`, async () => {
      const path = `/public/${'a'.repeat(length - '/public/'.length)}`
      expect((await speak(stage.origin, bytesOf(stage.origin, `GET ${path}`)))?.status).toBe(status)
    })
  }
})

describe('the gate and request targets', () => {
  for (const line of [
    'GET $origin/public',
    'GET http://other.example/public',
    'GET HTTP://$host/public',
    'GET //$host/public',
    'GET $host/public',
    'OPTIONS *',
    'GET *',
    'GET admin',
    'GET ?x=/public',
    'GET #',
    'CONNECT a:1',
    'CONNECT $host',
    'CONNECT /public',
    'CONNECT 127.0.0.1:22',
    'GET ',
    'GET /public HTTP/1.1',
    'GET /a b',
  ]) {
    test(`refuses ${line} (T9)`, async () => {
      const real = line.replace('$origin', stage.origin).replace('$host', new URL(stage.origin).host)
      for (const lines of [[], [cookies.get('ada') ?? '']]) {
        const seen = await seenDuring(async () => {
          expect((await speak(stage.origin, bytesOf(stage.origin, real, lines)))?.status).toBe(400)
        })
        expect(seen).toEqual([])
      }
    })
  }

  test('never tunnels what follows a CONNECT (T9)', async () => {
    const seen = await seenDuring(async () => {
      const wire = await openWire(stage.origin)
      const inner = bytesOf(stage.origin, 'GET /public/inner')
      wire.send(bytesOf(stage.origin, `CONNECT ${new URL(stage.origin).host}`) + inner)
      expect((await wire.answer())?.status).toBe(400)
      expect(await wire.closed()).toBe(true)
    })
    expect(seen).toEqual([])
  })
})

describe('the gate and hosts', () => {
  const port = () => new URL(stage.origin).port
  for (const [what, host, status] of [
    ['upper case', 'LOCALHOST:$port', 200],
    ['mixed case', 'LocalHost:$port', 200],
    ['a trailing dot', 'localhost.:$port', 200],
    ['blanks around', '  localhost:$port  ', 200],
    ['user information', 'admin@localhost:$port', 400],
    ['user information with password', 'a:b@localhost:$port', 400],
    ['a path', 'localhost:$port/x', 400],
    ['a query', 'localhost:$port?x', 400],
    ['two ports', 'localhost:$port:80', 400],
    ['a comma', 'localhost:$port, other.example', 400],
    ['a blank inside', 'localhost :$port', 400],
    ['a tab inside', 'localhost\t:$port', 400],
    ['nothing', '', 400],
    ['only a port', ':$port', 400],
    ['a letter as port', 'localhost:x', 400],
    ['a Latin-1 letter', 'localh\xf6st:$port', 400],
    ['no port', 'localhost', 421],
    ['another port', 'localhost:1', 421],
    ['the port of https', 'localhost:443', 421],
    ['another name', 'other.example', 421],
    ['a name under the tenant’s', 'x.localhost:$port', 421],
    ['the address', '127.0.0.1:$port', 421],
    ['an IPv6 address', '[::1]:$port', 421],
    ['a name of the prototype', '__proto__', 421],
    ['another name of the prototype', 'constructor', 421],
  ] as const) {
    test(`answers ${what} with ${status} (T10, T15)`, async () => {
      const named = host.replace('$port', port())
      const answer = await speak(stage.origin, bytesOf(stage.origin, 'GET /public', [`Host: ${named}`]))
      expect(answer?.status).toBe(status)
      if (status !== 200) return expect(answer?.body.toLowerCase()).not.toContain('payroll')
      expect(JSON.parse(answer?.body ?? '')).toMatchObject({ headers: { host: new URL(stage.origin).host } })
    })
  }

  test('answers a request without Host with 400, in every version of HTTP (T10)', async () => {
    for (const bytes of ['GET /public HTTP/1.1\r\n\r\n', 'GET /public HTTP/1.0\r\n\r\n', 'GET /public\r\n\r\n']) {
      expect((await speak(stage.origin, bytes))?.status, bytes).toBe(400)
    }
    const upgrade = ['GET /public HTTP/1.1', ...handshake(stage.origin)].join('\r\n')
    expect((await speak(stage.origin, `${upgrade}\r\n\r\n`))?.status).toBe(400)
  })
})

describe('the gate and methods', () => {
  for (const [line, status] of [
    ['get /x', 400],
    ['FOO /x', 400],
    ['PROPFIND /x', 401],
    ['DELETE /x', 401],
    ['QUERY /x', 401],
    ['TRACE /public', 405],
    ['TRACK /public', 400],
    ['PRI /public', 400],
    ['POST /reports', 405],
    ['PATCH /reports', 405],
    ['HEAD /reports', 401],
    ['GET /reports?_method=DELETE', 401],
  ] as const) {
    test(`answers ${line} with ${status} where nobody is signed in (T11)`, async () => {
      const seen = await seenDuring(async () => {
        const bytes = bytesOf(stage.origin, line, ['Content-Length: 0', 'X-HTTP-Method-Override: GET'])
        expect((await speak(stage.origin, bytes))?.status).toBe(status)
      })
      expect(seen).toEqual([])
    })
  }
})
