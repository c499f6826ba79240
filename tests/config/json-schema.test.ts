// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { parse } from 'yaml'
import { jsonSchema, tenantJsonSchema } from '../../src/config/json-schema.ts'

type Schema = Readonly<Record<string, unknown>>

/** What of JSON Schema draft-07 our schemas use. An unknown keyword is a failure: it would say nothing here. */
const keywords: Readonly<Record<string, (rule: never, value: unknown, schema: Schema) => boolean>> = {
  type: (type: string, value) => isOfType(type, value),
  const: (word: unknown, value) => word === value,
  enum: (words: readonly unknown[], value) => words.includes(value),
  pattern: (pattern: string, value) => typeof value !== 'string' || new RegExp(pattern, 'u').test(value),
  minimum: (least: number, value) => typeof value !== 'number' || value >= least,
  maximum: (most: number, value) => typeof value !== 'number' || value <= most,
  maxLength: (most: number, value) => typeof value !== 'string' || value.length <= most,
  minItems: (least: number, value) => !Array.isArray(value) || value.length >= least,
  items: (items: Schema, value) => !Array.isArray(value) || value.every((each) => fits(items, each)),
  anyOf: (forms: readonly Schema[], value) => forms.some((form) => fits(form, value)),
  oneOf: (forms: readonly Schema[], value) => forms.filter((form) => fits(form, value)).length === 1,
  required: (names: readonly string[], value) => !isMapping(value) || names.every((name) => Object.hasOwn(value, name)),
  properties: (properties: Readonly<Record<string, Schema>>, value) =>
    !isMapping(value) ||
    Object.entries(properties).every(([name, each]) => !Object.hasOwn(value, name) || fits(each, value[name])),
  additionalProperties: (rule: Schema | false, value, { properties = {} }) =>
    !isMapping(value) ||
    Object.entries(value).every(
      ([name, each]) => Object.hasOwn(properties as object, name) || (rule !== false && fits(rule, each)),
    ),
  propertyNames: (rule: Schema, value) => !isMapping(value) || Object.keys(value).every((name) => fits(rule, name)),
}
const annotations = ['$schema', 'title', 'description', 'default', 'examples']

function fits(schema: Schema, value: unknown): boolean {
  return Object.entries(schema).every(([keyword, rule]) => {
    if (annotations.includes(keyword)) return true
    const check = keywords[keyword] ?? assert.fail(`the keyword ${keyword}`)
    return check(rule as never, value, schema)
  })
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isOfType(type: string, value: unknown): boolean {
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return isMapping(value)
  return type === 'integer' ? Number.isInteger(value) : typeof value === type
}

const config = new URL('../../config/', import.meta.url).pathname
const [main, tenant] = [jsonSchema() as Schema, tenantJsonSchema() as Schema]
const read = (file: string) => parse(readFileSync(join(config, file), 'utf8'))
const files = ['sallyport.yaml', 'reference.yaml'].concat(
  readdirSync(join(config, 'examples'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => `examples/${file}`),
)

describe('jsonSchema', () => {
  for (const file of files) {
    const isTenant = file.includes('/tenants/')
    test(`takes config/${file}`, () => assert(fits(isTenant ? tenant : main, read(file))))

    test(`is named in config/${file}, where it is`, () => {
      const [, named = ''] = /\$schema=(\S+)/.exec(readFileSync(join(config, file), 'utf8')) ?? []
      const name = isTenant ? 'sallyport-tenant.schema.json' : 'sallyport.schema.json'
      assert.equal(join(config, file, '..', named), join(config, name))
    })
  }

  type Steps = readonly (string | number)[]

  /** An example with something else at one place; undefined: with nothing there. */
  function changed(steps: Steps, value: unknown): unknown {
    const file: unknown = read('examples/several-upstreams.yaml')
    const around = steps
      .slice(0, -1)
      .reduce<unknown>((at, step) => (at as Record<string | number, unknown>)[step], file)
    Object.assign(around as object, { [steps.at(-1) ?? '']: value })
    return JSON.parse(JSON.stringify(file))
  }

  const [tenantAt, routeAt, providerAt] = [
    ['tenants', 0],
    ['tenants', 0, 'routes', 0],
    ['providers', 0],
  ]
  for (const [what, steps, value] of [
    ['a key at the top', ['sever'], {}],
    ['a key of the server', ['server'], { lisen: 'x' }],
    ['a key of a provider', [...providerAt, 'tenantID'], 'x'],
    ['a key of the other kind of provider', [...providerAt, 'issuer'], 'https://a.example'],
    ['a kind of provider', [...providerAt, 'kind'], 'saml'],
    ['a key of a tenant', [...tenantAt, 'upsteam'], {}],
    ['a key of a tenant’s own provider', [...tenantAt, 'providers'], [{ name: 'a', tenantId: 'x', x: 1 }]],
    ['a key of a route', [...routeAt, 'acess'], 'public'],
    ['a word of a route', [...routeAt, 'access'], 'publick'],
    ['a status', [...routeAt, 'redirect', 'status'], 200],
    ['a key of the defaults', ['defaults'], { upstream: { timeout: {} } }],
    ['what defaults cannot say', ['defaults'], { publicUrl: 'https://a.example' }],
    ['a key of tenantFiles', ['tenantFiles'], { path: 'a/*.yaml', secret: 'b' }],
    ['a tenant without public URL', [...tenantAt, 'publicUrl'], undefined],
    ['a route without access', [...routeAt, 'access'], undefined],
    ['keys of the other store', ['session', 'store'], { type: 'redis', url: 'x', maxSessions: 1 }],
  ] as const) {
    test(`refuses ${what}, mistyped or out of place`, () => assert(!fits(main, changed(steps, value))))
  }

  for (const [what, steps, value] of [
    ['a tenant that says nothing but its address', ['tenants'], [{ name: 'a', publicUrl: 'x' }]],
    ['a part of a mapping in the defaults', ['defaults'], { upstream: { timeouts: { idle: '1h' } } }],
    ['a part of a mapping in a tenant', [...tenantAt, 'upstream'], { timeouts: { idle: '1h' } }],
    ['a reference for a word', [...tenantAt, 'sendRoles'], '${env:SEND}'],
    ['a reference for a number', [...routeAt, 'redirect', 'status'], '${env:STATUS}'],
    ['a reference for yes or no', [...tenantAt, 'enabled'], '${env:ON:-true}'],
    ['401 as a number', [...routeAt, 'onUnauthenticated'], 401],
    ['several folders', ['tenantFiles'], { path: ['a/*.yaml', 'b/*.yaml'], secrets: ['a', 'b'] }],
    ['no tenant beside tenantFiles', ['tenants'], undefined],
  ] as const) {
    test(`takes ${what}`, () => assert(fits(main, changed(steps, value))))
  }
})

test('tenantJsonSchema takes a tenant whose name its file says, and refuses what stands in the operator’s file only', () => {
  const wiki = read('examples/many-tenants/tenants/wiki.yaml')
  assert(fits(tenant, { ...wiki, name: 'wiki' }))
  assert(!fits(tenant, { ...wiki, session: {} }))
  assert(!fits(tenant, { ...wiki, publicUrl: undefined }))
  const { publicUrl: _, ...rest } = wiki
  assert(!fits(tenant, rest))
})

test('jsonSchema says its sentence of every key, and nothing that only our own documents need', () => {
  const visit = (schema: Schema, path: string): void => {
    for (const internal of ['allowed', 'placeholder', 'secret', 'file', 'keysAsIn', 'aside']) {
      assert(!Object.hasOwn(schema, internal), `${internal} at ${path}`)
    }
    for (const [name, each] of Object.entries((schema.properties ?? {}) as Record<string, Schema>)) {
      assert.match(String(each.description), /\.$/, `${path}.${name}`)
      visit(each, `${path}.${name}`)
    }
    for (const form of [...((schema.oneOf ?? []) as Schema[]), ...((schema.anyOf ?? []) as Schema[])]) visit(form, path)
    if (isMapping(schema.items)) visit(schema.items, `${path}[]`)
  }
  visit(main, '')
  visit(tenant, '')
})
