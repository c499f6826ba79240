/**
 * `npm run generate`: writes what is made from the schema, the outcomes and the causes. `tests/generated.test.ts` holds
 * it fresh.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { jsonSchema, schemaTree, tenantJsonSchema } from './json-schema.ts'
import { referenceFile } from './reference.ts'
import { causesTable, configurationTable, outcomesTable, replaceBlock } from './tables.ts'

/**
 * Every generated file, by its path from the root of the repository.
 * @param readme the README as it is, whose blocks are replaced; null where there is none.
 */
export function generated(readme: string | null): ReadonlyMap<string, string> {
  const tree = schemaTree()
  const files = new Map([
    ['config/sallyport.schema.json', `${JSON.stringify(jsonSchema(), null, 2)}\n`],
    ['config/sallyport-tenant.schema.json', `${JSON.stringify(tenantJsonSchema(), null, 2)}\n`],
    ['config/reference.yaml', referenceFile(tree)],
  ])
  if (readme !== null) {
    const withKeys = replaceBlock(readme, 'configuration', configurationTable(tree))
    const withOutcomes = replaceBlock(withKeys, 'outcomes', outcomesTable())
    files.set('README.md', replaceBlock(withOutcomes, 'causes', causesTable()))
  }
  return files
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = new URL('../../', import.meta.url)
  const readme = new URL('README.md', root)
  for (const [path, content] of generated(existsSync(readme) ? readFileSync(readme, 'utf8') : null)) {
    writeFileSync(new URL(path, root), content)
    console.log(`wrote ${path}`)
  }
}
