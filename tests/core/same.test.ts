import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { createPool, deepFreeze, isSame, keepSame } from '../../src/core/same.ts'
import { Secret } from '../../src/core/secret.ts'

describe('isSame', () => {
  for (const [name, a, b, expected] of [
    ['takes equal values for the same', { a: [1, { b: 'x' }] }, { a: [1, { b: 'x' }] }, true],
    ['does not mind the order of keys', { a: 1, b: 2 }, { b: 2, a: 1 }, true],
    ['minds the order of a list', [1, 2], [2, 1], false],
    ['tells a list from a mapping', [], {}, false],
    ['tells null from nothing', { a: null }, {}, false],
    ['tells an undefined key from one that is not there', { a: undefined }, { b: undefined }, false],
    ['tells text from a number', '1', 1, false],
    ['takes secrets of one content for the same', new Secret('x'), new Secret('x'), true],
    ['tells secrets apart by what they hide', [new Secret('x')], [new Secret('y')], false],
    ['takes no secret for its text', new Secret('x'), '[secret]', false],
    ['takes no secret for an empty mapping', new Secret('x'), {}, false],
  ] as const) {
    test(name, () => {
      assert.equal(isSame(a, b), expected)
      assert.equal(isSame(b, a), expected)
    })
  }
})

describe('keepSame', () => {
  test('gives the old object where both say the same', () => {
    const before = { a: { b: 1 }, secret: new Secret('x') }
    assert.equal(keepSame(before, { a: { b: 1 }, secret: new Secret('x') }), before)
  })

  test('keeps every part that says the same, and takes the new value of the others', () => {
    const before = { kept: { a: 1 }, changed: { deep: { same: 1 }, b: 1 }, list: [{ x: 1 }, { y: 1 }] }
    const now = keepSame(before, { kept: { a: 1 }, changed: { deep: { same: 1 }, b: 2 }, list: [{ x: 1 }, { y: 2 }] })
    assert.equal(now.kept, before.kept)
    assert.notEqual(now.changed, before.changed)
    assert.equal(now.changed.deep, before.changed.deep)
    assert.equal(now.list[0], before.list[0])
    assert.deepEqual(now, { kept: { a: 1 }, changed: { deep: { same: 1 }, b: 2 }, list: [{ x: 1 }, { y: 2 }] })
  })

  test('never mixes an old secret into what has a new one', () => {
    const now = keepSame({ secrets: [new Secret('old')] }, { secrets: [new Secret('new'), new Secret('old')] })
    assert.deepEqual(
      now.secrets.map((each) => each.reveal()),
      ['new', 'old'],
    )
  })

  test('always says what the new value says', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (before, now) => assert(isSame(keepSame(before, now), now))),
      { numRuns: 1_000 },
    )
  })
})

test('createPool gives the first of equal values, those that it knew before all', () => {
  const known = { a: 1 }
  const pool = createPool<{ a: number }>([known])
  const [one, two] = [{ a: 2 }, { a: 2 }]
  assert.equal(pool({ a: 1 }), known)
  assert.equal(pool(one), one)
  assert.equal(pool(two), one)
})

test('deepFreeze freezes what stands in maps too, and comes to an end', () => {
  const tenant = { routes: [{ path: '/' }] }
  const frozen = deepFreeze({ byHost: new Map([['a', tenant]]), again: tenant })
  assert(Object.isFrozen(frozen) && Object.isFrozen(tenant.routes[0]))
})
