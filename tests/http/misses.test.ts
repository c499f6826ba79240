import { expect, test } from 'vitest'
import { createMisses } from '../../src/http/misses.ts'

test('allows lets a caller miss 120 times within a minute, and no other suffers for it', () => {
  let now = 1_000
  const misses = createMisses(() => now)
  for (let n = 0; n < 120; n++) expect(misses.allows('a')).toBe(true)
  expect([misses.allows('a'), misses.allows('b')]).toEqual([false, true])
  now += 59
  expect(misses.allows('a')).toBe(false)
  now += 1
  expect(misses.allows('a')).toBe(true)
})

test('hit takes back what has led to something, and no more', () => {
  const misses = createMisses(() => 0)
  for (let n = 0; n < 1_000; n++) {
    expect(misses.allows('a')).toBe(true)
    misses.hit('a')
  }
  misses.hit('a')
  misses.hit('nobody')
  for (let n = 0; n < 120; n++) expect(misses.allows('a')).toBe(true)
  expect(misses.allows('a')).toBe(false)
})

test('allows remembers the newest ten thousand callers', () => {
  const misses = createMisses(() => 0)
  for (let n = 0; n < 120; n++) misses.allows('first')
  for (let n = 0; n < 9_999; n++) misses.allows(`caller ${n}`)
  expect(misses.allows('first')).toBe(false)
  misses.allows('one more')
  expect(misses.allows('first')).toBe(true)
})
