/** The systemd unit, judged by systemd itself, and its page: what the commands name is there. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { bare, fenced, rows } from './markdown.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const unit = read('config/systemd/sallyport.service')
const page = read('config/plain-machine.md')
const { version } = JSON.parse(read('package.json')) as { version: string }

const folder = mkdtempSync(join(tmpdir(), 'sallyport-unit-'))
afterAll(() => rmSync(folder, { recursive: true }))

const command = '/opt/sallyport/current/bin/sallyport'
/** The last assignment of a key. */
const setting = (key: string) => [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].at(-1)?.[1]

function analyze(what: readonly string[], text: string) {
  const file = join(folder, 'sallyport.service')
  // Only what exists can be verified; the command is not installed here.
  writeFileSync(file, text.replace(command, '/bin/true'))
  const { status, stdout, stderr } = spawnSync('systemd-analyze', [...what, file], { encoding: 'utf8' })
  return { status, said: stdout + stderr }
}

const missing = !existsSync('/usr/bin/systemd-analyze')
if (missing && process.env.CI === 'true') throw new Error('systemd-analyze is missing: install the package systemd')
if (missing) console.warn('SKIPPED: tests with systemd-analyze, because it is missing (install the package systemd)')

describe.skipIf(missing)('sallyport.service', () => {
  const verify = ['verify', '--man=no']
  test('is a unit that systemd understands to the last word', () => {
    expect(analyze(verify, unit)).toEqual({ status: 0, said: '' })
    expect(analyze(verify, unit.replace('ProtectClock=', 'ProtectClocks=')).said).toContain('ProtectClocks')
    expect(analyze(verify, unit.replace('TimeoutStopSec=40', 'TimeoutStopSec=soon')).said).toContain('time value')
  })

  test('exposes little: at most 2.5 of 10 in the eyes of systemd', () => {
    const security = ['security', '--offline=true', '--no-pager', '--threshold=25']
    const { status, said } = analyze(security, unit)
    expect(status, said).toBe(0)
    expect(analyze(security, unit.replace(/^SystemCallFilter=.*$/gm, '')).status).not.toBe(0)
  })
})

describe('sallyport.service', () => {
  test('has one capability, that of the low ports', () => {
    expect(setting('CapabilityBoundingSet')).toBe('CAP_NET_BIND_SERVICE')
    expect(setting('AmbientCapabilities')).toBe('CAP_NET_BIND_SERVICE')
    expect(setting('NoNewPrivileges')).toBe('true')
  })

  test('gives the end more time than draining takes', () => {
    const schema = JSON.parse(read('config/sallyport.schema.json'))
    const drain = Number.parseInt(schema.properties.server.properties.drain.default, 10)
    const lameDuck = Number(/lameDuckSeconds = (\d+)/.exec(read('src/cli/serve-command.ts'))?.[1])
    expect(drain).toBeGreaterThan(0)
    expect(Number(setting('TimeoutStopSec'))).toBeGreaterThanOrEqual(drain + lameDuck + 10)
  })

  test('takes messages from the children of the gateway', () => {
    expect(setting('Type')).toBe('notify')
    expect(setting('NotifyAccess')).toBe('all')
  })
})

describe('plain-machine.md', () => {
  const commands = fenced(page, 'sh').join('\n')

  test('names the version that is built, and one to come', () => {
    const named = new Set([...page.matchAll(/sallyport-(\d+\.\d+\.\d+)/g)].map(([, found]) => found))
    expect(named.size).toBe(2)
    expect(named).toContain(version)
  })

  test('names only files of the installation that are packed', () => {
    const named = [...page.matchAll(/\/opt\/sallyport\/current\/([\w./-]+)/g)].map(([, path = '']) => path)
    expect(named).toContain('config/systemd/sallyport.service')
    for (const path of named.filter((each) => each !== 'bin/sallyport')) {
      expect(existsSync(join(root, path)), path).toBe(true)
    }
    expect(unit).toContain(`ExecStart=${command} serve --config /etc/sallyport/sallyport.yaml`)
  })

  test('has no setting of the unit that the unit has otherwise', () => {
    expect(page).toContain(`[the unit](systemd/sallyport.service)`)
    expect(setting('RestartSec')).toBe('5')
    expect(page).toContain('again after five seconds')
    expect(setting('WatchdogSec')).toBe('30')
    expect(page).toContain('stands still for 30 seconds')
  })

  test('has commands that a shell can read', () => {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: commands, encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })

  test.skipIf(missing)('has lines for drop-ins that systemd understands', () => {
    const lines = rows(page, 'For', 'Lines')
      .flatMap(([, cell = '']) => cell.split('<br>').map(bare))
      .filter((line) => /^\w+=/.test(line) && !line.startsWith('Restart'))
    expect(lines.length).toBeGreaterThan(3)
    const changed = unit.replace('[Service]', `[Service]\n${lines.join('\n')}`)
    expect(analyze(['verify', '--man=no'], changed)).toEqual({ status: 0, said: '' })
  })
})
