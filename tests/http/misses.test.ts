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

test('allows takes all addresses of one IPv6 network for one caller (T73)', () => {
  const misses = createMisses(() => 0)
  for (let n = 0; n < 120; n++) expect(misses.allows(`2001:db8:0:7::${n.toString(16)}`)).toBe(true)
  for (const same of ['2001:db8::7:1:2:3:4', '2001:0db8:0000:0007::', '2001:DB8:0:7:a:b:1.2.3.4'])
    expect(misses.allows(same)).toBe(false)
  for (const other of ['2001:db8:0:8::1', '2001:db8::7', '2001:db8:7::', '::1', 'fe80::1%eth0'])
    expect(misses.allows(other)).toBe(true)
})

test('allows takes IPv4 addresses that are written as IPv6 for callers of their own', () => {
  const misses = createMisses(() => 0)
  for (let n = 0; n < 120; n++) misses.allows('::ffff:192.0.2.1')
  expect([misses.allows('::ffff:192.0.2.1'), misses.allows('::ffff:192.0.2.2')]).toEqual([false, true])
})
