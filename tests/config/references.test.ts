// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'vitest'
import { createFiles } from '../../src/config/files.ts'
import { loadConfig } from '../../src/config/load.ts'
import { interpolate, operatorSurroundings, withoutDefaults } from '../../src/config/references.ts'
import {
  clientSecret,
  env,
  folderWith,
  issuesOf,
  linesOf,
  load,
  minimal,
  signingSecret,
  withTenant,
} from './written.ts'

const folder = folderWith({
  plain: 'from-a-file',
  newline: 'from-a-file\n',
  windows: 'from-a-file\r\n',
  newlines: 'from-a-file\n\n',
  empty: '',
  'only-newline': '\n',
  latin1: new Uint8Array([0x66, 0xfc]),
  large: 'x'.repeat(65_537),
})
mkdirSync(join(folder, 'folder'))
const surroundings = operatorSurroundings({ NAME: 'value', EMPTY: '' }, folder, createFiles())

for (const [text, expected] of [
  ['no reference, $NAME and $ {x}', 'no reference, $NAME and $ {x}'],
  ['${env:NAME}', 'value'],
  ['a-${env:NAME}-${env:NAME}', 'a-value-value'],
  ['${env:NAME:-other}', 'value'],
  ['${env:MISSING:-other}', 'other'],
  ['${env:EMPTY:-other}', 'other'],
  ['${env:MISSING:-}', ''],
  ['${env:MISSING:-a:-b\n$c}', 'a:-b\n$c'],
  ['${file:plain}', 'from-a-file'],
  ['${file:newline}', 'from-a-file'],
  ['${file:windows}', 'from-a-file'],
  ['${file:newlines}', 'from-a-file\n'],
  [`\${file:${join(folder, 'plain')}}`, 'from-a-file'],
] as const) {
  test(`interpolate turns ${JSON.stringify(text).slice(0, 50)} into ${JSON.stringify(expected)}`, () =>
    assert.deepEqual(interpolate(text, surroundings), { text: expected }))
}

for (const [text, because, missing] of [
  ['${env:MISSING}', /MISSING is not set/, true],
  ['${env:EMPTY}', /EMPTY is empty/, true],
  ['${file:nothing}', /cannot be read \(ENOENT\)/, true],
  ['${file:empty}', /is empty/, true],
  ['${file:only-newline}', /is empty/, true],
  ['${file:folder}', /not a file/, false],
  ['${file:/dev/null}', /not a file/, false],
  ['${file:latin1}', /UTF-8/, false],
  ['${file:large}', /64 KB/, false],
  ['${file:a\u0000b}', /cannot be read/, true],
  ['${env:NAME', /not closed/, false],
  ['${env:${env:NAME}}', /not a reference/, false],
  ['${NAME}', /not a reference/, false],
  ['${env:}', /not a reference/, false],
  ['${env:A-B}', /not a reference/, false],
  ['${env:NAME-other}', /not a reference/, false],
  ['${vault:x}', /not a reference/, false],
  ['${file:}', /not a reference/, false],
  ['${}', /not a reference/, false],
] as const) {
  test(`T84 interpolate never makes an empty text of ${JSON.stringify(text)}`, () => {
    const found = interpolate(text, surroundings)
    assert('problem' in found)
    assert.match(found.problem, because)
    assert.equal(found.missing, missing)
  })
}

test('withoutDefaults leaves the names of references alone', () => {
  assert.equal(withoutDefaults('${env:A:-hunter2}/${env:B}/${file:/c}'), '${env:A:-…}/${env:B}/${file:/c}')
})

test('loadConfig takes relative paths from the folder of the file that they stand in', () => {
  const file = minimal()
  file.session = { secrets: ['${file:./secret}'] }
  const place = folderWith({ secret: `${signingSecret}\n`, 'sallyport.yaml': JSON.stringify(file) })
  assert.equal(loadConfig(join(place, 'sallyport.yaml'), { env }).session.secrets[0]?.reveal(), signingSecret)
})

test('loadConfig replaces references in every value, and reads numbers and yes or no where the schema wants them', () => {
  const file = minimal()
  const gateway = load(
    {
      ...file,
      server: { listen: '127.0.0.1:${env:PORT:-8099}', log: { level: '${env:LEVEL}' } },
      session: { ...file.session, store: { type: 'memory', maxSessions: '${env:MOST}' } },
      tenants: [{ ...file.tenants[0], routes: [{ path: '${env:PATHNAME}', access: 'public', exact: '${env:EXACT}' }] }],
    },
    { env: { ...env, LEVEL: 'debug', MOST: '7', PATHNAME: '/x', EXACT: 'true' } },
  )
  assert.equal(gateway.server.listen.port, 8099)
  assert.equal(gateway.server.log.level, 'debug')
  assert.deepEqual(gateway.session.store, { type: 'memory', maxSessions: 7 })
  assert.equal(gateway.tenants[0]?.routes[0]?.path, '/x')
  assert.equal(gateway.tenants[0]?.routes[0]?.exact, true)
})

test('loadConfig keeps a secret of digits a text', () => {
  const digits = '1234567890'.repeat(4)
  assert.equal(load(minimal(), { env: { ...env, SESSION: digits } }).session.secrets[0]?.reveal(), digits)
})

test('T84 loadConfig refuses to load without its secrets, and says only that', () => {
  assert.deepEqual(linesOf(minimal(), { env: {} }), [
    'session.secrets[0]: the environment variable SESSION is not set',
    'providers[0].credential.secret: the environment variable CLIENT is not set',
  ])
})

test('T84 loadConfig refuses a reference with an empty default where a secret belongs', () => {
  const file = minimal()
  file.session = { secrets: ['${env:NONE:-}'] }
  assert.deepEqual(linesOf(file), ['session.secrets[0]: a session secret has at least 32 bytes'])
})

test('loadConfig refuses secrets that stand in the file, without showing them', () => {
  const file = minimal()
  file.session = {
    secrets: [signingSecret, `${signingSecret}\${env:NONE:-}`],
    store: { type: 'redis', url: 'redis://:hunter2@redis' },
  }
  file.providers = [{ ...file.providers[0], credential: { secret: clientSecret } }]
  const issues = issuesOf(file)
  assert.deepEqual(
    issues.map(({ path, message }) => `${path}: ${message}`),
    [
      'session.secrets[0]: a secret must not stand in the file',
      'session.secrets[1]: a secret must not stand in the file',
      'session.store.url: a password must not stand in the file',
      'providers[0].credential.secret: a secret must not stand in the file',
    ],
  )
  assert.doesNotMatch(JSON.stringify(issues), /hunter2|signing-secret|the~value/)
})

test('loadConfig takes secrets from the file where allowInlineSecrets says so, as the plain word true', () => {
  const file = { ...minimal(), session: { secrets: [signingSecret] } }
  assert.equal(load({ ...file, allowInlineSecrets: true }).session.secrets[0]?.reveal(), signingSecret)
  for (const allowInlineSecrets of [false, 'true', '${env:YES}', 1]) {
    assert(
      linesOf({ ...file, allowInlineSecrets }, { env: { ...env, YES: 'true' } }).includes(
        'session.secrets[0]: a secret must not stand in the file',
      ),
    )
  }
})

test('loadConfig lets a Redis URL stand in the file unless a password is in it', () => {
  const withUrl = (url: string) =>
    linesOf(
      { ...minimal(), session: { ...minimal().session, store: { type: 'redis', url } } },
      { env: { ...env, PW: 'p', URL: 'redis://:p@a' } },
    )
  for (const url of ['redis://a:6379', 'redis://user@a', 'rediss://:${env:PW}@a:6379', '${env:URL}'])
    assert.deepEqual(withUrl(url), [])
  for (const url of [
    'redis://:p@a',
    'redis://u:p@a',
    'redis://u:p@q@a',
    'redis://:p${env:PW}@a',
    'redis://:p@${env:PW}',
  ]) {
    assert.deepEqual(withUrl(url), ['session.store.url: a password must not stand in the file'], url)
  }
})

test('loadConfig without secrets stands in for what references name, and checks everything else', () => {
  const file = withTenant({
    publicUrl: 'https://${env:HOST}',
    noRole: '${env:NO_ROLE}',
    roles: [{ name: 'admin', groups: ['${env:GROUP}'] }],
    upstream: { url: '${file:/nowhere/upstream}', timeouts: { connect: '${env:CONNECT}' } },
    routes: [
      { path: '${env:ONE}', access: '${env:ACCESS}' },
      { path: '/two', access: ['${env:ROLE}'], exact: '${env:EXACT}', methods: ['${env:METHOD}'] },
    ],
    headers: {
      presets: ['${env:PRESET}'],
      user: '${env:USER_CLAIM}',
      set: { 'X-A': '${env:TEMPLATE}' },
      encoding: '${env:ENCODING}',
    },
    branding: { name: '${env:BRAND}' },
  })
  const more = {
    server: {
      listen: '0.0.0.0:${env:PORT}',
      management: '${env:MANAGEMENT}',
      drain: '${env:DRAIN}',
      log: { level: '${env:LEVEL}' },
    },
    session: { secrets: ['${env:A}', '${env:B}'], store: { type: 'redis', url: '${env:REDIS}', prefix: 'x' } },
    providers: [
      {
        name: 'contoso',
        tenantId: '${env:T}',
        clientId: '${env:C}',
        credential: { secret: '${file:/nowhere}' },
        authority: '${env:AUTHORITY}',
      },
    ],
  }
  assert.deepEqual(linesOf({ ...file, ...more }, { env: {}, withoutSecrets: true }), [])
  assert.equal(linesOf({ ...file, ...more }, { env: {} }).length, 26)
  const wrong = { ...file, ...more, session: { ...more.session, secrets: ['too short', '${vault:x}'] } }
  assert.deepEqual(linesOf(wrong, { env: {}, withoutSecrets: true }), [
    'session.secrets[0]: a secret must not stand in the file',
    'session.secrets[0]: a session secret has at least 32 bytes',
    'session.secrets[1]: this is not a reference',
  ])
})

test('loadConfig without secrets does not take two stand-ins for doublets', () => {
  const file = minimal()
  file.tenants = ['a', 'b'].map((name) => ({
    ...file.tenants[0],
    name,
    publicUrl: `https://\${env:${name.toUpperCase()}}`,
  }))
  assert.deepEqual(linesOf(file, { env: {}, withoutSecrets: true }), [])
})

test('loadConfig without secrets still uses a secret that is there, and checks it', () => {
  assert.deepEqual(linesOf(minimal(), { env: { SESSION: 'too short' }, withoutSecrets: true }), [
    'session.secrets[0]: a session secret has at least 32 bytes',
  ])
})

test('loadConfig without secrets asks for names all the same, since other keys refer to them', () => {
  const file = minimal()
  file.providers = [{ ...file.providers[0], name: '${env:PROVIDER}' }]
  assert.deepEqual(linesOf(file, { env: {}, withoutSecrets: true }), [
    'providers[0].name: the environment variable PROVIDER is not set',
  ])
})

test('loadConfig shows no literal beside a reference, whatever signs it holds', () => {
  for (const literal of ['pa$sword', '$pa}ss', 'a'.repeat(500), '{word}', '$']) {
    const [issue] = issuesOf({ ...minimal(), session: { secrets: [`\${env:SESSION}${literal}`] } })
    assert.equal(issue?.message, 'a secret must not stand in the file')
    assert.equal(issue?.found, '${env:SESSION}…')
  }
})

test('loadConfig stops when references stand for too much, however little each of them does (T88)', () => {
  const folder = folderWith({ big: 'x'.repeat(65_000) })
  const keys = Array.from({ length: 2_000 }, (_, at) => `x${at}: '\${file:${folder}/big}'`)
  const started = performance.now()
  const found = linesOf(`${keys.join('\n')}\n`).filter((line) =>
    line.endsWith('the references of this file stand for too much'),
  )
  assert.equal(found.length, 1)
  assert(performance.now() - started < 5_000)
})
