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

test('attacksTried counts nothing but what speaks to a running gateway over a socket', () => {
  for (const file of new Set(attacksTried().map((each) => each.file))) {
    expect(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'), file).toMatch(aGateway)
  }
})

/** What starts a gateway, in this process or in one of its own. */
const aGateway =
  /\b(?:start(?:Stage|Clocked|TwoGateways|PlainStage|CloudStage|Glass|Pair|Listening|Scene|Gateway|Command|Demo)|withScene|serve)\w*\(/

test('attacksIn reads calls of one line and of several, with one number and with more', () => {
  const calls = [
    "('T1', 'is one', run)",
    "(\n  'T2',\n  `is one of ${many}`,\n  run)",
    "(['T3', 'T4'], 'are two', run)",
  ]
  const text = calls.map((each) => `  attack${each}`).join('\n')
  expect(attacksIn('a', text).map(({ id }) => id)).toEqual(['T1', 'T2', 'T3', 'T4'])
})
