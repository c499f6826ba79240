import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { replaceBlock } from '../../src/config/tables.ts'
import { threats } from './catalogue.ts'
import { attacksIn, attacksTried, attackTable, untried } from './table.ts'

test('attackTable is fresh in SECURITY.md (else: npm run generate)', () => {
  const security = readFileSync(new URL('../../SECURITY.md', import.meta.url), 'utf8')
  expect(security).toContain('<!-- generated:attacks -->')
  expect(replaceBlock(security, 'attacks', attackTable())).toBe(security)
})

test('untried finds nothing: every attack of the catalogue is carried out, or says why it cannot be yet', () => {
  expect(untried()).toEqual([])
})

test('untried would find an attack that nobody carries out', () => {
  expect(untried([])).toContain('T1')
})

test('attacksTried knows every number that a test names', () => {
  expect(attacksTried().filter(({ id }) => !(id in threats))).toEqual([])
})

test('attacksIn reads calls of one line and of several, in both kinds of quotes', () => {
  const text = "attack('T1', 'is one\\'s own', async () => {})\nattack(\n  'T2',\n  `is ${each} of many`,\n  run)"
  expect(attacksIn('a', text)).toEqual([
    { id: 'T1', file: 'a', what: "is one's own" },
    { id: 'T2', file: 'a', what: 'is … of many' },
  ])
})
