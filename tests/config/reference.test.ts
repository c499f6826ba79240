import assert from 'node:assert/strict'
import { test } from 'vitest'
import { parse } from 'yaml'
import { type SchemaNode, schemaTree } from '../../src/config/json-schema.ts'
import { referenceFile } from '../../src/config/reference.ts'
import { configurationTable } from '../../src/config/tables.ts'

const tree = schemaTree()
const [reference, table] = [referenceFile(tree), configurationTable(tree)]

/** Every key with its path, as the table writes it; where keys are those of another place, no further. */
function paths(node: SchemaNode, path = ''): readonly string[] {
  const forms = [node, ...(node.oneOf ?? [])]
  return forms.flatMap((form) =>
    Object.entries(form.properties ?? {}).flatMap(([key, child]) => {
      const here = path === '' ? key : `${path}.${key}`
      if (child.keysAsIn !== undefined) return [here]
      return [here, ...paths(child, here), ...paths(child.items ?? {}, `${here}[]`)]
    }),
  )
}

test('configurationTable has a row for every key, of every form', () => {
  for (const path of paths(tree)) assert(table.includes(`\n| \`${path}\` |`), path)
  for (const path of ['providers[].issuer', 'providers[].credential.sentBy', 'tenantFiles.path', 'tenants[].tls.cert'])
    assert(table.includes(`\n| \`${path}\` |`), path)
})

test('configurationTable and referenceFile list the keys of a tenant once, and refer to them elsewhere', () => {
  assert(!table.includes('`defaults.') && !table.includes('`tenants[].routes[].upstream.'))
  assert.match(table, /`defaults` \|.*Its keys are those of `tenants\[\]`\./)
  assert.match(table, /`tenants\[\]\.routes\[\]\.upstream` \|.*Its keys are those of `tenants\[\]\.upstream`\./)
  assert.equal(reference.split('\n').filter((line) => /^\s*#? *sendRoles:/.test(line)).length, 1)
  assert.equal(reference.split('\n').filter((line) => /^\s*#? *stripPrefix:/.test(line)).length, 1)
})

test('configurationTable says of a key that only one form has, which one', () => {
  assert.match(table, /`providers\[\]\.issuer` \| required \| With `kind: oidc`: /)
  assert.match(table, /`session\.store\.url` \| {2}\| With `type: redis`: /)
  assert.equal(table.split('`providers[].name`').length, 2)
})

test('configurationTable writes words in the order of the schema', () => {
  assert.match(table, /`tenants\[\]\.routes\[\]\.onUnauthenticated` \| `auto` \|.*Allowed: auto or 401\./)
})

test('referenceFile has every key, as YAML or as a comment', () => {
  for (const path of paths(tree)) {
    const key = path.replace(/^.*\./, '').replace('[]', '')
    assert.match(reference, new RegExp(`^\\s*(?:#[\\s#]*)?${key}:`, 'm'), path)
  }
  assert.deepEqual(
    Object.keys(parse(reference)),
    Object.keys(tree.properties ?? {}).filter((key) => key !== 'tenantFiles' && key !== 'breakGlass'),
  )
})

test('referenceFile shows no key without a value', () => {
  assert.doesNotMatch(reference, /: (?:null|undefined)$/m)
})
