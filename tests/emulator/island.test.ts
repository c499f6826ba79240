import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const folder = join(import.meta.dirname, '../../src/emulator')
const files = globSync('**/*.ts', { cwd: folder })

test('the emulator has the files that this test is about', () => {
  expect(files).toContain('emulator.ts')
})

for (const file of files) {
  test(`${file} imports nothing of ours from outside the emulator`, () => {
    const source = readFileSync(join(folder, file), 'utf8')
    const imported = [...source.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)].map(([, name = '']) => name)
    const foreign = imported.filter((name) => !/^(node:[\w/]+|express|jose|ws|\.\/[\w-]+\.ts)$/.test(name))
    expect(foreign).toEqual([])
  })
}
