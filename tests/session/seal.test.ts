import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { createKeyRing, type KeyRing, type RecordAddress, storeKey } from '../../src/session/seal.ts'
import { firstSecret, ring, secondSecret } from './people.ts'

const address: RecordAddress = { kind: 'facts', id: 'AAAAAAAAAAAAAAAAAAAAAA', tenant: 'payroll', version: 1 }

describe('createKeyRing', () => {
  test('refuses an empty list of secrets', () => {
    expect(() => createKeyRing([])).toThrow()
  })

  test('gives keys that show no secret, another one per secret', () => {
    const { cookieKeys } = createKeyRing([firstSecret, secondSecret])
    expect(new Set(cookieKeys).size).toBe(2)
    for (const key of cookieKeys) expect(firstSecret.reveal() + secondSecret.reveal()).not.toContain(key)
  })
})

describe('rotate', () => {
  const sealed = (by: KeyRing) => by.sealText(['x'], 'text')
  const opens = (by: KeyRing, text: string) => by.openText(['x'], text) === 'text'

  test('rotate opens with a new secret at once, and seals with it after two minutes', () => {
    let now = 0
    const rotated = createKeyRing([firstSecret], () => now)
    const [old, other] = [createKeyRing([firstSecret]), createKeyRing([secondSecret])]
    const [cookieKey] = rotated.cookieKeys
    rotated.rotate([secondSecret, firstSecret])
    expect(opens(rotated, sealed(other))).toBe(true)
    now = 119
    expect([opens(old, sealed(rotated)), rotated.cookieKeys[0] === cookieKey]).toEqual([true, true])
    now = 120
    expect([opens(old, sealed(rotated)), rotated.cookieKeys[0] === cookieKey]).toEqual([false, false])
    expect([opens(other, sealed(rotated)), opens(rotated, sealed(old))]).toEqual([true, true])
  })

  test('rotate does not wait where it cannot, or need not', () => {
    const rotated = createKeyRing([firstSecret], () => 0)
    // What is gone seals nothing, not even for two minutes.
    rotated.rotate([secondSecret])
    expect(opens(createKeyRing([secondSecret]), sealed(rotated))).toBe(true)
    expect(opens(rotated, sealed(createKeyRing([firstSecret])))).toBe(false)
    // Known to all for long: only the order is another.
    const both = createKeyRing([firstSecret, secondSecret], () => 0)
    both.rotate([secondSecret, firstSecret])
    expect(opens(createKeyRing([secondSecret]), sealed(both))).toBe(true)
  })

  test('rotate again meanwhile keeps to what the others know', () => {
    let now = 0
    const rotated = createKeyRing([firstSecret], () => now)
    rotated.rotate([secondSecret, firstSecret])
    now = 60
    const third = new Secret('a third secret of the tests, with more than 32 bytes')
    rotated.rotate([third, secondSecret, firstSecret])
    expect(opens(createKeyRing([firstSecret]), sealed(rotated))).toBe(true)
    now = 180
    expect(opens(createKeyRing([third]), sealed(rotated))).toBe(true)
  })
})

describe('rotate, and a change of the list meanwhile', () => {
  const third = new Secret('a third secret of the tests, with more than 32 bytes')
  const opens = (secret: Secret, by: KeyRing) =>
    createKeyRing([secret]).openText(['x'], by.sealText(['x'], 'text')) === 'text'

  test('rotate does not cut the two minutes short because another secret comes or goes', () => {
    for (const next of [
      [secondSecret, firstSecret, third],
      [secondSecret, firstSecret],
    ]) {
      let now = 0
      const rotated = createKeyRing([firstSecret], () => now)
      rotated.rotate([secondSecret, third, firstSecret])
      now = 60
      rotated.rotate(next)
      expect([opens(firstSecret, rotated), opens(secondSecret, rotated)]).toEqual([true, false])
      now = 119
      expect(opens(firstSecret, rotated)).toBe(true)
      now = 120
      expect(opens(secondSecret, rotated)).toBe(true)
    }
  })

  test('rotate seals with another that all know where the one that sealed has gone', () => {
    let now = 0
    const rotated = createKeyRing([firstSecret, secondSecret], () => now)
    rotated.rotate([third, secondSecret])
    expect(opens(secondSecret, rotated)).toBe(true)
    now = 120
    expect(opens(third, rotated)).toBe(true)
  })
})

describe('what was sealed by earlier versions', () => {
  const known = createKeyRing([new Secret('a-secret-that-only-tests-know-0123456789')])
  const text =
    '{"tenant":"p","provider":"c","directoryId":"d","objectId":"o","authority":"https://login.microsoftonline.com/t","registration":"https://login.microsoftonline.com r","claims":{"name":"n","preferred_username":"u","sub":"s"},"groups":["g-4","h-4"],"appRoles":["r"],"directoryRoles":[],"graph":{},"sid":null,"authTime":null,"contexts":{},"startedAt":17,"checkedAt":17,"bond":"b","tokens":{"loginHint":"l","refreshToken":"r"}}'
  for (const [when, record, stub] of [
    [
      'before records had words in common',
      '1.7ShYocyj.gysDtmcZ0Jmrzm7s8tGa7FkhMbxirSQwYmciHUgvs6jambbkeImS-9a6FiRSrn0gGijbkad8naGxPUAOlTtBgAmW1LlsuKbZNuatiLyc_z6PkAkCWJK-4byiEW-1Kq_yxTGDclvohKA2UxHbqyaDsvvsIag8rZHKi3QBhwaMe1AAtMFDg81c71_UYzw3_dI1jkrR7YSec4bmATd0ffY4YPmRzbX8nfgrEOvhaGTGL6lXXhg47XT2rBIzkEquT0-qKJZl7m15ESFUEtKPApYV3oNT_JE6Fyj-2Am5M4PF56rFZllqjmaxhQMBnWrlDbhfLp6BnVUzzuBToBqLREhV6usHeCquFif6NE6FgiYSvA42-vW1',
      '1.7ShYocyj.qztSPM3-MvXgYASNfXjICUiMrg1ds2K1bxPefttgkVLs24NDkg',
    ],
    [
      'with the words that they have in common',
      '1.7ShYocyj.px3LheCK6GrHnMAv6BOsomNmEZixsJ2H8xMvUVuZEAiOrrbMB7HpUlcW0hToa2dWfQb_m0ueNjM-MH-6gIu4L8ZN9CUxSV3iNLxKd7iOpZsCe-hYtLNw7Mdx93Lfp0xWzA0lirs',
      '1.7ShYocyj.K1DElUoWMuE_MES9gDAzRQO7KzItewuP_RNpOD9DjCuN4ZqJ8w',
    ],
  ] as const) {
    test(`openRecord and openStub open what was sealed ${when}`, () => {
      expect(known.openRecord(address, record)).toBe(text)
      expect(known.openStub('key', stub)).toBe('["p","c"]')
    })
  }
})

describe('sealRecord and openRecord', () => {
  test('openRecord opens what sealRecord sealed, with any characters', () => {
    const text = JSON.stringify({ name: 'Ada Łovelace 🏰', long: 'x'.repeat(100_000) })
    expect(ring.openRecord(address, ring.sealRecord(address, text))).toBe(text)
  })

  for (const [what, change] of [
    ['another kind', { kind: 'tokens' }],
    ['another session', { id: 'BAAAAAAAAAAAAAAAAAAAAA' }],
    ['another tenant (T63)', { tenant: 'canteen' }],
    ['another version (T122)', { version: 2 }],
  ] as const) {
    test(`openRecord refuses a record of ${what}`, () => {
      const sealed = ring.sealRecord(address, 'text')
      expect(ring.openRecord({ ...address, ...change }, sealed)).toBeNull()
    })
  }

  test('openRecord refuses a shifted boundary between id and tenant, and between the parts of a context (T56)', () => {
    const sealed = ring.sealRecord({ ...address, tenant: 'ab' }, 'text')
    expect(ring.openRecord({ ...address, id: `${address.id}a`, tenant: 'b' }, sealed)).toBeNull()
    const text = ring.sealText(['ab', 'c'], 'text')
    expect(ring.openText(['a', 'bc'], text)).toBeNull()
    expect(ring.openText(['ab","c'], text)).toBeNull()
  })

  test('openRecord notices every changed, missing and added character', () => {
    const sealed = ring.sealRecord(address, 'a text to be changed')
    for (let at = 0; at < sealed.length; at++) {
      for (const other of ['A', 'B', '.', '=', ' ', '\n']) {
        if (sealed[at] === other) continue
        expect(ring.openRecord(address, sealed.slice(0, at) + other + sealed.slice(at + 1))).toBeNull()
      }
      expect(ring.openRecord(address, sealed.slice(0, at) + sealed.slice(at + 1))).toBeNull()
      expect(ring.openRecord(address, `${sealed.slice(0, at)}A${sealed.slice(at)}`)).toBeNull()
      expect(ring.openRecord(address, sealed.slice(0, at))).toBeNull()
    }
    expect(ring.openRecord(address, `${sealed}=`)).toBeNull()
  })

  test('openRecord notices a changed bit that base64 would hide', () => {
    // Text lengths of which the last character has spare bits.
    for (const length of [1, 2, 3, 4]) {
      const sealed = ring.sealText(['x'], 'x'.repeat(length))
      const last = sealed.slice(-1)
      for (const other of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
        if (other !== last) expect(ring.openText(['x'], sealed.slice(0, -1) + other)).toBeNull()
      }
    }
  })

  test('the first secret seals, all open: a rotation loses nothing', () => {
    const before = createKeyRing([firstSecret])
    const during = createKeyRing([secondSecret, firstSecret])
    const after = createKeyRing([secondSecret])
    const old = before.sealRecord(address, 'old')
    expect(during.openRecord(address, old)).toBe('old')
    expect(after.openRecord(address, old)).toBeNull()
    const fresh = during.sealRecord(address, 'fresh')
    expect(after.openRecord(address, fresh)).toBe('fresh')
    expect(before.openRecord(address, fresh)).toBeNull()
    expect(after.openText(['x'], during.sealText(['x'], 'text'))).toBe('text')
  })

  test('sealText never uses a nonce twice (T64)', () => {
    const nonces = new Set<string>()
    for (let n = 0; n < 20_000; n++) {
      const body = Buffer.from(ring.sealText(['x'], '').split('.')[2] ?? '', 'base64url')
      nonces.add(body.subarray(0, 12).toString('hex'))
    }
    expect(nonces.size).toBe(20_000)
  })

  test('sealText and sealRecord do not open for each other', () => {
    const context = [address.kind, storeKey(address.id), address.tenant]
    expect(ring.openText(context, ring.sealRecord(address, 'text'))).toBeNull()
    expect(ring.openRecord(address, ring.sealText(context, 'text'))).toBeNull()
  })
})

test('storeKey does not show the id', () => {
  expect(storeKey(address.id)).toMatch(/^[\w-]{43}$/)
  expect(storeKey(address.id)).not.toContain(address.id)
})
