/** Somebody who has the file of sessions, to read or to write, and the gateway that runs on it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { sessionCookieName } from '../../src/core/answer/cookies.ts'
import { Secret } from '../../src/core/secret.ts'
import { signedValue } from '../../src/session/cookie.ts'
import { createKeyRing } from '../../src/session/seal.ts'
import { cameBack } from '../http/scene.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor } from '../visitor.ts'
import { attack } from './attack.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-thief-'))
const path = join(folder, 'sessions.db')
let stage: Stage
let file: DatabaseSync
beforeAll(async () => {
  stage = await startStage({ session: `store: { type: file, path: '${path}' }` })
  file = new DatabaseSync(path)
})
afterEach(() => file.exec('DELETE FROM sessions'))
afterAll(async () => {
  file.close()
  await stage.close()
  rmSync(folder, { recursive: true })
})

/** Signs in and goes nowhere with it yet, so that the gateway has nothing of the session but what is in the file. */
async function person(username: string): Promise<string> {
  const visitor = createVisitor()
  await visitor.ask(await cameBack(visitor, `${stage.origin}/x`, username))
  const cookie = visitor.cookie(stage.origin, sessionCookieName)
  visitor.close()
  if (cookie === undefined) throw new Error(`${username} did not get in`)
  return cookie
}

/** @returns what an application's page answers to this cookie. */
async function statusFor(cookie: string, method = 'GET', path = '/x'): Promise<number> {
  const stranger = createVisitor()
  const headers = { cookie: `${sessionCookieName}=${cookie}`, origin: stage.origin, 'sec-fetch-site': 'same-origin' }
  const { status } = await stranger.ask(`${stage.origin}${path}`, { method, headers })
  stranger.close()
  return status
}

interface Row {
  readonly id: number
  readonly key: string
  readonly version: number
  readonly expires_at: number
  readonly facts: string
  readonly stub: string
}
const rows = () => file.prepare('SELECT * FROM sessions ORDER BY id').all() as unknown as readonly Row[]
const tokensOf = (id: number) => String(file.prepare('SELECT value FROM tokens WHERE session = ?').get(id)?.value)

function newestRow(): Row {
  const row = rows().at(-1)
  if (row === undefined) throw new Error('there is no session in the file')
  return row
}

attack(
  'T80',
  'had the file of sessions and the secret, offered all that is in it as cookies, and was nobody',
  async () => {
    const cookie = await person('ada@contoso.example')
    const { id, key, facts, stub } = newestRow()
    const dump = readdirSync(folder).map((name) => readFileSync(join(folder, name)).toString('latin1'))
    for (const known of [cookie, cookie.slice(4, 26), 'contoso', 'payroll']) expect(dump.join('')).not.toContain(known)
    const [signing = ''] = createKeyRing([new Secret('a-session-secret-of-the-tests-0123456789abcdef')]).cookieKeys
    const texts = [key, facts, stub, tokensOf(id)].flatMap((each) => [each, each.split('.').at(-1) ?? ''])
    for (const text of texts) {
      for (const forged of [
        text,
        text.slice(0, 22),
        signedValue(text, signing),
        signedValue(text.slice(0, 22), signing),
      ]) {
        expect(await statusFor(forged)).toBe(401)
      }
    }
    expect(await statusFor(cookie)).toBe(200)
  },
)

attack(
  'T122',
  'wrote into the file of sessions, in every way that could lead to another person, and was nobody',
  async () => {
    await person('ada@contoso.example')
    const ada = newestRow()
    const cookie = await person('uwe@contoso.example')
    const uwe = newestRow()
    const put = (row: Partial<Row>) => {
      const { facts, version, stub, key } = { ...uwe, ...row }
      file
        .prepare('UPDATE sessions SET facts = ?, version = ?, stub = ?, key = ? WHERE id = ?')
        .run(facts, version, stub, key, uwe.id)
    }
    for (const facts of [
      ...[ada.facts, ada.stub, uwe.stub, tokensOf(ada.id), tokensOf(uwe.id)],
      ...[
        '',
        '{}',
        '\u0000',
        'x'.repeat(100_000),
        JSON.stringify({ tenant: 'payroll', startedAt: Date.now() / 1_000 }),
      ],
      ...[5, 20, 40, 80, uwe.facts.length - 5].map((at) => flipped(uwe.facts, at)),
    ]) {
      put({ facts })
      expect(await statusFor(cookie)).toBe(401)
    }
    for (const version of [0, 2, 1_000_000]) {
      put({ version })
      expect(await statusFor(cookie)).toBe(401)
    }
    put({ key: 'of nobody' })
    expect(await statusFor(cookie)).toBe(401)
    put({})
    expect(await statusFor(cookie)).toBe(200)
  },
)

attack('T74', 'put an ended session back into the file, and it stayed ended', async () => {
  const cookie = await person('ada@contoso.example')
  const row = newestRow()
  const tokens = tokensOf(row.id)
  expect(await statusFor(cookie)).toBe(200)
  expect(await statusFor(cookie, 'POST', '/.auth/logout')).toBeLessThan(400)
  expect(rows()).toEqual([])
  file.prepare('INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?)').run(...Object.values(row))
  file.prepare('INSERT INTO tokens VALUES (?, 1, ?)').run(row.id, tokens)
  expect(await statusFor(cookie)).toBe(401)
})

attack('T85', 'met a file whose table is gone: 503 for a session that nobody knows, and never let in', async () => {
  const cookie = await person('ada@contoso.example')
  file.exec('ALTER TABLE sessions RENAME TO elsewhere')
  try {
    expect(await statusFor(cookie)).toBe(503)
  } finally {
    file.exec('ALTER TABLE elsewhere RENAME TO sessions')
  }
  expect(await statusFor(cookie)).toBe(200)
})

/** With one character changed. */
function flipped(text: string, at: number): string {
  return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
}
