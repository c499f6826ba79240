/** What the documents say is tried here: files, links, commands, options, YAML, and every table that copies from the code. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Command } from 'commander'
import { describe, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { checkCommand } from '../src/cli/check-command.ts'
import { demoCommand } from '../src/cli/demo-command.ts'
import { emulatorCommand } from '../src/cli/emulator-command.ts'
import { explainCommand } from '../src/cli/explain-command.ts'
import { hashPasswordCommand } from '../src/cli/hash-password-command.ts'
import { initCommand } from '../src/cli/init-command.ts'
import { keygenCommand } from '../src/cli/keygen-command.ts'
import { schemaCommand } from '../src/cli/schema-command.ts'
import { serveCommand } from '../src/cli/serve-command.ts'
import { sessionsCommand } from '../src/cli/sessions-command.ts'
import { urlsCommand } from '../src/cli/urls-command.ts'
import { loadConfig } from '../src/config/load.ts'
import { encodeHeaderValue } from '../src/core/answer/encoding.ts'
import { outcomes } from '../src/core/answer/outcomes.ts'
import { presets } from '../src/core/answer/presets.ts'
import { endpoints } from '../src/core/request/addresses.ts'
import type { RequestFacts } from '../src/core/request/facts.ts'
import { locate } from '../src/core/request/locate.ts'
import { actionNames } from '../src/emulator/control-actions.ts'
import { optionalClaimNames } from '../src/emulator/optional-claims.ts'
import { createRegistration } from '../src/emulator/registration.ts'
import { doorkeepers, mayImport } from './house.ts'
import { anchors, bare, fenced, list, rows, without } from './markdown.ts'
import { accounts, clouds, credentials } from './oidc/combination-factors.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const documents = [
  ...['README.md', 'src/README.md', 'config/README.md', 'SECURITY.md', 'helm/README.md'],
  ...['config/many-tenants.md', 'config/applications.md', 'config/plain-machine.md'],
]
const readme = read('README.md')
const plan = read('src/README.md')

describe('the documents', () => {
  for (const document of documents) {
    const text = read(document)
    test(`${document} has no link that leads nowhere`, () => {
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target)) continue
        const [path = '', anchor] = target.split('#')
        const file = path === '' ? document : join(dirname(document), path)
        assert(existsSync(join(root, file)), `${document} links to ${target}`)
        if (anchor !== undefined) assert(anchors(read(file)).has(anchor), `${document} links to ${target}`)
      }
    })

    test(`${document} names no script and no command that does not exist`, () => {
      const scripts = Object.keys(JSON.parse(read('package.json')).scripts)
      for (const [, script = ''] of text.matchAll(/\bnpm run ([\w-]+)/g)) assert(scripts.includes(script), script)
      const code = [...text.matchAll(/```sh\n[\s\S]*?```|`[^`\n]+`/g)].join('\n')
      for (const [, name = ''] of code.matchAll(/(?:npx |`)sallyport ([a-z][a-z-]*)/g)) assert(commands.has(name), name)
    })
  }
})

const commands: ReadonlyMap<string, Command> = new Map(
  [
    ...[initCommand(), serveCommand(), checkCommand(), explainCommand(), urlsCommand(), sessionsCommand()],
    ...[demoCommand(), emulatorCommand(), schemaCommand(), keygenCommand(), hashPasswordCommand()],
  ].map((each) => [each.name(), each]),
)

/** Its own, and those of the commands below it. */
function optionsOf(command: Command | undefined): readonly string[] {
  const all = command === undefined ? [] : [command, ...command.commands]
  return [...new Set(all.flatMap(({ options }) => options.map(({ long }) => long ?? '')))]
}

describe('README.md', () => {
  test('has every command with all of its options, and every script', () => {
    const said = rows(readme, 'Command', 'Does', 'Options').map(([name, , options = '']) => [
      bare(name).replace('sallyport ', ''),
      options === '' ? [] : list(options),
    ])
    const are = [...commands].map(([name, command]) => [name, optionsOf(command).toSorted()])
    assert.deepEqual(said, are)
    const files = readdirSync(join(root, 'src/cli')).filter((file) => file.endsWith('-command.ts'))
    assert.equal(files.length, commands.size)
    const scripts = rows(readme, 'Script', 'Does').map(([name]) => bare(name).replace(/^npm (?:run )?/, ''))
    assert.deepEqual(scripts.toSorted(), Object.keys(JSON.parse(read('package.json')).scripts).toSorted())
  })

  test('has a row for everything that sign-ins are tried with', () => {
    const tried = rows(readme, 'Kind', 'Tried')
    const kinds = { account: accounts, credential: credentials, cloud: clouds }
    assert.deepEqual(
      tried,
      Object.entries(kinds).flatMap(([kind, factors]) => Object.keys(factors).map((name) => [kind, name])),
    )
  })

  test('has every action of the control of the emulator', () => {
    const said = rows(readme, 'Action', 'Does', 'Takes').flatMap(([names]) => list(names))
    assert.deepEqual(said.toSorted(), actionNames.toSorted())
  })

  test('has every key of the registration of the emulator, and every optional claim', () => {
    const table = rows(readme, 'Key', 'Says', 'Refusals that it brings about')
    const keys = table.flatMap(([names = '']) => list(names.replaceAll(/ \([^)]*\)/g, '')))
    const { name, clientId, ...others } = createRegistration({})
    assert.deepEqual(keys.toSorted(), Object.keys(others).toSorted())
    const [, claims = ''] = table.find(([names]) => names === '`optionalClaims`') ?? []
    for (const claim of optionalClaimNames) assert(claims.includes(claim.replace(/_without_hash$/, '')), claim)
  })

  test('uses only options that a command has', () => {
    for (const block of fenced(readme, 'sh')) {
      for (const [line, name = ''] of block.matchAll(/(?:npx sallyport|node dist\/main\.js) ([a-z]+)[^\n]*/g)) {
        for (const [option] of line.matchAll(/--[a-z-]+/g)) {
          assert(optionsOf(commands.get(name)).includes(option), line)
        }
      }
    }
  })

  test('has the addresses, presets, encodings and exit codes that there are', () => {
    assert.deepEqual(
      rows(readme, 'Address', 'Does').map(([address]) => bare(address)),
      Object.values(endpoints),
    )
    assert.deepEqual(
      rows(readme, 'Header', 'Value').map((row) => row.map(bare)),
      presets['x-forwarded'].map(({ name, source }) => [name, source]),
    )
    for (const [encoding = '', becomes = ''] of rows(readme, '`encoding`', '`Zoë` becomes')) {
      const value = encodeHeaderValue('Zoë', bare(encoding) as Parameters<typeof encodeHeaderValue>[1])
      if (becomes.startsWith('`')) assert.equal(bare(becomes), value)
      else assert.match(becomes, /^the bytes of/)
    }
    const said = rows(readme, 'Exit code', 'Means').map(([code]) => code)
    const are = [...read('src/cli/program.ts').matchAll(/^ {2}(\d) {2}/gm)].map(([, code]) => code)
    assert.deepEqual(said, are)
  })

  test('names every event that is written, and no event or metric that is not', () => {
    const source = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.startsWith('emulator'))
      .map((file) => read(join('src', file)))
      .join('\n')
    const events = rows(readme, 'Event', 'When').flatMap(([names]) => list(names))
    const metrics = [...readme.matchAll(/`(sallyport_\w+)`/g)].map(([, name = '']) => name)
    for (const name of [...events, ...metrics]) assert(source.includes(`'${name}'`), name)
    const written = [...source.matchAll(/\blog(?:\??\.(?:info|warn|error)|\[[^(]+\])\(\s*'(\w+)'/g)].map(
      ([, name = '']) => name,
    )
    assert(written.length > 20)
    assert.deepEqual(events.toSorted(), [...new Set(written)].toSorted())
  })
})

const whole = fenced(readme, 'yaml').filter((block) => block.startsWith('version: 1'))
const excerpts = fenced(readme, 'yaml').filter((block) => !block.startsWith('version: 1'))

/** Runs the real command on a configuration. */
async function check(text: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-readme-'))
  const file = join(folder, 'sallyport.yaml')
  writeFileSync(file, text)
  try {
    const main = join(root, 'src/main.ts')
    return (await promisify(execFile)(process.execPath, [main, 'check', '--without-secrets', file])).stdout
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('the YAML of README.md', () => {
  test('is there', () => assert(whole.length > 0 && excerpts.length > 0))

  for (const block of whole) test('is right as a whole file', async () => assert.match(await check(block), /is right/))

  for (const block of excerpts) {
    test(`is right in its place: ${block.split('\n', 2).join(' ')}`, async () => {
      const file = parse(whole[0] ?? '')
      for (const [key, value] of Object.entries(parse(block))) {
        if (key === 'providers') file.providers = value
        else if (['server', 'session', 'breakGlass'].includes(key)) file[key] = { ...file[key], ...(value as object) }
        else file.tenants[0][key] = value
      }
      assert.match(await check(stringify(file)), /is right/)
    })
  }

  test('takes for each path what the table says', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-readme-'))
    writeFileSync(join(folder, 'sallyport.yaml'), whole[0] ?? '')
    const gateway = loadConfig(join(folder, 'sallyport.yaml'), { env: {}, withoutSecrets: true })
    rmSync(folder, { recursive: true })
    const table = rows(readme, 'Path', 'What it takes')
    assert(table.length > 5)
    for (const [path, takes] of table) {
      const facts: RequestFacts = {
        ...{ method: 'GET', target: bare(path), host: 'payroll.contoso.com', headers: {}, fieldCount: 1, repeated: [] },
        serverName: null,
        ...{ version: '1.1', kind: 'navigation', callerAddress: '192.0.2.1', forwardedFor: '192.0.2.1' },
      }
      const located = locate(gateway, facts)
      const found =
        located.at === 'route'
          ? (located.requirement.everyOf[0]?.join() ?? located.requirement.level)
          : located.at === 'refused' && located.reason === 'path_refused'
            ? 'refused'
            : located.at
      assert.equal(found, takes, path)
    }
  })
})

describe('src/README.md', () => {
  test('has the rooms and doors that tests/house.ts has', () => {
    const said = rows(plan, 'Room', 'May look into').map(([room, into, keeps]) => [bare(room), list(into), list(keeps)])
    const are = Object.entries(mayImport).map(([room, into]) => {
      const keeps = Object.entries(doorkeepers).filter(([, rooms]) => rooms.includes(room))
      return [room, into.toSorted(), keeps.map(([library]) => library).toSorted()]
    })
    assert.deepEqual(said, are)
  })

  test('has a reason for every dependency, and the rooms that may import it', () => {
    const table = rows(plan, 'Library', 'Room', 'Because')
    for (const [library = '', rooms, reason = ''] of table) {
      assert.deepEqual(list(rooms), doorkeepers[library]?.toSorted(), library)
      assert(reason.length > 10, library)
    }
    const { dependencies } = JSON.parse(read('package.json'))
    assert.deepEqual(
      table.map(([library]) => library),
      Object.keys(dependencies),
    )
  })

  test('says for every outcome where it is decided, and there it is', () => {
    const table = rows(plan, 'Outcome', 'Decided in')
    assert.deepEqual(
      table.map(([code]) => bare(code)),
      Object.keys(outcomes),
    )
    for (const [code, where = ''] of table) {
      const [, file = ''] = /^`([^`]+)`/.exec(where) ?? []
      assert(read(join('src', file)).includes(`'${bare(code)}'`), `${code} is not in ${file}`)
    }
  })

  test('names only files and tests that exist', () => {
    const prose = without(plan, ...fenced(plan, ''))
    for (const [, path = ''] of prose.matchAll(/`([\w./-]+\.ts)`/g)) {
      const places = [path, join('src', path)]
      assert(
        places.some((place) => existsSync(join(root, place))),
        path,
      )
    }
    for (const [, path = ''] of plan.matchAll(/\b((?:core|http|session|proxy)\/[\w/-]+)(?= [─┬]|\n)/g)) {
      assert(existsSync(join(root, 'src', `${path}.ts`)), path)
    }
  })

  test('has for every decision a test that holds it', () => {
    const records = plan.split(/^### /m).slice(1)
    assert(records.length > 10)
    for (const record of records) {
      const [, held = ''] = record.split('*Held by*')
      const named = [...held.matchAll(/`(tests\/[^`]+)`: ((?:“[^”]+”(?:, )?)+)/g)]
      assert(named.length > 0, record.slice(0, 60))
      for (const [, file = '', names = ''] of named) {
        for (const [, name = ''] of names.matchAll(/“([^”]+)”/g)) assert(read(file).includes(name), `${file}: ${name}`)
      }
    }
  })
})
