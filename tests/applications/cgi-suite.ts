/** What must hold for CGI programs, and others that are told of requests in the same words, behind the gateway, whichever server runs them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hostileNames } from '../corpus/headers.ts'
import { disguisedAdmin, paths } from '../corpus/paths.ts'
import { bytesOf, speak } from '../http/wire.ts'
import { type Stage, startStage } from '../stage.ts'
import { digestOf, type Printed, readPrinted } from './cgi.ts'
import { tenantOf } from './page.ts'
import { cookieLine } from './signed-in.ts'

export interface CgiServer {
  readonly origin: string
  stop(): Promise<void>
}

/** The header of the page, in every spelling that some server takes for it, and the names that CGI itself knows. */
const spelledNames = [
  ...['X-Remote-User', 'x-remote-user', 'X-REMOTE-USER', 'X_Remote_User', 'X-Remote_User', 'x_remote-user'],
  ...['X.Remote.User', 'X-Remote~User', 'Remote-User', 'Remote_User', 'REMOTE_USER', 'REMOTE-USER'],
]
// X-Account is what a tenant of other tests sends: an ordinary name here.
const forgedNames = [...spelledNames, ...hostileNames.filter((name) => !/^x.account$/i.test(name))]

/** A name that fits into Latin-1, as each encoding spells it, one character per byte. */
const umlauts = { username: 'joerg@contoso.example', name: 'Jörg Åß', groups: ['8e2c7a10-5d4f-4b96-a3e8-1f0d9c8b7a65'] }
const spellings = {
  utf8: 'J\xc3\xb6rg \xc3\x85\xc3\x9f',
  latin1: 'J\xf6rg \xc5\xdf',
  percent: 'J%C3%B6rg %C3%85%C3%9F',
  base64: 'SsO2cmcgw4XDnw==',
  rfc2047: '=?UTF-8?B?SsO2cmcgw4XDnw==?=',
}

/**
 * @param name how tests call the server
 * @param heading its section in config/applications.md
 * @param start sets it up as that section says
 */
export function cgiSuite(name: string, heading: string, start: () => Promise<CgiServer>): void {
  let server: CgiServer
  let stage: Stage
  const cookies = { ada: '', uwe: '' }

  beforeAll(async () => {
    server = await start()
    stage = await startStage({ ...tenantOf(heading), upstreamUrl: server.origin })
    for (const person of ['ada', 'uwe'] as const) {
      cookies[person] = await cookieLine(stage, `${person}@contoso.example`, '/environment')
    }
  })
  afterAll(async () => {
    await stage?.close()
    await server?.stop()
  })

  /** What the program printed for a person's request through the gateway; null if the program was not reached. */
  async function run(line: string, lines: readonly string[], body?: Buffer): Promise<Printed | null> {
    const head = Buffer.from(bytesOf(stage.origin, line, lines), 'latin1')
    return readPrinted(await speak(stage.origin, body === undefined ? head : Buffer.concat([head, body])))
  }

  describe(`${name} behind the gateway`, () => {
    test('tells programs who is signed in, in REMOTE_USER', async () => {
      for (const person of ['ada', 'uwe'] as const) {
        const printed = await run('GET /environment?a=b%20c', [cookies[person]])
        expect(printed?.environment.get('REMOTE_USER')).toBe(`${person}@contoso.example`)
        expect(printed?.environment.get('HTTP_X_REMOTE_USER')).toBe(`${person}@contoso.example`)
        expect(printed?.environment.get('QUERY_STRING')).toBe('a=b%20c')
        expect(printed?.environment.get('HTTP_HOST')).toBe(new URL(stage.origin).host)
        expect(printed?.environment.has('HTTP_COOKIE')).toBe(false)
        expect(printed?.doubled).toEqual([])
      }
    })

    test('believes a forged name when it is asked past the gateway, and nobody without a name', async () => {
      const forged = bytesOf(server.origin, 'GET /environment', ['X-Remote-User: forged'])
      expect(readPrinted(await speak(server.origin, forged))?.environment.get('REMOTE_USER')).toBe('forged')
      expect((await speak(server.origin, bytesOf(server.origin, 'GET /environment')))?.status).toBe(403)
    })

    test('never shows a program a forged name, in any spelling (T25, T27, T33)', async () => {
      for (const forged of forgedNames) {
        const printed = await run('GET /environment', [`${forged}: forged`, cookies.uwe])
        const environment = [...(printed?.environment ?? [])].map((pair) => pair.join('='))
        expect(environment.filter((variable) => variable.includes('forged'))).toEqual([])
        expect(printed?.environment.get('REMOTE_USER')).toBe('uwe@contoso.example')
      }
    })

    test('shows a program one name, ours, of many copies (T33)', async () => {
      const copies = spelledNames.flatMap((forged) => [`${forged}: forged`, `${forged}: forged again`])
      const printed = await run('GET /environment', [...copies, cookies.uwe])
      expect([...(printed?.environment.values() ?? [])].join()).not.toContain('forged')
      expect(printed?.environment.get('REMOTE_USER')).toBe('uwe@contoso.example')
    })

    test('never shows a program a forged name beside a body or an expectation (T32)', async () => {
      const forged = ['X-Remote-User: forged', 'X_Remote_User: forged']
      for (const lines of [
        [...forged, 'Expect: 100-continue', 'Content-Length: 3'],
        [...forged, 'Content-Length: 3'],
      ]) {
        const printed = await run('POST /environment', [...lines, cookies.uwe], Buffer.from('a=b'))
        expect(printed?.environment.get('REMOTE_USER')).toBe('uwe@contoso.example')
        expect([...(printed?.environment.values() ?? [])].join()).not.toContain('forged')
        expect(printed?.inputDigest).toBe(digestOf(Buffer.from('a=b')))
      }
    })

    test('never takes the name in credentials that nobody has asked for', async () => {
      const forged = `Authorization: Basic ${Buffer.from('forged:x').toString('base64')}`
      const printed = await run('GET /environment', [forged, cookies.uwe])
      expect(printed?.environment.get('REMOTE_USER')).toBe('uwe@contoso.example')
      expect(printed?.doubled).toEqual([])
      expect([...(printed?.environment.values() ?? [])]).not.toContain('forged')
    })

    test('runs no program for who is not signed in', async () => {
      for (const lines of [[], ['X-Remote-User: ada@contoso.example'], ['REMOTE_USER: ada@contoso.example']]) {
        expect((await speak(stage.origin, bytesOf(stage.origin, 'GET /environment', lines)))?.status).toBe(401)
      }
    })

    test('runs the program of the administrators for them', async () => {
      const printed = await run('GET /admin', [cookies.ada])
      expect(printed?.area).toBe('administrators')
    })

    test('never runs the program of the administrators for anybody else, however the path is written (T1 to T14)', async () => {
      for (const raw of [...disguisedAdmin, ...paths.map((each) => each.raw)]) {
        const target = Buffer.from(raw, 'utf8').toString('latin1')
        for (const query of ['', '?/environment']) {
          const printed = await run(`GET ${target}${query}`, [cookies.uwe])
          expect(printed?.area ?? 'none', raw).not.toBe('administrators')
        }
      }
    })

    test('gives programs the path as it was written, where it is theirs', async () => {
      for (const raw of ['/environment/a//b', '/environment/caf%C3%A9', '/environment/a;b=c', '/environment/%28x%29']) {
        const printed = await run(`GET ${raw}`, [cookies.uwe])
        expect(printed?.area, raw).toBe('everybody')
        expect(printed?.environment.get('REQUEST_URI')).toBe(raw)
      }
    })

    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, at) => (at * 31 + (at >> 8)) % 256))
    for (const [framing, lines, body] of [
      ['with a length', [`Content-Length: ${bytes.length}`], bytes],
      ['in chunks', ['Transfer-Encoding: chunked'], inChunks(bytes)],
    ] as const) {
      test(`gives programs the body of a request ${framing}, byte for byte`, async () => {
        const printed = await run('POST /environment', [...lines, 'Content-Type: x/y', cookies.uwe], body)
        expect(printed?.environment.get('REQUEST_METHOD')).toBe('POST')
        expect(printed?.environment.get('CONTENT_TYPE')).toBe('x/y')
        expect(printed?.inputDigest).toBe(digestOf(bytes))
      })
    }

    for (const [encoding, expected] of Object.entries(spellings)) {
      test(`gives programs a name with umlauts in the encoding ${encoding}`, async () => {
        const headers = `set: { X-Remote-User: '{claim.name}' }\nencoding: ${encoding}`
        const own = await startStage({ headers, upstreamUrl: server.origin, people: [umlauts] })
        try {
          const cookie = await cookieLine(own, umlauts.username, '/environment')
          const answer = await speak(own.origin, bytesOf(own.origin, 'GET /environment', [cookie]))
          expect(readPrinted(answer)?.environment.get('REMOTE_USER')).toBe(expected)
        } finally {
          await own.close()
        }
      })
    }

    test('never hears from a caller below which path it is reached, or which path is meant (T1, T16, T21)', async () => {
      for (const name of ['SCRIPT_NAME', 'Script-Name', 'X-Script-Name', 'PATH_INFO', 'Path-Info', 'X-Path-Info']) {
        for (const value of ['/environment', '/admin']) {
          const printed = await run('GET /environment/admin', [`${name}: ${value}`, cookies.uwe])
          expect(printed?.area, `${name}: ${value}`).toBe('everybody')
        }
      }
    })
  })
}

/** The bytes as a chunked body, in chunks of changing length. */
function inChunks(bytes: Buffer): Buffer {
  const chunks: Buffer[] = []
  for (let at = 0, length = 1; at < bytes.length; at += length, length = (length * 7) % 4_099) {
    const part = bytes.subarray(at, at + length)
    chunks.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'))
  }
  return Buffer.concat([...chunks, Buffer.from('0\r\n\r\n')])
}
