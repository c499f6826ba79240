/**
 * `npm run fuzz`: the properties with as many inputs as there is time for. A failure says how to see it again.
 * Options: `--seconds N` for each property (30), `--seed N` (a random one, which is printed), `--only TEXT` in the name.
 * Ends with 1 if anything failed, with 2 if no property has such a name.
 */
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { properties } from './properties.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(Math.trunc(Math.random() * 2 ** 31)) },
    only: { type: 'string', default: '' },
  },
})
const seed = wholeNumber('seed', values.seed)
const seconds = wholeNumber('seconds', values.seconds)
const chosen = properties.filter(({ name }) => name.includes(values.only))
if (chosen.length === 0) {
  console.error(
    `No property has “${values.only}” in its name. There are:\n  ${properties.map(({ name }) => name).join('\n  ')}`,
  )
  process.exit(2)
}

console.log(`seed ${seed}, ${seconds} s for each of ${chosen.length} properties`)
let failed = 0
for (const { name, property } of chosen) {
  const found = await fc.check(property, {
    seed,
    numRuns: Number.MAX_SAFE_INTEGER,
    interruptAfterTimeLimit: seconds * 1_000,
    endOnFailure: false,
  })
  // Whoever ran out of time has not failed.
  if (!found.failed || found.counterexample === null) {
    console.log(`holds   ${found.numRuns} inputs  ${name}`)
    continue
  }
  failed += 1
  console.log(`FAILED  after ${found.numRuns} inputs  ${name}`)
  console.log(`  ${fc.stringify(found.counterexample)}`)
  if (found.errorInstance !== null && found.errorInstance !== undefined) console.log(`  ${String(found.errorInstance)}`)
  console.log(`  again: npm run fuzz -- --seed ${found.seed} --only '${name.slice(0, 40).replaceAll("'", '')}'`)
}
console.log(`${chosen.length - failed} hold, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

function wholeNumber(name: string, text: string): number {
  if (/^-?\d{1,10}$/.test(text)) return Number(text)
  console.error(`--${name} takes a whole number, and got ${JSON.stringify(text.slice(0, 40))}`)
  process.exit(2)
}
