import { expect, test } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { createBonds, newBond } from '../../src/session/bonds.ts'
import { createKeyRing } from '../../src/session/seal.ts'
import { session } from '../core/build.ts'

const [old, next] = ['an-old-secret', 'the-next-secret'].map((text) => new Secret(text.padEnd(32, '-'))) as [
  Secret,
  Secret,
]
const cookie = '__Host-sid=s%3Aabcdefghijklmnopqrstuv.signature'
const ada = session({ bond: 'bond-of-ada' })
const bob = session({ bond: 'bond-of-bob' })

test('release opens only what the same sign-in, tenant, name and value were bound with', () => {
  const bonds = createBonds(createKeyRing([old]))
  const bound = bonds.of('payroll', ada, cookie).bind('JSESSIONID', 'A1')
  expect(bound).toMatch(/^[\w-]{22}\.A1$/)
  const release = (tenant: string, who: typeof ada | null, name: string, value: string) =>
    bonds.of(tenant, who, cookie).release(name, value)
  expect(release('payroll', ada, 'JSESSIONID', bound)).toBe('A1')
  expect(release('wiki', session({ bond: 'bond-of-ada' }), 'JSESSIONID', bound)).toBeNull()
  expect(release('payroll', bob, 'JSESSIONID', bound)).toBeNull()
  expect(release('payroll', null, 'JSESSIONID', bound)).toBeNull()
  expect(release('payroll', ada, 'PHPSESSID', bound)).toBeNull()
  expect(release('payroll', ada, 'JSESSIONID', `${bound}x`)).toBeNull()
  expect(release('payroll', ada, 'JSESSIONID', 'A1')).toBeNull()
  for (let at = 0; at < 22; at += 1) {
    const changed = bound[at] === 'A' ? 'B' : 'A'
    const tampered = bound.slice(0, at) + changed + bound.slice(at + 1)
    expect(release('payroll', session({ bond: 'bond-of-ada' }), 'JSESSIONID', tampered)).toBeNull()
  }
})

test('bind marks nobody’s cookies apart: they never become somebody’s, nor the other way round', () => {
  const bonds = createBonds(createKeyRing([old]))
  const nobodys = bonds.of('payroll', null, undefined).bind('JSESSIONID', 'N1')
  expect(bonds.of('payroll', null, cookie).release('JSESSIONID', nobodys)).toBe('N1')
  expect(bonds.of('payroll', ada, cookie).release('JSESSIONID', nobodys)).toBeNull()
  // Not even where a bond spells the same.
  expect(bonds.of('payroll', session({ bond: 'nobody' }), cookie).release('JSESSIONID', nobodys)).toBeNull()
})

test('no boundary can be shifted between what is marked (T56)', () => {
  const bonds = createBonds(createKeyRing([old]))
  const mark = bonds.of('a', null, undefined).bind('bc', 'd').slice(0, 22)
  expect(bonds.of('ab', null, undefined).release('c', `${mark}.d`)).toBeNull()
  expect(bonds.of('a', null, undefined).release('b', `${mark}.cd`)).toBeNull()
})

test('what was bound unasked is that of whoever is signed in by that very cookie of ours', () => {
  const bonds = createBonds(createKeyRing([old]))
  const bound = bonds.unasked('payroll', cookie).bind('JSESSIONID', 'U1')
  expect(bonds.of('payroll', ada, cookie).release('JSESSIONID', bound)).toBe('U1')
  expect(bonds.of('payroll', bob, `${cookie}x`).release('JSESSIONID', bound)).toBeNull()
  expect(bonds.of('payroll', null, cookie).release('JSESSIONID', bound)).toBeNull()
  const nobodys = bonds.unasked('payroll', 'theme=1').bind('JSESSIONID', 'N1')
  expect(bonds.of('payroll', null, undefined).release('JSESSIONID', nobodys)).toBe('N1')
})

test('secrets rotate: the first makes marks, all are tried, and one that is gone opens nothing, also of what was seen', () => {
  let now = 0
  const ring = createKeyRing([old], () => now)
  const bonds = createBonds(ring)
  const before = bonds.of('payroll', ada, cookie).bind('JSESSIONID', 'A1')
  ring.rotate([next, old])
  now += 121
  expect(bonds.of('payroll', ada, cookie).release('JSESSIONID', before)).toBe('A1')
  const after = bonds.of('payroll', ada, cookie).bind('JSESSIONID', 'A1')
  expect(after).not.toBe(before)
  // A replica that has only the old one, and one that has only the new one.
  expect(
    createBonds(createKeyRing([old]))
      .of('payroll', ada, cookie)
      .release('JSESSIONID', after),
  ).toBeNull()
  expect(
    createBonds(createKeyRing([next]))
      .of('payroll', ada, cookie)
      .release('JSESSIONID', after),
  ).toBe('A1')
  ring.rotate([next])
  expect(bonds.of('payroll', ada, cookie).release('JSESSIONID', before)).toBeNull()
  expect(bonds.of('payroll', ada, cookie).release('JSESSIONID', after)).toBe('A1')
})

test('newBond is another each time, of 128 bits', () => {
  const many = new Set(Array.from({ length: 1_000 }, newBond))
  expect(many.size).toBe(1_000)
  for (const bond of many) expect(bond).toMatch(/^[\w-]{22}$/)
})
