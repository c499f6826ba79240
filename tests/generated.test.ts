import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'vitest'
import { schemaTree } from '../src/config/json-schema.ts'
import { generated } from '../src/config/publish.ts'
import { replaceBlock } from '../src/config/tables.ts'
import { outcomes } from '../src/core/answer/outcomes.ts'

const root = new URL('../', import.meta.url)
const read = (path: string): string | null =>
  existsSync(new URL(path, root)) ? readFileSync(new URL(path, root), 'utf8') : null

for (const [path, content] of generated(read('README.md'))) {
  test(`generated holds ${path} fresh (else: npm run generate)`, () => assert.equal(read(path), content))
}

const blocks =
  '# T\n<!-- generated:configuration -->\nold\n<!-- /generated:configuration -->\nkept\n<!-- generated:outcomes -->\n<!-- /generated:outcomes -->\n'

test('generated puts every key and every outcome into the README', () => {
  const readme = generated(blocks).get('README.md') ?? ''
  for (const code of Object.keys(outcomes)) assert(readme.includes(`| \`${code}\` |`), code)
  for (const key of [
    'version',
    'session.store.type',
    'session.store.url',
    'tenants[].routes[].access',
    'providers[].credential.secret',
  ]) {
    assert(readme.includes(`| \`${key}\` |`), key)
  }
  assert(readme.startsWith('# T\n') && readme.includes('\nkept\n') && !readme.includes('\nold\n'))
})

test('generated leaves a README without blocks as it is', () => {
  assert.equal(generated('# T\n').get('README.md'), '# T\n')
  assert.equal(generated(null).has('README.md'), false)
})

test('replaceBlock gives the same text a second time', () => {
  const once = replaceBlock(blocks, 'outcomes', 'x | $& $1')
  assert.equal(replaceBlock(once, 'outcomes', 'x | $& $1'), once)
})

test('schemaTree gives every key a sentence that ends', () => {
  type Node = ReturnType<typeof schemaTree>
  const bare: string[] = []
  const visit = (node: Node, path: string): void => {
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      if (!/[.]$/.test(child.description ?? '')) bare.push(`${path}.${key}`)
      for (const below of [child, child.items ?? {}, ...(child.oneOf ?? [])]) visit(below, `${path}.${key}`)
    }
  }
  visit(schemaTree(), '')
  assert.deepEqual(bare, [])
})
