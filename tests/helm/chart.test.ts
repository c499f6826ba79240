/** The chart as a whole: lint, golden renders, and configurations that the gateway itself accepts. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { parse } from 'yaml'
import { loadConfig } from '../../src/config/load.ts'
import { fenced } from '../markdown.ts'
import {
  at,
  chart,
  example,
  examples,
  helmMissing,
  lint,
  manifests,
  notes,
  only,
  render,
  root,
  type Values,
} from './helm.ts'
import { mounted } from './mounts.ts'

const golden = (name: string) => join(root, 'tests/helm/golden', `${name}.yaml`)
const defaults: unknown = parse(readFileSync(join(chart, 'values.yaml'), 'utf8'))
const metadata = parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8'))

describe.skipIf(helmMissing())('the chart', () => {
  test('is for the version of the gateway that it comes with', () => {
    assert.equal(metadata.appVersion, JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version)
  })

  test('passes a strict lint with its defaults', () => assert.deepEqual({ ...lint(), out: '', error: '' }, passed))

  for (const name of examples) {
    test(`passes a strict lint with the example ${name}`, () => {
      assert.deepEqual({ ...lint(name), out: '', error: '' }, passed)
    })

    test(`renders the example ${name} as it did (else: UPDATE_GOLDEN=1, and look at the difference)`, () => {
      const { ok, out, error } = render(name)
      assert(ok, error)
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden(name), out)
      assert.equal(out, existsSync(golden(name)) ? readFileSync(golden(name), 'utf8') : '')
    })

    test(`gives the gateway what it can be loaded from, with the example ${name}`, () => {
      // Where it comes from a ConfigMap of somebody else, there is nothing to load.
      if (at(example(name), 'existingConfigMap') !== undefined) return
      const gateway = mounted(manifests(name), secrets, (path) => loadConfig(path, { env: { REDIS_URL: redisUrl } }))
      assert.equal(gateway.server.management.port, 9090)
      assert.equal(gateway.server.listen.port, 8080)
      // Said or not, it is what the time to end is worked out from.
      assert.equal(gateway.server.drainSeconds, at(example(name), 'drainSeconds') ?? at(defaults, 'drainSeconds'))
      assert(gateway.tenants.some((tenant) => tenant.name === 'payroll'))
    })
  }

  test('puts the configuration and tenant files into their ConfigMaps unchanged, whatever the text', () => {
    const { config, ...rest } = example('tenant-files')
    const odd = fc.string({
      unit: fc.constantFrom('#', ' ', '\n', '\n', '\r\n', '\t', 'ä', '😀', '{{ .x }}', "'", '"', ':', '\\'),
    })
    // Comments, so that it stays the configuration that it is.
    const lines = (text: string) => text.replaceAll(/^(?=.)/gm, '#').replaceAll(/\r(?!\n)/g, '')
    fc.assert(
      fc.property(odd, odd, (before, after) => {
        const text = `${lines(before)}\n${config}${lines(after)}`
        const files = { payroll: text, wiki: `${before}x${after}` }
        const all = manifests({ ...rest, config: text, tenantFiles: { files } })
        assert.equal(only(all, 'ConfigMap', 'sallyport').data?.['sallyport.yaml'], text)
        const written = all.flatMap((each) => (each.kind === 'ConfigMap' ? Object.entries(each.data ?? {}) : []))
        for (const [name, file] of Object.entries(files))
          assert.equal(Object.fromEntries(written)[`${name}.yaml`], file)
      }),
      {
        numRuns: 25,
        examples: [
          ['', '\n'],
          ['\n ', ' \n\n'],
          ['', '#x'],
          ['\r\n', '\r\n'],
        ],
      },
    )
  })

  test('leaves the pods alone when the configuration changes, unless told otherwise', () => {
    const values = example('one-gateway')
    const changed = { ...values, config: `${values.config}# changed\n` }
    const pods = (...sets: readonly Values[]) => at(only(manifests(...sets), 'Deployment'), 'spec')
    assert.deepEqual(pods(changed), pods(values))
    const roll = { rollOnConfigChange: true }
    assert.notDeepEqual(pods(changed, roll), pods(values, roll))
  })

  test('describes every value, and no other, in its schema', () => {
    const schema: unknown = JSON.parse(readFileSync(join(chart, 'values.schema.json'), 'utf8'))
    const ours = keysOfSchema(schema).filter((key) => key !== 'global' && !key.endsWith('.initialDelaySeconds'))
    const missing = ours.filter((key) => at(defaults, key) === undefined)
    assert.deepEqual(missing, [])
  })

  for (const [number, block] of fenced(readFileSync(join(chart, 'README.md'), 'utf8'), 'yaml').entries()) {
    if (/^apiVersion:/.test(block)) continue
    test(`renders with block ${number + 1} of its README`, () => {
      // A block shows one thing; the rest is an example's. Files for tenants need a configuration that reads them.
      const base = /^tenantFiles:/m.test(block) ? 'tenant-files' : 'redis-and-ingress'
      const { ok, error } = render(base, parse(block))
      assert(ok, error)
    })
  }

  test('says afterwards which redirect URIs to register, and where the secrets belong', () => {
    const text = notes('redis-and-ingress')
    for (const host of ['payroll', 'wiki']) assert(text.includes(`https://${host}.example.com/.auth/callback`), text)
    assert.match(text, /Secret `sallyport` has to be in the namespace access/)
    assert.doesNotMatch(text, /<publicUrl>|tenants-0|signs everybody out/)
    assert.match(notes('one-gateway'), /each new pod signs everybody out/)
    assert.match(notes('tenant-files'), /<publicUrl>\/\.auth\/callback[\s\S]*sallyport-tenants-0 … 3/)
    assert.match(notes('gateway-api'), /<publicUrl>\/\.auth\/callback[\s\S]*sallyport-tenant-secrets-0 … 3/)
  })
})

const redisUrl = 'redis://redis.example.com:6379'

/** What the examples and the README of the chart tell people to make; which shard a tenant's secret is in does not matter. */
const secrets = {
  sallyport: { session: 's'.repeat(43), client: 'c\n', 'redis-url': `${redisUrl}\n` },
  'sallyport-tenant-secrets-3': { 'payroll.client-secret': 'p\n', 'wiki.client-secret': 'w\n' },
}

const passed = { ok: true, out: '', error: '' }

/** `a.b` for every key that the schema spells out; each mapping of them is closed. */
function keysOfSchema(schema: unknown, prefix = ''): readonly string[] {
  const keys = Object.entries(at(schema, 'properties') ?? {}).filter(([, inner]) => inner !== false)
  if (keys.length > 0) assert.equal(at(schema, 'additionalProperties'), false, `${prefix} takes any key`)
  return keys.flatMap(([key, inner]) => [`${prefix}${key}`, ...keysOfSchema(inner, `${prefix}${key}.`)])
}
