/** Gateways in processes of their own that keep their sessions in a file: killed, restarted, twice on one file. */
import { spawn } from 'node:child_process'
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { createFileStore } from '../../src/session/store-file.ts'
import { type Command, run, startCommand } from '../cli/command.ts'
import { sid } from '../http/scene.ts'
import { until } from '../redis.ts'
import { readableLog } from '../session/people.ts'
import { freePort, stageYaml, startUpstream, type Upstream } from '../stage.ts'
import { createVisitor, signIn } from '../visitor.ts'

describe('a gateway that keeps its sessions in a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-file-gateway-'))
  const file = join(folder, 'sallyport.yaml')
  const started: Command[] = []
  let emulator: Emulator
  let upstream: Upstream
  let origin: string
  let yaml: string
  beforeAll(async () => {
    emulator = await startEmulator({ port: 0 })
    upstream = await startUpstream()
    const port = await freePort()
    origin = `http://localhost:${port}`
    yaml = stageYaml({
      ...{ port, authority: emulator.origin, upstream: upstream.origin },
      session: 'store: { type: file, path: ./sessions.db }',
    })
    writeFileSync(file, yaml)
  })
  afterEach(async () => {
    for (const each of started.splice(0)) await stop(each, 'SIGKILL')
    for (const name of readdirSync(folder)) if (name.startsWith('sessions.db')) rmSync(join(folder, name))
  })
  afterAll(async () => {
    await upstream?.close()
    await emulator?.close()
    rmSync(folder, { recursive: true })
  })

  async function start(config = file): Promise<Command> {
    const gateway = startCommand(['serve', '--config', config])
    started.push(gateway)
    await gateway.says('"event":"serving"')
    const [, management = ''] = /"management":"([^"]+)"/.exec(gateway.stdout()) ?? []
    await until('it is ready', async () => (await fetch(`http://${management}/readyz`)).status === 200)
    return gateway
  }

  async function stop({ child, ended }: Command, signal: NodeJS.Signals): Promise<void> {
    child.kill(signal)
    await ended
  }

  async function person(username: string) {
    const visitor = createVisitor()
    await signIn(visitor, `${origin}/x`, username)
    const cookie = `${sid}=${visitor.cookie(origin, sid) ?? 'none'}`
    visitor.close()
    const ask = async (path: string, method: 'GET' | 'POST' = 'GET') => {
      const stranger = createVisitor()
      const headers = { cookie, origin, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' }
      const { status } = await stranger.ask(`${origin}${path}`, { method, headers })
      stranger.close()
      return status
    }
    const isIn = async () => (await ask('/.auth/me')) === 200
    expect(await isIn()).toBe(true)
    return { ask, isIn }
  }

  test('is killed: whoever was signed in stays so, whoever had signed out stays out, and nothing is to be cleaned up', async () => {
    const first = await start()
    const [ada, uwe] = [await person('ada@contoso.example'), await person('uwe@contoso.example')]
    expect(await uwe.ask('/.auth/logout', 'POST')).toBeLessThan(400)
    expect(await uwe.isIn()).toBe(false)
    await stop(first, 'SIGKILL')
    const second = await start()
    expect([await ada.isIn(), await uwe.isIn()]).toEqual([true, false])
    const again = await person('ada@contoso.example')
    await stop(second, 'SIGKILL')
    await start()
    expect([await ada.isIn(), await again.isIn(), await uwe.isIn()]).toEqual([true, true, false])
    const modes = readdirSync(folder).filter((name) => name.startsWith('sessions.db'))
    for (const name of modes) expect([name, lstatSync(join(folder, name)).mode & 0o777]).toEqual([name, 0o600])
  })

  test('is told to end, and started again: everybody is still signed in', async () => {
    const first = await start()
    const ada = await person('ada@contoso.example')
    await stop(first, 'SIGINT')
    expect(readdirSync(folder).filter((name) => name.startsWith('sessions.db-'))).toEqual(['sessions.db-lock'])
    await start()
    expect(await ada.isIn()).toBe(true)
  })

  test('has its file to itself: a second one on it is refused at the start, in a sentence', async () => {
    await start()
    const ada = await person('ada@contoso.example')
    const other = join(folder, 'other.yaml')
    writeFileSync(other, yaml.replaceAll(new URL(origin).port, String(await freePort())))
    const second = await run(['serve', '--config', other])
    expect([second.code, second.stdout]).toEqual([1, ''])
    expect(second.stderr).toMatch(/^sallyport: .*sessions\.db: another gateway keeps its sessions there\. .*Redis\n$/)
    expect(await ada.isIn()).toBe(true)
  })

  test('finds its file damaged: it says so, sets it aside, and people sign in anew', async () => {
    // After an end in order: what a kill leaves behind would mend this damage.
    await stop(await start(), 'SIGINT')
    writeFileSync(join(folder, 'sessions.db'), Buffer.alloc(100_000, '\u0001\u0000\u00ff', 'latin1'))
    const gateway = await start()
    expect(gateway.stdout()).toContain('"event":"session_file_set_aside"')
    const [, management = ''] = /"management":"([^"]+)"/.exec(gateway.stdout()) ?? []
    expect(await (await fetch(`http://${management}/readyz`)).text()).toMatch(
      /"sessionStore":"set aside: [^"]*sessions\.db\.corrupt-/,
    )
    await person('ada@contoso.example')
  })

  test('runs while `sallyport sessions` lists and ends: it hears that within a second, and no file is left behind', async () => {
    await start()
    const [ada, uwe] = [await person('ada@contoso.example'), await person('uwe@contoso.example')]
    const sessions = (...args: string[]) =>
      run(['sessions', ...args, '--config', file, '--json', '--tenant', 'payroll'])
    const listed = JSON.parse((await sessions('list')).stdout).sessions as readonly { objectId: string }[]
    expect(listed).toHaveLength(2)
    expect([await ada.isIn(), await uwe.isIn()]).toEqual([true, true])
    expect((await sessions('end')).stdout).toBe('{"ok":true,"ended":2}\n')
    await until('both are out', async () => !(await ada.isIn()) && !(await uwe.isIn()), 1_000)
    const again = await person('ada@contoso.example')
    expect(JSON.parse((await sessions('list')).stdout).sessions).toHaveLength(1)
    expect(await again.isIn()).toBe(true)
  })

  test('`sallyport sessions` ends while no gateway runs, and says where there is no file', async () => {
    const none = await run(['sessions', 'list', '--all', '--config', file])
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('no gateway has kept sessions there yet')])
    const first = await start()
    const ada = await person('ada@contoso.example')
    await stop(first, 'SIGKILL')
    expect((await run(['sessions', 'end', '--all', '--config', file])).stdout).toBe('Ended 1 session.\n')
    await start()
    expect(await ada.isIn()).toBe(false)
  })

  test('writes no warning about SQLite, and nothing of people into its log', async () => {
    const gateway = await start()
    await person('ada@contoso.example')
    expect(gateway.stderr()).toBe('')
    expect(readFileSync(join(folder, 'sessions.db')).includes('contoso.example')).toBe(false)
  })
})

/** Writes without end, and says what it has an answer for: `c` created, `e` ended, `t` prolonged, with the number. */
const writer = `
import { createFileStore } from ${JSON.stringify(new URL('../../src/session/store-file.ts', import.meta.url).href)}
const log = { info() {}, warn() {}, error: (...all) => console.error(...all) }
const store = createFileStore({ path: process.argv[1], maxSessions: 1e6, clock: () => Date.now() / 1000, log })
const records = { facts: 'facts', tokens: 'x'.repeat(3000), stub: 'stub', ttlSeconds: 600, names: ['all'], endsAt: 0 }
const say = (text) => new Promise((resolve) => process.stdout.write(text + '\\n', resolve))
await Promise.all(Array.from({ length: 8 }, async (_, lane) => {
  for (let n = lane; ; n += 8) {
    if (await store.create('key-' + n, records)) await say('c ' + n)
    if (n % 3 === 0) { await store.end('key-' + n, ['all']); await say('e ' + n) }
    if (n % 3 === 1) { await store.extend('key-' + n, 50000); await say('t ' + n) }
  }
}))
`

describe('a store in a file', () => {
  test('that is killed in the middle of writing has everything that it had answered, five times', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-file-killed-'))
    for (let round = 0; round < 5; round += 1) {
      const path = join(folder, `${round}.db`)
      const child = spawn(process.execPath, ['--input-type=module', '-e', writer, path], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let said = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
      const closed = new Promise((resolve) => child.once('close', resolve))
      // Each time at another moment of its writing.
      await until('it has written', () => said.length > 500 * (round + 1) ** 2, 30_000)
      const numbers = (what: string) =>
        said.split('\n').flatMap((line) => (line.startsWith(`${what} `) ? [line.slice(2)] : []))
      const [prolonged = ''] = numbers('t')
      const file = new DatabaseSync(path, { readOnly: true })
      const find = file.prepare('SELECT expires_at FROM sessions WHERE key = ?')
      await until('signs of life are written, too', () => {
        return Number(find.get(`key-${prolonged}`)?.expires_at) > Date.now() / 1_000 + 40_000
      })
      file.close()
      child.kill('SIGKILL')
      await closed
      const ended = new Set(numbers('e'))
      const store = createFileStore({ path, maxSessions: 1e6, clock: () => Date.now() / 1_000, log: readableLog() })
      for (const n of numbers('c')) {
        const there = (await store.read(`key-${n}`)) !== null
        // What was being ended when it was killed may be there or not.
        if (ended.has(n)) expect([n, there]).toEqual([n, false])
        else if (Number(n) % 3 !== 0) expect([n, there]).toEqual([n, true])
      }
      expect(await store.remaining(`key-${prolonged}`)).toBeGreaterThan(40_000)
      await store.close()
    }
    rmSync(folder, { recursive: true })
  }, 120_000)
})
