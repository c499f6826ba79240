/** The real `systemd-notify`, on a real datagram socket where systemd would listen. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Log } from '../../src/ops/log.ts'
import { createServiceManager, type ServiceEnvironment, type ServiceManager } from '../../src/ops/service-manager.ts'
import { until } from '../redis.ts'

/** Perl is on every Debian. Its `recv` drops the descriptor of a barrier, which tells `systemd-notify` to go. */
const listen = `use IO::Socket::UNIX; $| = 1;
my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die $!;
print "listening\\n";
while (defined $socket->recv(my $message, 4096)) { $message =~ tr/\\n/|/; print "$message\\n" }`

interface Systemd {
  readonly env: ServiceEnvironment
  /** Messages so far, with `|` for a line break; the barriers of `systemd-notify` aside. */
  messages(): readonly string[]
  readonly process: ChildProcess
}

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0).toReversed()) end()
})

async function startSystemd(): Promise<Systemd> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-notify-'))
  const socket = join(folder, 'notify')
  const child = spawn('perl', ['-e', listen, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  ends.push(() => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  })
  await until('the socket', () => said.startsWith('listening\n'))
  return {
    env: { NOTIFY_SOCKET: socket, PATH: process.env.PATH ?? '' },
    messages: () =>
      said
        .split('\n')
        .slice(1, -1)
        .filter((line) => line !== 'BARRIER=1'),
    process: child,
  }
}

function start(env: ServiceEnvironment): { readonly manager: ServiceManager; readonly warnings: readonly string[] } {
  const warnings: string[] = []
  const other = () => expect.unreachable()
  const log: Log = { debug: other, info: other, error: other, warn: (event) => void warnings.push(event) }
  const manager = createServiceManager(env, log)
  ends.push(() => manager.close())
  return { manager, warnings }
}

const missing = !existsSync('/usr/bin/systemd-notify')
if (missing && process.env.CI === 'true') throw new Error('systemd-notify is missing: install the package systemd')
if (missing) console.warn('SKIPPED: tests with systemd-notify, because it is missing (install the package systemd)')

describe.skipIf(missing)('createServiceManager', () => {
  test('tells of ready, reloading and stopping, in this order', async () => {
    const systemd = await startSystemd()
    const { manager, warnings } = start(systemd.env)
    manager.ready('serving 3 tenants')
    await until('ready', () => systemd.messages().length === 1)
    manager.reloading()
    await until('reloading', () => systemd.messages().length === 2)
    manager.ready('serving 4 tenants')
    await until('ready again', () => systemd.messages().length === 3)
    manager.stopping(27.5)
    await until('stopping', () => systemd.messages().length === 4)
    expect(systemd.messages()).toEqual([
      'READY=1|STATUS=serving 3 tenants',
      'RELOADING=1|STATUS=reloading',
      'READY=1|STATUS=serving 4 tenants',
      'STOPPING=1|STATUS=draining|EXTEND_TIMEOUT_USEC=27500000',
    ])
    expect(warnings).toEqual([])
  })

  test('gives a sign of life every half of the time that systemd allows, until it is closed', async () => {
    const [systemd, another] = [await startSystemd(), await startSystemd()]
    const watchdog = { WATCHDOG_USEC: '200000', WATCHDOG_PID: String(process.pid) }
    const { manager } = start({ ...systemd.env, ...watchdog })
    expect(systemd.messages()).toEqual([])
    manager.ready('serving')
    const started = performance.now()
    await until('signs of life', () => systemd.messages().length >= 6)
    const passed = performance.now() - started
    expect(systemd.messages()[0]).toBe('READY=1|STATUS=serving|WATCHDOG=1')
    expect(new Set(systemd.messages().slice(1))).toEqual(new Set(['WATCHDOG=1']))
    expect(passed).toBeGreaterThan(450)
    expect(passed).toBeLessThan(2_000)
    manager.close()
    manager.stopping(1)
    await until('the last word', () => systemd.messages().at(-1)?.startsWith('STOPPING=1') === true)
    const said = systemd.messages().length
    // As long as another one takes to give some signs of life.
    start({ ...another.env, ...watchdog }).manager.ready('serving')
    await until('others', () => another.messages().length >= 4)
    expect(systemd.messages().length).toBe(said)
  })

  for (const [name, watchdog] of [
    ['systemd does not watch', {}],
    ['systemd watches another process', { WATCHDOG_USEC: '1000', WATCHDOG_PID: '1' }],
    ['the time is no number', { WATCHDOG_USEC: '1e3' }],
    ['the time is zero', { WATCHDOG_USEC: '0' }],
  ] as const) {
    test(`gives no sign of life where ${name}`, async () => {
      const systemd = await startSystemd()
      const { manager } = start({ ...systemd.env, ...watchdog })
      manager.ready('serving')
      await until('ready', () => systemd.messages().length === 1)
      manager.stopping(1)
      await until('stopping', () => systemd.messages().length === 2)
      expect(systemd.messages().join()).not.toContain('WATCHDOG')
    })
  }

  test('never waits for a systemd that does not answer, and tells it the newest state when it does', async () => {
    const systemd = await startSystemd()
    const { manager, warnings } = start({ ...systemd.env, WATCHDOG_USEC: '20000' })
    systemd.process.kill('SIGSTOP')
    const started = performance.now()
    manager.ready('first')
    for (let round = 0; round < 200; round += 1) {
      manager.reloading()
      manager.ready(`round ${round}`)
    }
    manager.stopping(1)
    expect(performance.now() - started).toBeLessThan(500)
    // Signs of life come meanwhile, and must not push the state aside.
    let ticks = 0
    const ticking = setInterval(() => {
      ticks += 1
    }, 20)
    ends.push(() => clearInterval(ticking))
    await until('some time', () => ticks >= 5)
    systemd.process.kill('SIGCONT')
    await until('the newest state', () => systemd.messages().some((message) => message.startsWith('STOPPING=1')))
    const states = systemd.messages().filter((message) => message !== 'WATCHDOG=1')
    expect(states).toEqual([
      'READY=1|STATUS=first|WATCHDOG=1',
      'STOPPING=1|STATUS=draining|EXTEND_TIMEOUT_USEC=1000000|WATCHDOG=1',
    ])
    expect(warnings).toEqual([])
  })

  test('lets no status become an assignment of its own, and cuts a long one', async () => {
    const systemd = await startSystemd()
    const { manager } = start(systemd.env)
    manager.ready(`one\nMAINPID=1\r\n\0two ${'x'.repeat(1_000)}`)
    await until('ready', () => systemd.messages().length === 1)
    expect(systemd.messages()[0]).toMatch(/^READY=1\|STATUS=one MAINPID=1 two x{182}$/)
  })

  test('hands none of the secrets in its environment to systemd-notify', async () => {
    const systemd = await startSystemd()
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-path-'))
    ends.push(() => rmSync(folder, { recursive: true }))
    const seen = join(folder, 'seen')
    const script = `#!/bin/sh\n/usr/bin/env > ${seen}.part && /bin/mv ${seen}.part ${seen}\n`
    writeFileSync(join(folder, 'systemd-notify'), script, { mode: 0o755 })
    const env = { ...systemd.env, PATH: folder, CLIENT_SECRET: 'do not tell' }
    start(env).manager.ready('serving')
    await until('the call', () => existsSync(seen))
    expect(readFileSync(seen, 'utf8')).toContain('NOTIFY_SOCKET')
    expect(readFileSync(seen, 'utf8')).not.toContain('do not tell')
  })

  for (const [name, broken] of [
    ['nobody listens', { NOTIFY_SOCKET: '/nowhere/notify', PATH: '/usr/bin' }],
    ['there is no systemd-notify', { NOTIFY_SOCKET: '/nowhere/notify', PATH: '/nowhere' }],
  ] as const) {
    test(`logs once, and goes on, where ${name}`, async () => {
      const { manager, warnings } = start({ ...broken, WATCHDOG_USEC: '10000' })
      let ticks = 0
      const ticking = setInterval(() => {
        ticks += 1
      }, 10)
      ends.push(() => clearInterval(ticking))
      manager.ready('serving')
      await until('the first failure', () => warnings.length > 0)
      const then = ticks
      await until('many more', () => ticks > then + 30)
      expect(warnings).toEqual(['service_manager_not_told'])
    })
  }

  for (const [name, env] of [
    ['there is no systemd', { WATCHDOG_USEC: '1000' }],
    ['its socket is empty', { NOTIFY_SOCKET: '', WATCHDOG_USEC: '1000' }],
  ] as const) {
    test(`runs nothing where ${name}`, () => {
      const { manager } = start({ ...env, PATH: process.env.PATH ?? '' })
      const before = childrenOf(process)
      manager.ready('serving')
      manager.reloading()
      manager.stopping(1)
      expect(childrenOf(process)).toEqual(before)
    })
  }
})

function childrenOf({ getActiveResourcesInfo }: NodeJS.Process): readonly string[] {
  return getActiveResourcesInfo().filter((kind) => kind === 'ProcessWrap' || kind === 'Timeout')
}
