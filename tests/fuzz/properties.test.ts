import fc from 'fast-check'
import { test } from 'vitest'
import { properties } from './properties.ts'

for (const { name, runs, property } of properties) {
  test(name, async () => await fc.assert(property, { numRuns: runs }))
}
