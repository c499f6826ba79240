import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { keysOf } from '../../src/config/instead.ts'
import { readPasted } from '../../src/config/pasted.ts'
import { clientId, clientSecret, directoryId, payrollStaff } from '../../src/emulator/directory.ts'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { bare, fenced, rows } from '../markdown.ts'
import { freePort, startUpstream } from '../stage.ts'
import { createVisitor, signIn } from '../visitor.ts'
import { run, startCommand } from './command.ts'
import { atTerminal } from './pseudo-terminal.ts'

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-init-test-'))
  folders.push(folder)
  return folder
}

const id = '11111111-2222-3333-4444-555555555555'
const app = '66666666-7777-8888-9999-000000000000'
const group = 'aaaaaaaa-1111-2222-3333-444444444444'
const flags = (more: readonly string[] = [], directory = id) => [
  ...['init', '--public-url', 'https://payroll.contoso.com', '--upstream', 'http://127.0.0.1:9000'],
  ...['--directory', directory, ...more],
]

describe('sallyport init', () => {
  test('writes a file that check finds right, and says what remains to be done', async () => {
    const cwd = emptyFolder()
    const issuer = `https://login.microsoftonline.com/${id}/v2.0`
    const role = ['--role-group', `admin=${group}`, '--role-app-role', 'admin=Payroll.Admin']
    const ran = await run(flags(['--client-id', app, ...role], issuer), { cwd })
    expect([ran.code, ran.stderr]).toEqual([0, ''])
    expect(readFileSync(join(cwd, 'config/sallyport.yaml'), 'utf8')).toContain(`tenantId: ${id} `)
    const check = await run(['check', '--without-secrets'], { cwd })
    expect(check.stdout).toBe('config/sallyport.yaml is right: 1 tenant (https://payroll.contoso.com)\n')
    const steps = [...ran.stdout.matchAll(/^(\d)\. (.*)/gm)].map(([, number, title]) => [Number(number), title])
    expect(steps.map(([number]) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].slice(0, steps.length))
    expect(steps.length).toBeGreaterThan(7)
    for (const part of [
      'Payroll.Admin',
      'https://payroll.contoso.com/.auth/callback',
      'Group ID',
      'Copy its Value',
      'sid.',
      'User.Read',
    ])
      expect(ran.stdout).toContain(part)
    expect(ran.stdout).not.toContain('\x1b')
  })

  test('says what urls says of the same file, to the letter', async () => {
    const cwd = emptyFolder()
    const { stdout } = await run(flags(['--client-id', app]), { cwd })
    const urls = await run(['urls'], { cwd })
    const unindented = stdout.replaceAll(/^ {3}/gm, '')
    expect(urls.stdout).toContain('Redirect URIs')
    expect(unindented).toContain(urls.stdout.trimEnd())
  })

  test('switches the provider off where there is no registration yet, and says how it goes on', async () => {
    const cwd = emptyFolder()
    const ran = await run(flags(), { cwd })
    expect(ran.stdout).toContain('New registration')
    expect(ran.stdout).toContain('In config/sallyport.yaml, write the Application (client) ID as `clientId`')
    const file = join(cwd, 'config/sallyport.yaml')
    expect((await run(['check', '--without-secrets'], { cwd })).stdout).toContain('0 tenants, 1 more switched off')
    const done = readFileSync(file, 'utf8')
      .replace(/^.*enabled: false.*\n/m, '')
      .replace('# clientId', 'clientId')
    writeFileSync(file, done)
    expect((await run(['check', '--without-secrets'], { cwd })).stdout).toContain('is right: 1 tenant')
  })

  test('says which accounts the registration is for, where more than one directory can answer', async () => {
    const cwd = emptyFolder()
    const pasted = 'https://login.partner.microsoftonline.cn/organizations/v2.0'
    const ran = await run(flags(['--allowed-directory', id], pasted), { cwd })
    expect([ran.code, ran.stderr]).toEqual([0, ''])
    expect(ran.stdout).toMatch(/New registration, Accounts in any organizational\s+directory\. Its Application/)
    expect(ran.stdout).toContain('app registration at https://login.partner.microsoftonline.cn')
  })

  test('prints the file alone where told to, and writes nothing', async () => {
    const cwd = emptyFolder()
    const ran = await run(flags(['--client-id', app, '--print']), { cwd })
    expect(ran.stdout).toMatch(/^# Sallyport in front of https:\/\/payroll\.contoso\.com/)
    expect(ran.stderr).toMatch(/^1\. Microsoft Entra admin center/)
    expect([ran.code, readdirSync(cwd)]).toEqual([0, []])
    writeFileSync(join(cwd, 'printed.yaml'), ran.stdout)
    expect((await run(['check', '--without-secrets', 'printed.yaml'], { cwd })).code).toBe(0)
  })

  test('writes no secret, only where it is to be found', async () => {
    const cwd = emptyFolder()
    const ran = await run(flags(['--client-id', app, '--secret-env', 'ENTRA_SECRET', '--print']), {
      cwd,
      env: { ENTRA_SECRET: 'the-value-of-the-secret' },
    })
    expect(ran.stdout).toContain("credential: { secret: '${env:ENTRA_SECRET}' }")
    expect(ran.stdout).toContain("secrets: ['${file:session.secret}']")
    expect(ran.stderr).toContain('Set ENTRA_SECRET to the Value')
    expect(ran.stdout + ran.stderr).not.toContain('the-value-of-the-secret')
  })

  test('writes over a file only where told to', async () => {
    const cwd = emptyFolder()
    writeFileSync(join(cwd, 'mine.yaml'), 'version: 1 # mine\n')
    const ran = await run(flags(['--out', 'mine.yaml']), { cwd })
    expect([ran.code, ran.stdout]).toEqual([2, ''])
    expect(ran.stderr).toContain('mine.yaml is there already: name another file with --out, or add --force')
    expect(readFileSync(join(cwd, 'mine.yaml'), 'utf8')).toBe('version: 1 # mine\n')
    expect((await run(flags(['--out', 'mine.yaml', '--force']), { cwd })).code).toBe(0)
    expect(readFileSync(join(cwd, 'mine.yaml'), 'utf8')).toContain(id)
    expect(readdirSync(cwd)).toEqual(['mine.yaml'])
  })

  for (const [what, args, says] of [
    [
      'names all flags that are missing, where there is no terminal',
      ['init'],
      /missing, and there is no terminal to ask at: --public-url <url>, --upstream <url>, --directory <directory>\n/,
    ],
    [
      'asks for directories where any could answer',
      flags([], 'https://login.microsoftonline.com/common/v2.0'),
      /: --allowed-directory <id>\n/,
    ],
    [
      'says all that is wrong at once',
      ['init', '--public-url', 'http://payroll', '--directory', 'x', '--name', 'Pay Roll', '--role-group', 'a'],
      /--public-url: only https[\s\S]*--name: [\s\S]*--directory: [\s\S]*--role-group: [\s\S]*missing, [\s\S]*--upstream/,
    ],
    ['says what was pasted', flags([], 'contoso.b2clogin.com'), /--directory: this is Azure AD B2C/],
    ['takes no other cloud', flags(['--cloud', 'mars']), /Allowed choices are global, us-gov, us-gov-dod, china/],
    ['takes no argument', [...flags(), 'file.yaml'], /too many arguments/],
    [
      'says that a folder is missing',
      flags(['--out', 'no/such/folder/x.yaml']),
      /x\.yaml cannot be written \(ENOENT\)/,
    ],
  ] as const) {
    test(what, async () => {
      const cwd = emptyFolder()
      const ran = await run(args, { cwd })
      expect(ran.stderr).toMatch(says)
      expect([ran.code === 0, ran.stdout, readdirSync(cwd)]).toEqual([false, '', []])
    })
  }

  test('places in the file to be what no single answer could show', async () => {
    const cwd = emptyFolder()
    const args = ['init', '--public-url', 'http://localhost:9090', '--upstream', 'http://a', '--directory', id]
    const ran = await run(args, { cwd })
    expect([ran.code, ran.stdout, readdirSync(cwd)]).toEqual([2, '', []])
    expect(ran.stderr).toMatch(/^config\/sallyport\.yaml:\d+:\d+: server\.management: this is the address of `listen`/)
  })
})

describe('sallyport init --tenant-file', () => {
  function operatorFolder(providers: readonly object[] = []): string {
    const cwd = emptyFolder()
    mkdirSync(join(cwd, 'tenants'))
    const tenantFiles = { path: 'tenants/*.yaml', secrets: 'secrets' }
    writeFileSync(
      join(cwd, 'sallyport.yaml'),
      stringify({ version: 1, session: { secrets: ['${env:SESSION}'] }, providers, tenantFiles }),
    )
    return cwd
  }

  test('writes the file of one tenant, that check finds right among the others', async () => {
    const cwd = operatorFolder()
    const ran = await run(flags(['--client-id', app, '--tenant-file', '--role-group', `admin=${group}`]), { cwd })
    expect([ran.code, ran.stderr]).toEqual([0, ''])
    expect(readFileSync(join(cwd, 'tenants/payroll.yaml'), 'utf8')).toContain("secret: '${file:client-secret}'")
    expect(ran.stdout).toContain('as payroll/client-secret')
    const check = await run(['check', '--without-secrets', 'sallyport.yaml'], { cwd })
    expect(check.stdout).toBe('sallyport.yaml is right: 1 tenant (https://payroll.contoso.com)\n')
  })

  test('uses a shared provider, and leaves to urls what only the operator’s file knows', async () => {
    const provider = { name: 'contoso', tenantId: id, clientId: app, credential: { secret: '${env:CLIENT}' } }
    const cwd = operatorFolder([provider])
    const args = ['init', '--tenant-file', '--provider', 'contoso', '--out', 'tenants/time-sheets.yaml']
    const urls = ['--public-url', 'https://time.contoso.com', '--upstream', 'http://time.internal']
    const ran = await run([...args, ...urls], { cwd })
    expect([ran.code, ran.stderr]).toEqual([0, ''])
    expect(ran.stdout).toContain('sallyport urls --tenant time-sheets <the operator')
    expect((await run(['urls', '--tenant', 'time-sheets', 'sallyport.yaml'], { cwd })).stdout).toContain(
      'https://time.contoso.com/.auth/callback',
    )
  })

  test('names only variables that a tenant file may name', async () => {
    const cwd = operatorFolder()
    const ran = await run(flags(['--tenant-file', '--secret-env', 'ENTRA_SECRET']), { cwd })
    expect([ran.code, ran.stdout]).toEqual([2, ''])
    expect(ran.stderr).toContain('--secret-env: in a tenant file only variables that begin with TENANT_PAYROLL_')
    const env = ['--tenant-file', '--client-id', app, '--secret-env', 'TENANT_PAYROLL_SECRET']
    expect((await run(flags(env), { cwd })).code).toBe(0)
    expect((await run(['check', '--without-secrets', 'sallyport.yaml'], { cwd })).code).toBe(0)
  })

  test('places what that file may not say, and writes nothing', async () => {
    const cwd = emptyFolder()
    const ran = await run(flags(['--tenant-file', '--secret-file', '/etc/shadow']), { cwd })
    expect([ran.code, ran.stdout, readdirSync(cwd)]).toEqual([2, '', []])
    expect(ran.stderr).toMatch(/^tenants\/payroll\.yaml:\d+:\d+: providers\[0\]\.credential\.secret: .*own secrets/)
  })
})

describe('sallyport init at a terminal', () => {
  test('asks for what is missing, again where an answer cannot be used, and writes the file', async () => {
    const cwd = emptyFolder()
    writeFileSync(join(cwd, 'taken.yaml'), '')
    const person = atTerminal(['init', '--name', 'payroll'], cwd)
    await person.type('Where do people open the application?', 'payroll.contoso.com\r')
    await person.type('this does not begin with https://', 'https://payroll.contoso.com\r')
    await person.type('Where does the application listen?', 'http://127.0.0.1:9000\r')
    await person.type('Which directory?', `https://login.microsoftonline.com/${id}/oauth2/authorize?client_id=${app}\r`)
    await person.type('Role and what gives it?', `admin=${group}\r`)
    await person.type('Role and what gives it?', '\r')
    await person.type('Which file? [config/sallyport.yaml]', 'taken.yaml\r')
    await person.type('this file is there already', 'mine.yaml\r')
    expect(await person.ended).toBe(0)
    expect(person.screen()).toContain('mine.yaml is written')
    expect(person.screen()).toContain('\x1b[1m1. Microsoft Entra admin center')
    const file = readFileSync(join(cwd, 'mine.yaml'), 'utf8')
    expect(file).toContain(`clientId: ${app}`)
    expect(file).toContain(`{ name: admin, groups: [${group}] }`)
    expect((await run(['check', '--without-secrets', 'mine.yaml'], { cwd })).code).toBe(0)
  })

  for (const [what, key] of [
    ['Ctrl-C', '\x03'],
    ['Ctrl-D', '\x04'],
  ] as const) {
    test(`writes nothing when it is ended by ${what}`, async () => {
      const cwd = emptyFolder()
      const person = atTerminal(['init'], cwd)
      await person.type('Where do people open the application?', 'https://payroll.contoso.com\r')
      await person.type('What is it to be called here?', key)
      expect(await person.ended).toBe(1)
      expect(person.screen()).toContain('nothing was written')
      expect(readdirSync(cwd)).toEqual([])
    })
  }

  test('asks nothing where the flags say enough, and nothing before wrong flags are right', async () => {
    const cwd = emptyFolder()
    const done = atTerminal(flags(), cwd)
    expect(await done.ended).toBe(0)
    expect(done.screen()).not.toContain('?')
    for (const args of [
      ['--upstream', 'x'],
      ['--out', 'config/sallyport.yaml'],
    ]) {
      const wrong = atTerminal(['init', ...args], cwd)
      expect(await wrong.ended).toBe(2)
      expect(wrong.screen()).not.toContain('Where do people')
    }
  })
})

describe('what sallyport init says is to be done', () => {
  const ends: (() => Promise<unknown>)[] = []
  afterAll(() => Promise.all(ends.map((end) => end())))

  test('makes, done to the letter, a gateway that signs people in', async () => {
    const cwd = emptyFolder()
    const emulator = await startEmulator({ port: 0, people: [] })
    const upstream = await startUpstream()
    const origin = `http://localhost:${await freePort()}`
    const directory = `${emulator.origin}/${directoryId}/v2.0`
    ends.push(() => emulator.close(), upstream.close)
    const ran = await run(
      [
        ...['init', '--public-url', origin, '--upstream', upstream.origin, '--out', 'gate/sallyport.yaml'],
        ...['--directory', directory, '--client-id', clientId, '--role-group', `user=${payrollStaff}`],
      ],
      { cwd },
    )
    expect([ran.code, ran.stderr]).toEqual([0, ''])
    const commands = [...ran.stdout.matchAll(/^ {3}(\(umask .*|sallyport .*)$/gm)].map(([, command = '']) => command)
    const serve = commands.pop() ?? ''
    expect(commands).toHaveLength(3)
    for (const command of commands) await shell(command, cwd, clientSecret)
    const gate = startCommand([...serve.split(' ').slice(1), '--management', '127.0.0.1:0'], { cwd })
    ends.push(() => (gate.child.kill('SIGTERM') ? gate.ended : Promise.resolve()))
    await gate.says('"serving"')
    const visitor = createVisitor()
    const reply = await signIn(visitor, `${origin}/reports`, 'uwe@contoso.example')
    visitor.close()
    expect(reply.status).toBe(200)
    expect(JSON.parse(reply.body).headers['x-forwarded-roles']).toBe('user')
  })
})

describe('the documents', () => {
  const read = (path: string) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8')
  const lines = ['README.md', 'config/many-tenants.md']
    .flatMap((path) => fenced(read(path), 'sh'))
    .flatMap((block) => block.replaceAll(/\\\n\s*/g, '').split('\n'))
  const commands = lines
    .filter((line) => line.startsWith('npx sallyport init '))
    .map((line) => line.split(' ').slice(2))
  const withFlags = commands.filter((args) => args.includes('--public-url'))

  test('have commands of init, with flags and without', () => {
    expect(withFlags.length).toBeGreaterThan(1)
    expect(commands.length).toBeGreaterThan(withFlags.length)
  })

  for (const args of withFlags) {
    test(`have a command that works: ${args.slice(0, 4).join(' ')} …`, async () => {
      const cwd = emptyFolder()
      const ran = await run(args, { cwd })
      expect([ran.code, ran.stderr, readdirSync(cwd)]).toEqual([0, '', [args.at(-1)]])
    })
  }

  test('say what is meant by what is at hand', () => {
    for (const [text, means] of rows(read('README.md'), 'At hand', 'Means')) {
      const found = readPasted(bare(text))
      expect('value' in found ? keysOf(found.value) : `nothing: ${found.problem}`).toBe(means)
    }
  })
})

/** Runs a line as a person would who has the program on the path; `typed` comes in on standard input. */
async function shell(command: string, cwd: string, typed: string): Promise<void> {
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
  const program = join(cwd, 'sallyport')
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 })
  const running = promisify(execFile)('sh', ['-c', command], { cwd, env: { PATH: `${cwd}:/usr/bin:/bin` } })
  running.child.stdin?.end(`${typed}\n`)
  await running
}
