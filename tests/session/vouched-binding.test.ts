import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { bindingCookie, newBinding, readBinding } from '../../src/session/cookie.ts'
import { createKeyRing } from '../../src/session/seal.ts'
import { createVouchedBindings, vouchedSeconds } from '../../src/session/vouched-binding.ts'

const old = new Secret('an-old-session-secret-0123456789abcdef')
const fresh = new Secret('a-fresh-session-secret-0123456789abcd')
const binding = newBinding()
const header = (value: string) => `a=1; __Host-login=${value}`

function ours(secrets = [fresh], at = 1_000_000) {
  let now = at
  const forward = (seconds: number) => {
    now += seconds
  }
  return { ...createVouchedBindings(createKeyRing(secrets), () => now), forward }
}

test('find knows what vouch has written, in the cookie that is set, for an hour', () => {
  const bindings = ours()
  const [pair = ''] = bindingCookie(bindings.vouch(binding, undefined)).split(';')
  expect(bindings.find(`a=1; ${pair}`)).toBe(binding)
  expect(readBinding(pair)).toBe(binding)
  expect(pair.length).toBeLessThan(100)
  bindings.forward(vouchedSeconds - 1)
  expect(bindings.find(pair)).toBe(binding)
  bindings.forward(1)
  expect(bindings.find(pair)).toBeNull()
  expect(readBinding(pair)).toBe(binding)
})

test('vouch does not prolong: who collects bindings has to begin again with each', () => {
  const bindings = ours()
  const first = bindings.vouch(binding, undefined)
  bindings.forward(vouchedSeconds - 1)
  expect(bindings.vouch(binding, header(first))).toBe(first)
  bindings.forward(1)
  const second = bindings.vouch(binding, header(first))
  expect(second).not.toBe(first)
  expect(bindings.find(header(second))).toBe(binding)
})

test('find knows what any secret of the ring has vouched for, and no other', () => {
  const value = ours([old]).vouch(binding, undefined)
  expect(ours([fresh, old]).find(header(value))).toBe(binding)
  expect(ours([fresh]).find(header(value))).toBeNull()
})

describe('find vouches for nothing that is', () => {
  const value = ours().vouch(binding, undefined)
  const [, stamp = '', proof = ''] = value.split('.')
  for (const [what, cookies] of [
    ['missing', undefined],
    ['not vouched for', header(binding)],
    ['of another binding', header(`${newBinding()}.${stamp}.${proof}`)],
    ['of another time', header(`${binding}.${(1_000_001).toString(36)}.${proof}`)],
    ['of a time to come', header(ours([fresh], 1_000_100).vouch(binding, undefined))],
    ['without a time', header(`${binding}..${proof}`)],
    ['cut', header(value.slice(0, -1))],
    ['there twice (T78)', `${header(value)}; ${header(value)}`],
  ] as const) {
    test(what, () => expect(ours().find(cookies)).toBeNull())
  }

  test('changed in any character', () => {
    for (let at = 0; at < value.length; at++) {
      const other = value[at] === 'a' ? 'b' : 'a'
      expect(ours().find(header(value.slice(0, at) + other + value.slice(at + 1))), String(at)).toBeNull()
    }
  })
})
