// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { issuesOf, load, placesOf } from './written.ts'

const bytes = (...parts: readonly (string | number)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part))))

for (const [name, content, expected] of [
  ['an empty file', '', ['1:1 : the file is empty']],
  ['a file of comments', '# nothing\n', ['1:1 : the file is empty']],
  ['a file that holds a list', '- version: 1\n', ['1:1 : the file must hold a mapping of keys to values']],
  ['a file that holds one word', 'version\n', ['1:1 : the file must hold a mapping of keys to values']],
  ['a tab as indent', 'server:\n\tlisten: 0.0.0.0:80\n', ['2:1 : indent with blanks, not with tabs']],
  [
    'an open quote',
    'version: "1\nserver: {}\n',
    ['3:1 : a character is missing here: a closing quote or bracket, a comma, a colon, or a blank after it'],
  ],
  [
    'two keys on one line',
    'version: 1\nserver: listen: x\n',
    ['2:9 : two keys stand on one line; put text that has a colon and a blank in quotes'],
  ],
  ['two documents', 'version: 1\n---\nversion: 1\n', ['2:1 : the file holds more than one document (---)']],
  [
    'another version of YAML',
    '%YAML 1.1\n---\n',
    ['1:1 : only YAML 1.2 is read: other versions take `no` for false and 012 for ten'],
  ],
  [
    'a reference without quotes in brackets',
    'session:\n  secrets: [${env:SESSION}]\n',
    ['2:14 : put a reference in quotes where it stands within [ ] or { }'],
  ],
  [
    'a reference without quotes in braces',
    'session:\n  store: { type: redis, url: ${env:URL:-x} }\n',
    ['2:31 : put a reference in quotes where it stands within [ ] or { }'],
  ],
  ['control characters', 'version: 1\nserver: \x07\n', ['2:9 : this is not text in UTF-8']],
  ['binary garbage', bytes(0x7f, 'ELF', 0, 1, 2, 255), ['1:1 : this is not text in UTF-8']],
  ['Latin-1', bytes('version: 1\n# M', 0xfc, 'ller\n'), ['2:4 : this is not text in UTF-8']],
  ['UTF-16', Buffer.from('\ufeffversion: 1\n', 'utf16le'), ['1:1 : this is not text in UTF-8']],
  ['more than 1 MB', `# ${'x'.repeat(1_048_576)}\n`, ['1:1 : the file has more than 1 MB']],
] as const) {
  test(`readSource refuses ${name}, with its place`, () => assert.deepEqual(placesOf(content), expected))
}

test('readSource goes on after a doubled key and finds the rest too', () => {
  const found = placesOf('version: 1\nserver: {}\nserver: { drain: soon }\n')
  assert.deepEqual(found.slice(0, 2), [
    '1:1 session: this is required',
    '1:1 tenants: there is no tenant: name one here, or set `tenantFiles`',
  ])
  assert(found.includes('3:1 : this key is written twice'))
  assert(found.includes('3:18 server.drain: this is not a duration'))
})

test('readSource counts lines and columns alike with CRLF and with a byte order mark', () => {
  const unix = placesOf('version: 2\nserver: { drain: soon }\n')
  assert.deepEqual(placesOf('\ufeffversion: 2\r\nserver: { drain: soon }\r\n'), unix)
  assert(unix.includes('2:18 server.drain: this is not a duration'))
})

test('readSource never quotes the text around a mistake, since it may be a secret', () => {
  for (const text of [
    'a: hunter2: b',
    'a: [hunter2',
    'a: "hunter2',
    'a: { b: hunter2 hunter2: }\n }',
    '- hunter2\na: b',
    '*hunter2',
    'a: !hunter2 x',
  ]) {
    const issues = issuesOf(`${text}\n`)
    assert.notEqual(issues.length, 0, text)
    assert(!JSON.stringify(issues).includes('hunter2'), JSON.stringify(issues))
  }
})

for (const [name, content] of [
  ['lists in lists', `a: ${'['.repeat(20_000)}${']'.repeat(20_000)}`],
  ['mappings in mappings', Array.from({ length: 1_000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ['forty levels', `a: ${'['.repeat(40)}${']'.repeat(40)}`],
] as const) {
  test(`loadConfig answers deep nesting with an issue: ${name}`, () => {
    assert(placesOf(content).some((line) => line.endsWith('this is nested too deeply')))
  })
}

test('loadConfig stops aliases that unfold without end', () => {
  const levels = Array.from({ length: 12 }, (_, level) =>
    level === 0 ? 'a0: &a0 [x, x, x, x, x, x, x, x, x]' : `a${level}: &a${level} [${`*a${level - 1}, `.repeat(9)}]`,
  )
  const started = performance.now()
  assert(placesOf(`${levels.join('\n')}\n`).some((line) => line.endsWith('the aliases unfold to too much')))
  assert(performance.now() - started < 5_000)
})

for (const [what, content] of [
  ['forty thousand aliases', `x: &a b\ny: [${'*a,'.repeat(40_000)}*a]\n`],
  ['a row of brackets that nobody can read', `x: ${'[]'.repeat(60_000)}\n`],
  ['references that are not closed', `x: '${'${]'.repeat(40_000)}'\n`],
  ['defaults of references that do not end', `session: { secrets: ['${'${env:A]'.repeat(15_000)}}'] }\n`],
] as const) {
  test(`loadConfig reads ${what} in no time: an author could hold up everybody (T88)`, { timeout: 60_000 }, () => {
    const started = performance.now()
    assert.notDeepEqual(placesOf(content), [])
    assert(performance.now() - started < 5_000)
  })
}

test('an alias stands for the last node before it that has its anchor', () => {
  const { server } = load(`version: 1
server: { drain: &a 5s, timeouts: { headers: *a, body: &a 7s, keepAlive: *a } }
session: { secrets: ['\${env:SESSION}'] }
providers: [{ name: contoso, tenantId: &id 11111111-2222-3333-4444-555555555555, clientId: *id, credential: { secret: '\${env:CLIENT}' } }]
tenants: [{ name: payroll, publicUrl: 'https://payroll.contoso.com', providers: [contoso], upstream: { url: 'http://10.0.0.7' } }]
`)
  assert.deepEqual([server.drainSeconds, server.timeouts.headerSeconds, server.timeouts.keepAliveSeconds], [5, 5, 7])
})

test('loadConfig answers an alias to what is around it, and one to nothing, with issues', () => {
  assert(placesOf('server: &loop { log: *loop }\n').some((line) => line.includes('nested too deeply')))
  assert(placesOf('server: *nothing\n').includes('1:9 server: there is no anchor of this name before this alias'))
})

test('loadConfig takes __proto__, << and keys that are no text for unknown keys', () => {
  const found = placesOf('__proto__: { version: 1 }\n<<: { version: 1 }\n1: x\n')
  for (const line of [
    '1:1 __proto__: this key is not known',
    '2:1 ["<<"]: this key is not known',
    '1:1 : a key that is not text: put it in quotes',
  ]) {
    assert(found.includes(line), found.join('\n'))
  }
})
