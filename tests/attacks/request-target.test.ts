import fc from 'fast-check'
import { afterAll, beforeAll, expect } from 'vitest'
import { disguisedAdmin, paths, targets } from '../corpus/paths.ts'
import { bytesOf, handshake, openWire, speak } from '../http/wire.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, signIn } from '../visitor.ts'
import { attack } from './attack.ts'
import { hostileTarget } from './hostile-paths.ts'
import { type Hit, type PathRange, startPathRange } from './path-range.ts'
import { serverKinds } from './reading-servers.ts'
import { routeTables } from './route-tables.ts'

let range: PathRange
/** The tenant of the range that has an upstream in this process, which repeats what it got. */
let stage: Stage
const cookies = { ada: '', uwe: '' }
/** Both corpora of paths, at every server, under every route table, by nobody, by a person without the role, by one with it. */
let hits: readonly Hit[] = []

const corpus = [
  ...paths.map(({ raw }) => raw),
  ...disguisedAdmin.map((path) => Buffer.from(path, 'utf8').toString('latin1')),
]
const everybody = ['public', 'signed-in', 'admin'] as const

beforeAll(async () => {
  range = await startPathRange()
  stage = range.stage
  for (const name of ['ada', 'uwe'] as const) {
    const visitor = createVisitor()
    await signIn(visitor, `${stage.origin}/.auth/login?return_to=/public`, `${name}@contoso.example`)
    cookies[name] = `Cookie: ${visitor.cookies(stage.origin).join('; ')}`
    visitor.close()
  }
  const fired: Hit[] = []
  for (const raw of corpus) {
    fired.push(...(await range.shootAll('GET', raw, everybody)), ...(await range.shootAll('POST', raw, ['signed-in'])))
  }
  hits = fired
}, 180_000)
afterAll(() => range.close())

const say = (line: string, lines: readonly string[] = []) => speak(stage.origin, bytesOf(stage.origin, line, lines))

/** What comes after the honest request shows whether the upstream was sent anything that we did not count. */
async function seenDuring(work: () => Promise<void>): Promise<readonly string[]> {
  const before = stage.upstream.seen.length
  await work()
  await say('GET /public/after')
  return stage.upstream.seen.slice(before, -1).map((each) => each.url)
}

/** Nobody got at more than is theirs; and something was forwarded, or this would show nothing. */
function expectNothingThrough(of: readonly Hit[], something = true): void {
  expect(of.length).toBeGreaterThan(0)
  expect(of.filter(({ through }) => through).map(brief)).toEqual([])
  if (something) expect(of.some(({ reached, caller }) => reached && caller === 'admin')).toBe(true)
}

/** Refused before anybody looked who asks: no server saw it. */
function expectRefused(of: readonly Hit[]): void {
  expect(of.length).toBeGreaterThan(0)
  expect(of.filter(({ reached, status }) => reached || status !== 400).map(brief)).toEqual([])
}

const brief = ({ kind, table, caller, method, target, status, need }: Hit) =>
  `${method} ${target} at ${kind} under ${table.name} as ${caller}: ${status}, where ${need} is needed`
const hitsOn = (pattern: RegExp) => hits.filter(({ target }) => pattern.test(target))
const refusedRows = new Set(paths.flatMap(({ raw, refused }) => (refused ? [raw] : [])))

attack('T1', 'gets no server to a place that asks for more than was decided, under any route table', () => {
  expect(new Set(hits.map(({ kind, table }) => `${kind} ${table.name}`)).size).toBe(
    serverKinds.length * routeTables.length,
  )
  expectNothingThrough(hits)
  expectRefused(hits.filter(({ target }) => refusedRows.has(target)))
})

attack('T1', 'gets no server there either by paths that are put together at random', async () => {
  await fc.assert(
    fc.asyncProperty(hostileTarget, fc.constantFrom('GET', 'POST', 'HEAD', 'OPTIONS'), async (target, method) => {
      const fired = await range.shootAll(method, target)
      expect(fired.filter(({ through }) => through).map(brief)).toEqual([])
    }),
    { seed: 5, numRuns: 100 },
  )
})

attack('T7', 'changes nothing by another query, nor by another case of the digits in escapes', async () => {
  const path = hostileTarget.map((target) => target.replace(/[?#].*$/s, ''))
  const query = fc.constantFrom('?', '?/public', '?x=/../admin', '?%2e%2e', '??', '?;/admin')
  await fc.assert(
    fc.asyncProperty(path, query, async (target, after) => {
      const plain = await range.shootAll('GET', target)
      const capitals = target.replaceAll(/%[0-9a-f]{2}/gi, (hex) => hex.toUpperCase())
      for (const other of [target + after, capitals]) {
        const fired = await range.shootAll('GET', other)
        for (const [at, hit] of fired.entries()) {
          const same = plain[at]
          expect([hit.reached, hit.reached || hit.status], brief(hit)).toEqual([
            same?.reached,
            same?.reached || same?.status,
          ])
        }
      }
    }),
    { seed: 7, numRuns: 15 },
  )
})

attack('T1', 'finds what is forwarded arriving byte for byte, as it was judged', async () => {
  for (const { raw, refused } of paths) {
    if (refused) continue
    const target = `${raw}?x=%2F..&y=/../admin`
    const seen = await seenDuring(async () => {
      expect((await say(`GET ${target}`, [cookies.ada]))?.status, raw).toBe(200)
    })
    expect(seen).toEqual([target])
  }
})

attack(
  'T1',
  'is refused by every method, with a session and without, and as a handshake, and nothing is sent on',
  async () => {
    for (const raw of refusedRows) {
      const seen = await seenDuring(async () => {
        for (const method of ['GET', 'POST', 'OPTIONS', 'FOO']) {
          for (const lines of [[], [cookies.ada], handshake(stage.origin)]) {
            expect((await say(`${method} ${raw}`, lines))?.status, raw).toBe(400)
          }
        }
      })
      expect(seen).toEqual([])
    }
  },
)

attack('T1', 'writes /admin in every way that some server reads as /admin, and needs the role for each', async () => {
  for (const path of disguisedAdmin) {
    const target = Buffer.from(path, 'utf8').toString('latin1')
    const seen = await seenDuring(async () => {
      for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS', 'PROPFIND']) {
        for (const query of ['', '?x=/public', '?/public']) {
          for (const lines of [[], [cookies.uwe]]) {
            const answer = await say(`${method} ${target}${query}`, [...lines, 'Content-Length: 0'])
            expect([400, 401, 403, 404], path).toContain(answer?.status)
          }
        }
      }
      const upgrade = [...handshake(stage.origin), cookies.uwe]
      expect([400, 403, 404], path).toContain((await say(`GET ${target}`, upgrade))?.status)
    })
    expect(seen).toEqual([])
  }
})

attack('T2', 'hides separators and dots in escapes, also where a prefix is taken off', () => {
  const encoded = hitsOn(/%2f|%2e/i)
  expectNothingThrough(encoded)
  expectNothingThrough(
    encoded.filter(({ table }) => table.name === 'prefix-off'),
    false,
  )
  expectRefused(hitsOn(/%2e%2e|%2e\/|\.%2e|%2e\.|\.\.%2f|%2f\.\./i))
})

attack('T3', 'doubles slashes, also where they are the beginning once a prefix is taken off', async () => {
  for (const target of ['/public//evil.example', '/public/%2Fevil.example', '/public/;a/evil.example']) {
    const fired = await range.shootAll('GET', target, ['admin'])
    expectRefused(fired.filter(({ table }) => table.name === 'prefix-off'))
  }
  expectNothingThrough(hitsOn(/\/\//))
  expectRefused(hitsOn(/^\/\//))
})

attack('T4', 'hangs parameters on names and on dots; those of Tomcat work for whoever may', () => {
  expectNothingThrough(hitsOn(/;|%3b/i))
  expectRefused(hitsOn(/\.;|%2e;/i))
  const sessions = hitsOn(/^\/admin;jsessionid=A1$/).filter(
    ({ kind, caller }) => kind === 'tomcat' && caller === 'admin',
  )
  expect(sessions.some(({ reached, status }) => reached && status === 200)).toBe(true)
})

attack('T5', 'writes backslashes', () => expectRefused(hitsOn(/\\|%5c|%EF%BC%BC/i)))

attack('T6', 'cuts paths short with a hash, raw and escaped', () => {
  expectRefused(hitsOn(/#/))
  expectNothingThrough(hitsOn(/%23|%3f/i))
  expect(hitsOn(/^\/admin%23\/public$/).filter(({ caller, reached }) => caller === 'public' && reached)).toEqual(
    // Where nobody has closed /admin at this method, nobody is kept from it.
    hitsOn(/^\/admin%23\/public$/).filter(({ caller, need }) => caller === 'public' && need === 'public'),
  )
})

attack('T7', 'puts paths into the query, which takes no part in any decision', async () => {
  for (const { raw, path, status } of targets) {
    const whole = await range.shootAll('GET', raw, everybody)
    expectNothingThrough(whole, status === undefined)
    const bare = path === '' ? [] : await range.shootAll('GET', path, everybody)
    for (const [at, hit] of whole.entries()) expect(hit.status, brief(hit)).toBe(status ?? bare[at]?.status)
  }
  for (const target of ['/admin?x=/public', '/admin?/public', '/admin?', '/x?/public', '/x?a=/public/..']) {
    expect((await say(`GET ${target}`))?.status, target).toBe(401)
  }
})

attack('T8', 'ends paths early with control characters and broken UTF-8, of which nothing is repeated', async () => {
  expectRefused(hitsOn(/%00|%0[ad]|%7f|%1b|%09|\x01|%c0|%e0%80|%ed%a0/i))
  const answer = await say('GET /a%0d%0aX-Planted:%20planted-here')
  expect(answer?.status).toBe(400)
  expect(`${answer?.head}${answer?.body}`).not.toMatch(/planted/i)
  expect(stage.logText().includes('X-Planted: planted')).toBe(false)
  expect(
    Math.max(
      ...stage
        .logText()
        .split('\n')
        .map((line) => line.length),
    ),
  ).toBeLessThan(2_000)
})

const forms = [
  ...['GET $origin/public', 'GET http://other.example/public', 'GET HTTP://$host/public', 'GET //$host/public'],
  ...['GET $host/public', 'OPTIONS *', 'GET *', 'GET admin', 'GET ?x=/public', 'GET #', 'GET ', 'GET https:/public'],
  ...['CONNECT a:1', 'CONNECT $host', 'CONNECT /public', 'CONNECT 127.0.0.1:22', 'GET /public HTTP/1.1', 'GET /a b'],
  ...['GET http://$host@other.example/public', 'GET http:\\\\$host\\public', 'GET \t/public', 'GET $origin', 'PRI *'],
]

attack('T9', 'states targets that are no path, and is refused, also with a session', async () => {
  const { host } = new URL(stage.origin)
  for (const form of forms) {
    const line = form.replace('$origin', stage.origin).replace('$host', host)
    for (const lines of [[], [cookies.ada], ['X-Forwarded-Uri: /public']]) {
      const seen = await seenDuring(async () => {
        expect((await say(line, lines))?.status, line).toBe(400)
      })
      expect(seen).toEqual([])
    }
  }
})

attack('T9', 'hides a request in what follows a CONNECT, and gets no tunnel', async () => {
  const seen = await seenDuring(async () => {
    const wire = await openWire(stage.origin)
    const inner = bytesOf(stage.origin, 'GET /public/inner')
    wire.send(bytesOf(stage.origin, `CONNECT ${new URL(stage.origin).host}`) + inner)
    expect((await wire.answer())?.status).toBe(400)
    expect(await wire.closed()).toBe(true)
  })
  expect(seen).toEqual([])
})

/** What a Host header may say, `$port` being that of the tenant `localhost`, and the answers there are. */
const hosts: readonly (readonly [host: string, status: number])[] = [
  ...(['LOCALHOST:$port', 'LocalHost:$port', 'localhost.:$port', '  localhost:$port  '] as const).map(
    (host) => [host, 200] as const,
  ),
  ...[
    ...['admin@localhost:$port', 'a:b@localhost:$port', 'localhost:$port@other.example', '@localhost:$port'],
    ...['localhost:$port/x', 'localhost:$port?x', 'localhost:$port#x', 'http://localhost:$port', '//localhost:$port'],
    ...['localhost:$port:80', 'localhost:$port, other.example', 'other.example,localhost:$port', 'localhost :$port'],
    ...[
      'localhost\t:$port',
      '',
      ':$port',
      'localhost:x',
      'localhost:',
      'localhost:+$port',
      'localhost:-1',
      'localhost:0$port',
      'localhost:0x50',
    ],
    ...[
      'localhost:1000000',
      'localh\xf6st:$port',
      'localhost%3a$port',
      'localhos%74:$port',
      'localhost..:$port',
      '.localhost:$port',
    ],
    ...[
      'localhost\\:$port',
      'localhost;x:$port',
      "localhost':$port",
      'localhost*:$port',
      '*:$port',
      '[localhost]:$port',
    ],
    ...['[::1:$port', '::1', '[::1%25lo]:$port', '[::1]x:$port', 'localhost:$port\x0b'],
  ].map((host) => [host, 400] as const),
  ...[
    ...[
      'localhost',
      'localhost:1',
      'localhost:443',
      'localhost:80',
      'localhost.',
      'other.example',
      'x.localhost:$port',
    ],
    ...['127.0.0.1:$port', '[::1]:$port', '[::ffff:127.0.0.1]:$port', '2130706433:$port', '0x7f.1:$port', '0:$port'],
    ...['__proto__', 'constructor', 'localhost_:$port', '_localhost:$port', 'local_host:$port', 'localhost-:$port'],
    ...['xn--lcalhost-5bg:$port', 'localhost.localdomain:$port', 'localhostt:$port', 'ocalhost:$port'],
    ...['payroll', 'node-usual', 'node-usual.localhost', `${'a'.repeat(300)}.localhost:$port`],
  ].map((host) => [host, 421] as const),
]

attack(
  'T10',
  'writes hosts in every way, directly and through a trusted proxy, and meets the same tenant or none',
  async () => {
    const proxied = await startStage({ server: ', trustedProxies: [127.0.0.1]' })
    for (const at of [stage, proxied]) {
      const { port, host: own } = new URL(at.origin)
      for (const [host, status] of hosts) {
        const before = at.upstream.seen.length
        for (const lines of [[], ['X-Forwarded-Host: node-usual.localhost', 'Forwarded: host=other.example']]) {
          const named = `Host: ${host.replaceAll('$port', port)}`
          const answer = await speak(at.origin, bytesOf(at.origin, 'GET /public', [named, ...lines]))
          expect(answer?.status, named).toBe(status)
          if (status === 200) {
            expect(JSON.parse(answer?.body ?? '')).toMatchObject({ headers: { host: own, 'x-forwarded-host': own } })
          } else {
            expect(`${answer?.head}${answer?.body}`.toLowerCase()).not.toMatch(/payroll|node-usual/)
          }
        }
        expect(at.upstream.seen.length - before, host).toBe(status === 200 ? 2 : 0)
      }
    }
    await proxied.close()
  },
)

attack('T10', 'leaves Host out, or states it twice, in every version of HTTP', async () => {
  const { host } = new URL(stage.origin)
  const seen = await seenDuring(async () => {
    for (const version of [' HTTP/1.1', ' HTTP/1.0', '']) {
      expect((await speak(stage.origin, `GET /public${version}\r\n\r\n`))?.status, version).toBe(400)
    }
    for (const lines of [
      [`Host: ${host}`, `Host: ${host}`],
      [`Host: ${host}`, 'Host: other.example'],
      ['Host: other.example', `host: ${host}`],
      [`Host: ${host}`, 'X: y', 'HOST:'],
      [`Host: other.example\r\n ${host}`],
      [`Host : ${host}`],
      [` Host: ${host}`],
    ]) {
      expect((await say('GET /public', lines))?.status, lines.join()).toBe(400)
      expect((await say('GET /public', [...lines, ...handshake(stage.origin)]))?.status, lines.join()).toBe(400)
    }
    const upgrade = ['GET /public HTTP/1.1', ...handshake(stage.origin)].join('\r\n')
    expect((await speak(stage.origin, `${upgrade}\r\n\r\n`))?.status).toBe(400)
  })
  expect(seen).toEqual([])
})

attack('T10', 'takes the session of one host to another, and is nobody there', async () => {
  const { port } = new URL(stage.origin)
  for (const kind of serverKinds) {
    for (const { name } of routeTables) {
      const answer = await say('GET /admin', [`Host: ${kind}-${name}.localhost:${port}`, cookies.ada])
      expect(answer?.status, `${kind} ${name}`).toBe(401)
    }
  }
})

const methods = [
  ...['get', 'Get', 'FOO', 'PROPFIND', 'PATCH', 'DELETE', 'PUT', 'QUERY', 'HEAD', 'OPTIONS', 'TRACE', 'TRACK', 'PRI'],
  ...['MKCOL', 'LOCK', 'SEARCH', 'REPORT', 'POST\t', 'POST/', 'CONNECT', 'SOURCE', 'M-SEARCH'],
]
const overrides = ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', 'X_HTTP_Method_Override']

attack('T11', 'tries unusual methods, and asks for another one beside the line, and gets no further', async () => {
  for (const method of methods) {
    for (const target of ['/', '/admin', '/public?_method=DELETE']) {
      expectNothingThrough(await range.shootAll(method, target, everybody), false)
    }
  }
  for (const name of overrides) {
    for (const [line, status] of [
      ['POST /reports', 405],
      ['GET /reports', 401],
      ['TRACE /public', 405],
      ['DELETE /x', 401],
    ] as const) {
      expect((await say(line, ['Content-Length: 0', `${name}: GET`]))?.status, `${name} ${line}`).toBe(status)
    }
    const answer = await say('POST /public', ['Content-Length: 0', `${name}: DELETE`])
    const seen = JSON.parse(answer?.body ?? '{}')
    expect(seen.method).toBe('POST')
    expect(JSON.stringify(seen.rawHeaders)).not.toContain('DELETE')
  }
})

attack('T11', 'is answered by the words of HTTP where nobody is signed in', async () => {
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
    const seen = await seenDuring(async () => {
      expect((await say(line, ['Content-Length: 0']))?.status, line).toBe(status)
    })
    expect(seen).toEqual([])
  }
})

attack('T12', 'asks for names that only begin or end like an open one', async () => {
  for (const path of ['/publicity', '/public.html', '/public-x', '/publi', '/PUBLIC2', '/x/public', '/public_', '/p']) {
    expect((await say(`GET ${path}`))?.status, path).toBe(401)
    expectNothingThrough(await range.shootAll('GET', path, everybody))
  }
})

attack(
  'T13',
  'writes names as only some servers read them: letters, dots, blanks, streams, cookieless sessions',
  () => {
    const folded = hitsOn(/[A-Z]{5}|Admin|\.$|%20|%2e|\(S|%A0|%C4|%E2|%EF|\$/)
    expectNothingThrough(folded)
    expectRefused(hitsOn(/:.*:\$|:\$I30|%3a\$i30|~1/i))
  },
)

attack('T14', 'escapes twice', () => {
  expectNothingThrough(hitsOn(/%25/))
  expectRefused(hitsOn(/%25(?:2e|2f|32%65)/i))
})

attack('T15', 'is told 421 for a host that nobody configured, and nothing about those that are', async () => {
  const seen = await seenDuring(async () => {
    const answer = await say('GET /public/x', ['Host: evil.example'])
    expect(answer?.status).toBe(421)
    expect(answer?.head).not.toMatch(/^set-cookie/im)
    expect(answer?.body).not.toContain('payroll')
    expect(answer?.body).not.toContain('Payroll')
  })
  expect(seen).toEqual([])
})
