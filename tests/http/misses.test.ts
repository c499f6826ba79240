import { expect, test } from 'vitest'
import { createMisses } from '../../src/http/misses.ts'

test('tooMany holds for a caller after 120 misses within a minute, for nobody else, and for a minute', () => {
  let now = 1_000
  const misses = createMisses(() => now)
  for (let n = 0; n < 119; n++) misses.count('a')
  expect(misses.tooMany('a')).toBe(false)
  misses.count('a')
  expect([misses.tooMany('a'), misses.tooMany('b')]).toEqual([true, false])
  now += 59
  expect(misses.tooMany('a')).toBe(true)
  now += 1
  expect(misses.tooMany('a')).toBe(false)
  misses.count('a')
  expect(misses.tooMany('a')).toBe(false)
})

test('count keeps the newest ten thousand callers', () => {
  const misses = createMisses(() => 0)
  for (let n = 0; n < 120; n++) misses.count('first')
  for (let n = 0; n < 9_999; n++) misses.count(`caller ${n}`)
  expect(misses.tooMany('first')).toBe(true)
  misses.count('one more')
  expect(misses.tooMany('first')).toBe(false)
})
