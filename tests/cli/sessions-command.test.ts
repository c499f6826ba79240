/** `sallyport sessions` as a process of its own, beside a gateway that is another one, on a real Redis. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { attack } from '../attacks/attack.ts'
import { sid } from '../http/scene.ts'
import { redisMissing, startRedis, type TestRedis, until } from '../redis.ts'
import { freePort, stageYaml, startUpstream, type Upstream } from '../stage.ts'
import { createVisitor, signIn } from '../visitor.ts'
import { type Command, run, startCommand } from './command.ts'

const directory = '0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30'

describe.skipIf(redisMissing())('sessions', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-sessions-'))
  const file = join(folder, 'sallyport.yaml')
  let redis: TestRedis
  let emulator: Emulator
  let upstream: Upstream
  let gateway: Command
  let origin: string
  let yaml: string
  beforeAll(async () => {
    redis = await startRedis({ password: 'the-password-of-redis' })
    emulator = await startEmulator({ port: 0 })
    upstream = await startUpstream()
    const port = await freePort()
    origin = `http://localhost:${port}`
    yaml = stageYaml({
      ...{ port, authority: emulator.origin, upstream: upstream.origin },
      session: `store: { type: redis, url: '${redis.url}' }`,
    })
    writeFileSync(file, yaml)
    gateway = startCommand(['serve', '--config', file])
    await gateway.says('"event":"serving"')
    const [, management = ''] = /"management":"([^"]+)"/.exec(gateway.stdout()) ?? []
    await until('it is ready', async () => (await fetch(`http://${management}/readyz`)).status === 200)
  })
  afterAll(async () => {
    gateway?.child.kill('SIGINT')
    await gateway?.ended
    await upstream?.close()
    await emulator?.close()
    await redis?.stop()
    rmSync(folder, { recursive: true })
  })

  const sessions = (...args: string[]) => run(['sessions', args[0] ?? '', '--config', file, ...args.slice(1)])
  async function listed(...args: string[]) {
    const { stdout } = await sessions('list', '--json', ...args)
    return JSON.parse(stdout).sessions as readonly Record<string, string>[]
  }

  async function person(username: string) {
    const visitor = createVisitor()
    await signIn(visitor, `${origin}/x`, username)
    const cookie = `${sid}=${visitor.cookie(origin, sid) ?? 'none'}`
    visitor.close()
    const isIn = async () => {
      const stranger = createVisitor()
      const { status } = await stranger.ask(`${origin}/.auth/me`, { headers: { cookie } })
      stranger.close()
      return status === 200
    }
    expect(await isIn()).toBe(true)
    return { cookie, isIn }
  }

  test('list tells who is signed in, where and since when, and no id of a session, no claim and no token', async () => {
    const { cookie } = await person('ada@contoso.example')
    const text = await sessions('list', '--tenant', 'payroll')
    expect(text.code).toBe(0)
    expect(text.stdout).toMatch(/^SIGNED IN +LAST CHECKED +TENANT +PROVIDER +PERSON\n/)
    expect(text.stdout).toMatch(new RegExp(`Z  payroll  contoso   ${directory}/[0-9a-f-]{36}\n1 session\n$`))
    const [one = {}] = await listed('--all')
    expect(Object.keys(one)).toEqual(['directoryId', 'objectId', 'tenant', 'provider', 'startedAt', 'checkedAt'])
    expect(Math.abs(Date.parse(one.startedAt ?? '') - Date.now())).toBeLessThan(60_000)
    for (const secret of [cookie.slice(11, 33), 'ada@', 'Ada', 'the-password-of-redis']) {
      expect(text.stdout + text.stderr).not.toContain(secret)
    }
    await sessions('end', '--all')
  })

  attack(
    'T101',
    'end signs somebody out while the gateway runs, and cuts open WebSockets within a second',
    async () => {
      const [ada, uwe] = [await person('ada@contoso.example'), await person('uwe@contoso.example')]
      const server = new WebSocketServer({ server: upstream.server })
      const socket = new WebSocket(origin.replace('http', 'ws'), { headers: { cookie: ada.cookie, origin } })
      let closedAt = Number.POSITIVE_INFINITY
      socket.on('close', () => {
        closedAt = performance.now()
      })
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
      const me = await fetch(`${origin}/.auth/me`, { headers: { cookie: ada.cookie } })
      const { objectId } = (await me.json()) as { objectId: string }
      const command = startCommand(['sessions', 'end', '--config', file, '--person', `${directory}/${objectId}`])
      const { code } = await command.ended
      const endedAt = performance.now()
      expect([code, command.stdout()]).toEqual([0, 'Ended 1 session.\n'])
      expect(command.stderr()).toMatch(/"of":"person".*"sessions":1.*"event":"sessions_ended"/)
      await until('the socket is cut', () => closedAt < Number.POSITIVE_INFINITY, 1000)
      expect(closedAt - endedAt).toBeLessThan(1000)
      expect([await ada.isIn(), await uwe.isIn()]).toEqual([false, true])
      // Who signs in again is in.
      const again = await person('ada@contoso.example')
      expect(await again.isIn()).toBe(true)
      server.close()
      await sessions('end', '--all')
    },
  )

  attack('T71', 'end finds every session of a person, however many there are, and nobody else’s', async () => {
    const [first, ...others] = await Promise.all(Array.from({ length: 12 }, () => person('uwe@contoso.example')))
    const { objectId = '' } = (await listed('--all'))[0] ?? {}
    const ada = await person('ada@contoso.example')
    const ended = await sessions('end', '--json', '--person', objectId)
    expect(JSON.parse(ended.stdout)).toEqual({ ok: true, ended: 12 })
    for (const each of [first, ...others]) await until('it has ended', async () => !(await each?.isIn()), 1000)
    expect(await ada.isIn()).toBe(true)
    await sessions('end', '--all')
  })

  test('end takes a person by the object id alone, in any case; a tenant; a provider; everybody', async () => {
    for (const choose of [
      async () => ['--person', ((await listed('--all'))[0]?.objectId ?? '').toUpperCase()],
      async () => ['--tenant', 'payroll'],
      async () => ['--provider', 'contoso'],
      async () => ['--all', '--yes'],
    ]) {
      const uwe = await person('uwe@contoso.example')
      const ended = await sessions('end', '--json', ...(await choose()))
      expect([ended.code, JSON.parse(ended.stdout)]).toEqual([0, { ok: true, ended: 1 }])
      await until('the session has ended', async () => !(await uwe.isIn()), 1000)
      expect(await listed('--all')).toEqual([])
    }
  })

  /** At a terminal, which util-linux pretends, somebody answers what is asked. */
  async function atTerminal(answer: string, ...args: string[]) {
    const line = [process.execPath, 'src/main.ts', 'sessions', 'end', '--config', file, ...args].join(' ')
    const child = spawn('/usr/bin/script', ['-qec', line, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] })
    let said = ''
    let answered = false
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (answered || !said.includes('[y/N]')) return
      answered = true
      child.stdin.write(`${answer}\n`)
    })
    const code = await new Promise((resolve) => child.once('close', resolve))
    return { code, said, answered }
  }

  test('end asks first at a terminal, says how many it would be, and takes no for an answer', async () => {
    const uwe = await person('uwe@contoso.example')
    for (const answer of ['n', '', 'yeah']) {
      const { code, said } = await atTerminal(answer, '--all')
      expect(code).toBe(0)
      expect(said).toContain('End 1 session? [y/N]')
      expect(said).toContain('Nothing ended.')
    }
    expect(await uwe.isIn()).toBe(true)
    expect((await atTerminal('y', '--all')).said).toContain('Ended 1 session.')
    await until('the session has ended', async () => !(await uwe.isIn()), 1000)
    const unasked = await atTerminal('', '--all', '--yes')
    expect([unasked.answered, unasked.said.includes('Ended 0 sessions.')]).toEqual([false, true])
  })

  for (const [what, args, says] of [
    ['nobody', [], /say whose sessions/],
    ['two at once', ['--all', '--tenant', 'payroll'], /say whose sessions/],
    ['an unknown tenant', ['--tenant', 'payrol'], /there is no tenant 'payrol' \(did you mean payroll\?\)/],
    ['an unknown provider', ['--provider', 'contosso'], /there is no provider 'contosso'/],
  ] as const) {
    test(`end refuses ${what}, and ends nothing`, async () => {
      const ended = await sessions('end', ...args)
      expect([ended.code, ended.stdout]).toEqual([2, ''])
      expect(ended.stderr).toMatch(says)
    })
  }

  test('list takes the provider of emergency accounts as it shows it', async () => {
    const { code, stdout } = await sessions('list', '--provider', '/break-glass')
    expect([code, stdout]).toEqual([0, '0 sessions\n'])
  })

  test('sessions says that those in memory cannot be reached from outside', async () => {
    const memory = join(folder, 'memory.yaml')
    writeFileSync(memory, yaml.replace(/store: \{ type: redis.*/, 'store: { type: memory }'))
    const { code, stdout, stderr } = await run(['sessions', 'list', '--all', '--config', memory])
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/sessions are in the memory of the gateway .* restart/i)
  })

  test('sessions says that the store does not answer, and not its password', async () => {
    const away = join(folder, 'away.yaml')
    writeFileSync(away, yaml.replace(`:${redis.port}`, `:${await freePort()}`))
    const { code, stdout, stderr } = await run(['sessions', 'end', '--all', '--config', away])
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain('the session store does not answer; nothing was done')
    expect(stderr).not.toContain('the-password-of-redis')
  })

  test('sessions works where a tenant has an issue, and not where the configuration has', async () => {
    const broken = join(folder, 'broken.yaml')
    writeFileSync(broken, `${yaml}  - { name: half, publicUrl: 'http://half.localhost:1' }\n`)
    expect((await run(['sessions', 'list', '--all', '--config', broken])).code).toBe(0)
    writeFileSync(broken, yaml.replace('secrets:', 'secrts:'))
    expect((await run(['sessions', 'list', '--all', '--config', broken])).code).toBe(2)
  })
})
