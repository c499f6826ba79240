import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { until } from '../redis.ts'
import { freePort, stageYaml } from '../stage.ts'
import { run, startCommand } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-cli-'))
afterAll(() => rmSync(folder, { recursive: true }))

function write(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

const good = stageYaml({ port: 18_080, upstream: 'http://127.0.0.1:1', authority: 'http://127.0.0.1:2' })
const goodFile = write('good.yaml', good)
const referring = good.replace('a-session-secret-of-the-tests-0123456789abcdef', "'${env:NO_SUCH_SECRET}'")
const referringFile = write('referring.yaml', referring)
const broken = good.replace('noRole', 'noRole').replace('providers: [contoso]', 'providers: [contso]\n    colour: red')
const brokenFile = write('broken.yaml', broken)
const loudFile = write(
  'loud.yaml',
  good.replace('    routes:', "    cookie: { sameSite: none, embeddedBy: ['https://portal.example'] }\n    routes:"),
)
const notYaml = write('not.yaml', 'a: [1, 2\nb: {')

/** Neither colours nor the insides of the program. */
function expectPlain({ stdout, stderr }: { stdout: string; stderr: string }): void {
  expect(stdout + stderr).not.toContain('\x1b')
  expect(stdout + stderr).not.toMatch(/^\s+at .*\(?(?:file:|node:|\/)/m)
}

describe('sallyport', () => {
  for (const [what, args, code, says] of [
    ['shows its help', ['--help'], 0, /Exit codes:/],
    ['shows the help of a command', ['serve', '--help'], 0, /--listen <host:port>/],
    ['shows its help where nothing was asked, and calls that a mistake', [], 2, /Commands:/],
    ['refuses a command that it does not know', ['sevre'], 2, /unknown command 'sevre'/],
    ['refuses an option that it does not know', ['--colour'], 2, /unknown option '--colour'/],
    ['refuses an option that a command does not know', ['check', '--strict'], 2, /unknown option '--strict'/],
    ['refuses an address that is none', ['serve', '--listen', 'nonsense'], 2, /--listen/],
    ['refuses an option without its value', ['serve', '--config'], 2, /argument missing/],
    ['refuses a second file', ['check', goodFile, goodFile], 2, /too many arguments/],
    ['finds a configuration right', ['check', goodFile], 0, /is right: 1 tenant \(http:\/\/localhost:18080\)/],
    ['says it as JSON too', ['check', '--json', loudFile], 0, /"warnings":\[\{"tenant":"payroll"/],
    ['says that a file is missing', ['check', '/no/such/file.yaml'], 2, /cannot be read \(ENOENT\)/],
    ['says that a folder is no file', ['check', folder], 2, /the file is a folder, not a file/],
    ['says that a file is missing before it serves', ['serve', '-c', '/no/such/file.yaml'], 2, /cannot be read/],
    ['says what is no YAML', ['check', notYaml], 2, /not\.yaml:\d+:\d+/],
    ['says all that is wrong', ['check', brokenFile], 2, /contso[\s\S]*colour|colour[\s\S]*contso/],
    ['says all that is wrong instead of serving', ['serve', '-c', brokenFile], 2, /2 issues\n$/],
    ['says all that is wrong instead of showing itself', ['demo', '-c', brokenFile], 2, /2 issues\n$/],
    ['says which secret is missing', ['check', referringFile], 2, /NO_SUCH_SECRET/],
    ['does not serve without a secret (T84)', ['serve', '-c', referringFile], 2, /NO_SUCH_SECRET/],
    ['does not ask for secrets where told', ['check', '--without-secrets', referringFile], 0, /is right/],
    ['finds mistakes without secrets too', ['check', '--without-secrets', brokenFile], 2, /2 issues/],
    ['refuses a port that is none', ['demo', '--port', 'x'], 2, /port/],
    ['refuses a port that is too high', ['demo', '--port', '65536'], 2, /port/],
  ] as const) {
    test(what, async () => {
      const ran = await run(args)
      expect(ran.stdout + ran.stderr).toMatch(says)
      expect(ran.code).toBe(code)
      // What went wrong is no result: it must not end up in a pipe.
      if (code !== 0) expect(ran.stdout).toBe('')
      else expect(ran.stderr).toBe('')
      expectPlain(ran)
    })
  }

  test('says aloud what gives up a protection, beside the result', async () => {
    const { code, stdout, stderr } = await run(['check', loudFile])
    expect([code, stdout]).toEqual([0, expect.stringContaining('is right')])
    expect(stderr).toMatch(/^warning: payroll: cookie\.sameSite: .*https:\/\/portal\.example.*\n$/)
  })

  test('check tells programs what is right', async () => {
    const ran = await run(['check', '--json', goodFile])
    expect(ran.code).toBe(0)
    expect(JSON.parse(ran.stdout)).toEqual({ ok: true, tenants: ['http://localhost:18080'], off: [] })
  })

  test('check tells programs what is wrong, with places', async () => {
    const ran = await run(['check', '--json', brokenFile])
    expect(ran.code).toBe(2)
    const { ok, issues } = JSON.parse(ran.stdout)
    expect(ok).toBe(false)
    expect(issues).toHaveLength(2)
    for (const issue of issues) expect(issue).toMatchObject({ line: expect.any(Number), column: expect.any(Number) })
  })

  test('check reads all tenant files, says how many tenants there are, and places every issue in its own file', async () => {
    const { 0: head = '' } = good.split('tenants:\n')
    const many = write('many.yaml', `${head}tenantFiles: { path: tenants/*.yaml }\n`)
    mkdirSync(join(folder, 'tenants'))
    for (let index = 0; index < 12; index++) {
      const off = index === 11 ? 'enabled: false\n' : ''
      const text = `${off}publicUrl: https://t${index}.example\nproviders: [contoso]\nupstream: { url: 'http://app' }\n`
      write(`tenants/t${String(index).padStart(2, '0')}.yaml`, text)
    }
    const right = await run(['check', many])
    expect(right.stdout).toBe(
      `${many} is right: 11 tenants (${Array.from({ length: 10 }, (_, index) => `https://t${index}.example`).join(', ')}, …), 1 more switched off\n`,
    )
    expect(JSON.parse((await run(['check', '--json', many])).stdout)).toMatchObject({ ok: true, off: ['t11'] })
    write('tenants/t03.yaml', 'publicUrl: https://t4.example\nproviders: [contso]\ncolour: red\n')
    write('tenants/t05.yaml', 'publicUrl: [')
    const wrong = await run(['check', many])
    expect([wrong.code, wrong.stdout]).toEqual([2, ''])
    expect(wrong.stderr).toMatch(/tenants\/t03\.yaml:2:13: providers\[0\]: there is no provider of this name/)
    expect(wrong.stderr).toMatch(/tenants\/t03\.yaml:3:1: colour: this key is not known/)
    expect(wrong.stderr).toMatch(/tenants\/t05\.yaml:1:\d+: /)
    const { ok, issues } = JSON.parse((await run(['check', '--json', many])).stdout)
    expect([ok, new Set(issues.map(({ file }: { file: string }) => basename(file)))]).toEqual([
      false,
      new Set(['t03.yaml', 't05.yaml']),
    ])
  })

  test('check reads the value of a secret and never prints it', async () => {
    const env = { NO_SUCH_SECRET: 'short-secret' }
    const ran = await run(['check', referringFile], { env })
    expect(ran.code).toBe(2)
    expect(ran.stdout + ran.stderr).not.toContain('short-secret')
    const long = { NO_SUCH_SECRET: 'long-enough-to-be-a-session-secret-0123456789' }
    expect((await run(['check', referringFile], { env: long })).code).toBe(0)
  })

  test('keygen prints 32 random bytes, others each time', async () => {
    const [one, two] = await Promise.all([run(['keygen']), run(['keygen'])])
    for (const { code, stdout } of [one, two]) {
      expect(code).toBe(0)
      expect(stdout).toMatch(/^[\w-]{43}\n$/)
      expect(Buffer.from(stdout.trim(), 'base64url')).toHaveLength(32)
    }
    expect(one.stdout).not.toBe(two.stdout)
  })

  test('schema prints a JSON Schema, whole also through a pipe', async () => {
    const ran = await run(['schema'])
    expect(ran.code).toBe(0)
    expect(JSON.parse(ran.stdout)).toMatchObject({ type: 'object', properties: { version: {} } })
  })

  test('schema ends quietly when nobody reads on', async () => {
    const command = startCommand(['schema'])
    command.child.stdout?.destroy()
    await command.ended
    expect(command.stderr()).toBe('')
  })

  for (const [what, option] of [
    ['listens', '--listen'],
    ['is managed', '--management'],
  ] as const) {
    test(`serve says that the address where it ${what} is in use, and ends`, async () => {
      const taken = createServer().listen(0, '127.0.0.1')
      await until('the port', () => taken.listening)
      const address = `127.0.0.1:${(taken.address() as AddressInfo).port}`
      const free = [`127.0.0.1:${await freePort()}`, '127.0.0.1:0']
      const others = option === '--listen' ? ['--management', free[1] ?? ''] : ['--listen', free[0] ?? '']
      const ran = await run(['serve', '-c', goodFile, option, address, ...others])
      taken.close()
      expect(ran.stderr).toBe(`sallyport: cannot listen on ${address}: the address is already in use\n`)
      expect(ran.code).toBe(1)
    })
  }
})
