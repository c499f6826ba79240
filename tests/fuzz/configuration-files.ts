/** What a file says does not depend on how it is written, and no text is more than an issue. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { stringify } from 'yaml'
import { ConfigError } from '../../src/config/issues.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Gateway } from '../../src/core/gateway.ts'
import { isSame } from '../../src/core/same.ts'
import { type Property, property } from './property.ts'

const env = { SESSION: 'a-signing-secret-of-more-than-32-bytes', CLIENT: 'the~value.of-a_client-secret' }

/** @throws ConfigError, and nothing else, for any text. */
function read(text: string): Gateway {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-fuzz-'))
  try {
    writeFileSync(join(folder, 'sallyport.yaml'), text)
    return loadConfig(join(folder, 'sallyport.yaml'), { env })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/)
const access = fc.constantFrom('public', 'optional', 'signed-in', ['staff'])
const route = fc.record({ path: fc.array(word, { maxLength: 3 }).map((names) => `/${names.join('/')}`), access })
const claim = fc.constantFrom('{claim.name}', '{claim.department}', 'a {claim.name} & "b" #c', "it's: yes", '- no')
const roles = [{ name: 'staff', groups: ['8e2c7a10-5d4f-4b96-a3e8-1f0d9c8b7a65'] }]

/** A whole configuration that holds, with what text can get wrong in it: quotes, signs, words that YAML 1.1 took for others. */
const settings = fc
  .record({
    idle: fc.integer({ min: 1, max: 60 }).map((minutes) => `${minutes}m`),
    brand: fc.oneof(fc.constantFrom('yes', 'no', 'null', '~', '1.0', '0x1', '# x', "'", '"', 'a: b', '- a'), word),
    routes: fc.uniqueArray(route, { minLength: 1, maxLength: 4, selector: ({ path }) => path }),
    headers: fc.dictionary(
      word.map((name) => `X-Own-${name}`),
      claim,
      { maxKeys: 3, noNullPrototype: true },
    ),
    port: fc.integer({ min: 1, max: 65_535 }),
  })
  .map(({ idle, brand, routes, headers, port }) => ({
    version: 1,
    session: { secrets: ['${env:SESSION}'], idle },
    providers: [
      {
        name: 'contoso',
        tenantId: '11111111-2222-3333-4444-555555555555',
        clientId: '66666666-7777-8888-9999-000000000000',
        credential: { secret: '${env:CLIENT}' },
      },
    ],
    tenants: [
      {
        name: 'payroll',
        publicUrl: 'https://payroll.contoso.com',
        providers: ['contoso'],
        upstream: { url: `http://10.0.0.7:${port}` },
        branding: { name: brand },
        roles,
        routes,
        headers: { set: headers },
      },
    ],
  }))

const style = fc.record({
  indent: fc.integer({ min: 2, max: 6 }),
  // The writer's folding of long lines loses characters; it is the reader that is tested here.
  lineWidth: fc.constant(0),
  collectionStyle: fc.constantFrom('any', 'block', 'flow'),
  defaultStringType: fc.constantFrom('PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE'),
  defaultKeyType: fc.constantFrom('PLAIN', 'QUOTE_DOUBLE'),
} as const)

function loadsOrSaysWhy(text: string): boolean {
  try {
    read(text)
    return true
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.issues.every(({ line, column, message }) => line >= 1 && column >= 1 && /^[\x20-\x7e]+$/.test(message))
  }
}

const token = fc.oneof(
  fc.string(),
  fc.constantFrom(
    'version: 1\n',
    'tenants:\n',
    '  - ',
    '? ',
    ': ',
    '&a ',
    '*a',
    '!!map ',
    '|\n',
    '%',
    '{',
    '}',
    '[',
    ']',
  ),
  fc.constantFrom('"', "'", '\t', '<<: ', '---\n', '...\n', '\r\n', 'session: ', '${env:SESSION}', '${file:', '\u0000'),
)

export const configurationFiles: readonly Property[] = [
  property(
    'loadConfig understands the same whatever the style of the YAML is',
    60,
    fc.property(settings, style, (written, how) =>
      isSame(read(JSON.stringify(written)), read(stringify(written, how))),
    ),
  ),
  property(
    'loadConfig throws nothing but a ConfigError for text of any kind',
    400,
    fc.property(fc.array(token), (tokens) => loadsOrSaysWhy(tokens.join(''))),
  ),
]
