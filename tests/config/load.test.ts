// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { test } from 'vitest'
import { stringify } from 'yaml'
import { ConfigError } from '../../src/config/issues.ts'
import { loadConfig } from '../../src/config/load.ts'
import { secretOf } from '../credentials.ts'
import {
  clientSecret,
  env,
  folderWith,
  issuesOf,
  linesOf,
  load,
  minimal,
  placesOf,
  signingSecret,
  withTenant,
} from './written.ts'

const config = new URL('../../config/', import.meta.url).pathname

test('loadConfig shows every issue at once, each with its place, what was found, what is allowed and the nearest name', () => {
  const text = [
    'version: 2',
    'sever: { listen: x }',
    'server:',
    '  listen: ::1:80',
    '  trustedProxies: [0.0.0.0/0]',
    '  log: { level: wran, colour: true }',
    'session:',
    '  secrets: [hunter2]',
    '  store: { type: reddis, url: "redis://:pw@x" }',
    'providers:',
    '  - name: contoso',
    '    # Contoso',
    '    tenantId: contoso',
    '    clientId: 12',
    '    credential: hunter3',
    'tenants:',
    '  - name: payroll',
    '    publicUrl: http://user:hunter4@foo.com',
    '    providers: [contosso]',
    '    noRole:',
    '    upstream: http://a',
    '    routes:',
    '      - { path: /x }',
    '      - { path: "/x\\u0007", access: [1] }',
    '',
  ].join('\n')
  let message = ''
  try {
    load(text)
  } catch (error) {
    assert(error instanceof ConfigError)
    message = error.message.replaceAll(/^.*sallyport\.yaml/gm, 'sallyport.yaml')
  }
  assert.deepEqual(message.split('\n'), [
    'sallyport.yaml:1:10: version: this is none of the values that are allowed',
    '    found:   2',
    '    allowed: 1',
    'sallyport.yaml:2:1: sever: this key is not known',
    '    found:   sever',
    '    allowed: version, allowInlineSecrets, server, session, providers, breakGlass, defaults, tenantFiles, tenants',
    '    did you mean: server',
    'sallyport.yaml:4:11: server.listen: an IPv6 address needs brackets, and a port',
    '    found:   ::1:80',
    '    allowed: host:port, such as 127.0.0.1:8080 or [::1]:8080',
    'sallyport.yaml:5:20: server.trustedProxies[0]: this trusts everybody: any caller could then state another address as his own',
    '    found:   0.0.0.0/0',
    '    allowed: an IP address or a CIDR block, such as 10.0.0.0/8',
    'sallyport.yaml:6:17: server.log.level: this is none of the values that are allowed',
    '    found:   wran',
    '    allowed: debug, info, warn, error',
    '    did you mean: warn',
    'sallyport.yaml:6:23: server.log.colour: this key is not known',
    '    found:   colour',
    '    allowed: level, requests',
    'sallyport.yaml:8:13: session.secrets[0]: a secret must not stand in the file',
    '    found:   (not shown)',
    '    allowed: ${env:NAME}, ${env:NAME:-default} or ${file:/path}',
    'sallyport.yaml:8:13: session.secrets[0]: a session secret has at least 32 bytes',
    '    found:   (not shown)',
    '    allowed: a reference: ${env:NAME} or ${file:/path}, to at least 32 bytes; `sallyport keygen` makes one',
    'sallyport.yaml:9:18: session.store.type: this is none of the values that are allowed',
    '    found:   reddis',
    '    allowed: memory, file, redis',
    '    did you mean: redis',
    'sallyport.yaml:13:15: providers[0].tenantId: this is neither the id of a directory, which is a GUID, nor a domain',
    '    found:   contoso',
    '    allowed: a Directory (tenant) ID, a verified domain, organizations, common or consumers',
    'sallyport.yaml:14:15: providers[0].clientId: this must be text: put it in quotes',
    '    found:   12',
    '    allowed: a GUID, such as 11111111-2222-3333-4444-555555555555',
    'sallyport.yaml:15:17: providers[0].credential: this must be a mapping',
    '    found:   a single value',
    '    allowed: a mapping with secret, secrets, secretExpiresOn, certificate, federated, tokenFile, identity',
    'sallyport.yaml:18:16: tenants[0].publicUrl: a user name or password has no place here',
    '    found:   http://…@foo.com',
    '    allowed: an https origin such as https://payroll.contoso.com; http only on localhost',
    'sallyport.yaml:19:17: tenants[0].providers[0]: there is no provider of this name',
    '    found:   contosso',
    '    allowed: contoso',
    '    did you mean: contoso',
    'sallyport.yaml:20:5: tenants[0].noRole: there is no value: give one, or leave the key out',
    '    found:   nothing',
    '    allowed: refuse, allow, or the name of a role',
    'sallyport.yaml:20:5: tenants[0].noRole: without `roles` this has no effect',
    'sallyport.yaml:21:15: tenants[0].upstream: this must be a mapping',
    '    found:   a single value',
    '    allowed: a mapping with url, socket, host, ca, clientCertificate, serverName, timeouts, bindCookies',
    'sallyport.yaml:23:9: tenants[0].routes[0].access: this is required',
    '    allowed: public, optional, signed-in, or a list of roles such as [admin]',
    'sallyport.yaml:24:17: tenants[0].routes[1].path: a path has no control characters',
    '    found:   /x\\u0007',
    '    allowed: a decoded path such as /admin, without trailing dots, `//`, `%` or `;`',
    'sallyport.yaml:24:38: tenants[0].routes[1].access[0]: this must be text: put it in quotes',
    '    found:   1',
    '    allowed: the name of a role: one line without comma',
  ])
})

test('loadConfig names every key that is required, at the nearest place that is written', () => {
  assert.deepEqual(
    placesOf('version: 1\nsession:\n  idle: 5m\nproviders:\n  - name: a\ntenants:\n  - name: b\n    upstream: {}\n'),
    [
      '2:1 session.secrets: this is required',
      '5:5 providers[0].tenantId: this is required',
      '5:5 providers[0].clientId: this is required, unless the provider has `enabled: false`',
      '5:5 providers[0].credential: this is required, unless the provider has `enabled: false`',
      '7:5 tenants[0].publicUrl: this is required',
      '7:5 tenants[0].providers: this is required',
      '8:5 tenants[0].upstream.url: this is required',
    ],
  )
})

test('loadConfig takes a required key with a typing error for one mistake, not for a missing key besides', () => {
  const { publicUrl, ...tenant } = minimal().tenants[0] ?? {}
  assert.deepEqual(linesOf({ ...minimal(), tenants: [{ ...tenant, publikUrl: publicUrl }] }), [
    'tenants[0].publikUrl: this key is not known',
  ])
})

for (const [key, line] of [
  ['version', 'version: this is required'],
  ['session', 'session: this is required'],
  // A tenant may have a provider of its own, and may stand in a file of its own.
  ['providers', 'tenants[0].providers[0]: there is no provider of this name'],
  ['tenants', 'tenants: there is no tenant: name one here, or set `tenantFiles`'],
] as const) {
  test(`loadConfig does not do without ${key} where nothing stands in for it`, () => {
    const { [key]: _, ...file } = minimal()
    assert.deepEqual(linesOf(file), [line])
  })
}

test('loadConfig refuses unknown keys in every mapping there is', () => {
  const file = minimal()
  const x = { unheardOf: 1 }
  const lines = linesOf({
    ...{ ...file, ...x },
    server: { log: x, ...x },
    session: { ...file.session, store: { type: 'memory', ...x }, ...x },
    providers: [{ ...file.providers[0], credential: { secret: '${env:CLIENT}', ...x }, ...x }],
    tenants: [
      {
        ...{ ...file.tenants[0], ...x },
        roles: [{ name: 'a', appRoles: ['A'], ...x }],
        upstream: { url: 'http://a', timeouts: x, ...x },
        routes: [{ path: '/', access: 'public', ...x }],
        headers: x,
        branding: x,
      },
    ],
  })
  assert.equal(lines.length, 14)
  for (const line of lines) assert.match(line, /unheardOf: this key is not known$/)
})

test('loadConfig refuses keys of the other store', () => {
  const store = { type: 'redis', url: 'redis://a', maxSessions: 5 }
  const [issue] = issuesOf({ ...minimal(), session: { ...minimal().session, store } })
  assert.equal(issue?.path, 'session.store.maxSessions')
  assert.equal(issue?.allowed, 'type, url, sentinel, cluster, tls, prefix')
})

test('loadConfig answers a file that is not there, or is a folder, with an issue', () => {
  for (const [path, message] of [
    ['/nowhere/sallyport.yaml', 'the file cannot be read (ENOENT)'],
    [config, 'the file is a folder, not a file'],
  ] as const) {
    assert.throws(
      () => loadConfig(path, { env }),
      (error) => error instanceof ConfigError && error.issues[0]?.message === message,
    )
  }
})

test('loadConfig follows aliases, and says where what they stand for is wrong', () => {
  const text = stringify(minimal())
  const fine = `${text.replace('  - name: payroll', '  - name: &name payroll')}    branding: { name: *name }\n`
  assert.equal(load(fine).tenants[0]?.branding.name, 'payroll')
  const withAlias = 'version: 1\nserver: { listen: &bad nonsense, management: *bad }\n'
  assert.deepEqual(
    placesOf(withAlias).filter((line) => line.includes('host:port')),
    ['2:24 server.listen: this is not host:port', '2:46 server.management: this is not host:port'],
  )
})

test('loadConfig gives a gateway whose secrets appear in no text made of it, but can be revealed', () => {
  const redis = 'redis://:hunter2@redis.internal'
  const file = { ...minimal(), session: { secrets: ['${env:SESSION}'], store: { type: 'redis', url: '${env:REDIS}' } } }
  const gateway = load(file, { env: { ...env, REDIS: redis } })
  const texts = [
    JSON.stringify(gateway),
    inspect(gateway, { depth: 20, showHidden: true }),
    `${gateway.session.secrets}`,
    inspect(gateway, { depth: 20, customInspect: false }),
  ]
  for (const text of texts) {
    for (const secret of [signingSecret, clientSecret, 'hunter2']) assert(!text.includes(secret), text)
  }
  const { store, secrets } = gateway.session
  assert.equal('url' in store && store.url.reveal(), redis)
  assert.equal(secrets[0]?.reveal(), signingSecret)
  assert.equal(secretOf(gateway.tenants[0]?.providers[0]), clientSecret)
})

test('loadConfig never shows what a reference stands for, nor its default', () => {
  const file = withTenant({
    publicUrl: '${env:LEAK}',
    noRole: '${env:LEAK}',
    routes: [{ path: '${env:LEAK}', access: '${env:LEAK}' }],
    '${env:LEAK}': 1,
  })
  const more = {
    server: { listen: '${env:LEAK}', drain: '${env:LEAK}', log: '${env:LEAK}' },
    session: { secrets: ['${env:LEAK}', '${env:NONE:-hunter3}'], idle: '${env:LEAK}', store: { type: '${env:LEAK}' } },
  }
  const issues = issuesOf({ ...file, ...more }, { env: { ...env, LEAK: 'hunter2' } })
  assert(issues.length >= 9, JSON.stringify(issues))
  assert.doesNotMatch(JSON.stringify(issues), /hunter/)
})

for (const name of [
  'sallyport.yaml',
  'reference.yaml',
  ...readdirSync(join(config, 'examples'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.yaml') && !file.includes('/tenants/'))
    .map((file) => `examples/${file}`),
]) {
  test(`loadConfig takes config/${name} without secrets`, () => {
    assert(loadConfig(join(config, name), { env: {}, withoutSecrets: true }).tenants.length > 0)
  })
}

test('loadConfig takes config/sallyport.yaml as it stands, and moves its ports by the environment', () => {
  const demo = loadConfig(join(config, 'sallyport.yaml'), { env: {} })
  assert.equal(demo.tenants[0]?.publicUrl.origin, 'http://localhost:8080')
  const moved = loadConfig(join(config, 'sallyport.yaml'), {
    env: { SALLYPORT_DEMO_PORT: '18080', SALLYPORT_DEMO_EMULATOR_PORT: '19400' },
  })
  assert.equal(moved.server.listen.port, 18080)
  assert.equal(moved.tenants[0]?.publicUrl.host, 'localhost:18080')
  const provider = moved.tenants[0]?.providers[0]
  assert.equal(provider?.kind === 'entra' && provider.authority, 'http://localhost:19400')
})

/** Throws for anything but a gateway or issues with a place. */
function loadsOrSaysWhy(content: string): void {
  for (const issue of issuesOf(content)) {
    assert(issue.line >= 1 && issue.column >= 1, JSON.stringify(issue))
    assert.match(issue.message, /^[\x20-\x7e]+$/)
  }
}

test('loadConfig throws nothing but a ConfigError, whatever stands in place of a value', () => {
  const file = {
    ...minimal(),
    ...withTenant({
      roles: [{ name: 'a', groups: [] }],
      routes: [{ path: '/', access: ['a'] }],
      headers: { set: { A: 'b' } },
    }),
  }
  const text = JSON.stringify(file)
  const spots = [...text.matchAll(/(?<=[:[,])(?:"[^"]*"|\{|\[|1)(?=[,\]}]|")/g)].map(
    ({ index, 0: { length } }) => [index, length] as const,
  )
  fc.assert(
    fc.property(
      fc.constantFrom(...spots),
      fc.oneof(fc.jsonValue(), fc.constantFrom('${', '${env:', '${env:X', '{', '\u0000', '1e999')),
      ([index, length], value) =>
        loadsOrSaysWhy(text.slice(0, index) + JSON.stringify(value) + text.slice(index + length)),
    ),
    { numRuns: 500 },
  )
})

test('loadConfig refuses to start from a file that a folder of secrets is missing for (T84)', () => {
  const folder = folderWith({
    'sallyport.yaml': JSON.stringify({ ...minimal(), session: { secrets: ['${file:secrets/session}'] } }),
  })
  assert.throws(() => loadConfig(join(folder, 'sallyport.yaml'), { env }), ConfigError)
})
