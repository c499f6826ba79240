import { describe, expect, test } from 'vitest'
import { safeReturnTo } from '../../src/core/answer/return-to.ts'
import { honestReturns, hostileReturns } from '../corpus/returns.ts'

const origin = 'https://payroll.example'

describe('safeReturnTo', () => {
  for (const wanted of hostileReturns) {
    test(`refuses ${JSON.stringify(wanted.slice(0, 80))} (T34 to T39)`, () => {
      const result = safeReturnTo(wanted, origin)
      // Where it is not refused, a browser must end up on our own origin.
      if (result !== null) expect(new URL(result, origin).origin).toBe(origin)
      expect(result).toBeNull()
    })
  }
  for (const wanted of honestReturns) {
    test(`gives ${JSON.stringify(wanted.slice(0, 80))} back byte for byte (T38)`, () =>
      expect(safeReturnTo(wanted, origin)).toBe(wanted))
  }
  test('takes an absolute address of our own origin', () =>
    expect(safeReturnTo(`${origin}/a?b=c`, origin)).toBe('/a?b=c'))
  for (const own of ['/.auth/logout', '/.AUTH/logout', '/.auth', '/x/../.auth/logout', '/%2e/.auth/logout'])
    test(`never returns to our own endpoint ${own}`, () => expect(safeReturnTo(own, origin)).toBeNull())
  test('refuses more than 8 KB', () => expect(safeReturnTo(`/${'a'.repeat(8_192)}`, origin)).toBeNull())
})
