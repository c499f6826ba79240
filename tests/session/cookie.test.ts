import { describe, expect, test } from 'vitest'
import {
  bindingCookie,
  expiredCookies,
  findSessionCookie,
  newBinding,
  newSessionId,
  readBinding,
  sessionCookieAttributes,
  signedValue,
  verifySessionCookie,
  withoutDoublets,
} from '../../src/session/cookie.ts'
import { createKeyRing } from '../../src/session/seal.ts'
import { firstSecret, newCookie, ring, secondSecret } from './people.ts'

const { id, header } = newCookie()
const value = header.slice('__Host-sid='.length)

describe('findSessionCookie', () => {
  for (const [what, cookies, expected] of [
    ['finds the only cookie', header, value],
    ['finds it between others', `a=1; ${header}; b=2`, value],
    ['finds it where there are no blanks', `a=1;${header};b=2`, value],
    ['does without a header', undefined, null],
    ['does without cookies', '', null],
    ['ignores a cookie that is empty', '__Host-sid=', null],
    ['ignores names that end like ours', `x__Host-sid=${value}`, null],
    ['ignores names that begin like ours', `__Host-sid_0=${value}; __Host-sid2=x`, null],
    ['ignores our name in the value of another cookie', `a=__Host-sid=${value}`, null],
    ['ignores our name in lower case', `__host-sid=${value}`, null],
    ['takes none of two (T78)', `${header}; ${header}`, null],
    ['takes none of two different ones (T78)', `__Host-sid=planted; ${header}`, null],
    ['takes none of two with blanks before the sign (T78)', `__Host-sid =planted; ${header}`, null],
    ['takes none if one of two is empty (T78)', `__Host-sid=; ${header}`, null],
    ['refuses a value that is too long for ours', `__Host-sid=${'x'.repeat(90)}`, null],
    ['ignores the numbered parts of another scheme (T77)', `__Host-sid_1=a; __Host-sid_99=b; ${header}`, value],
  ] as const) {
    test(`findSessionCookie ${what}`, () => expect(findSessionCookie(cookies)).toBe(expected))
  }

  test('findSessionCookie takes hostile headers of 64 KB in its stride (T88)', () => {
    const began = performance.now()
    for (const part of ['; ', '__Host-sid', '__Host-sid ', ' ', '=', '__Host-sid=a']) {
      expect(findSessionCookie(part.repeat((64 * 1024) / part.length))).toBeNull()
    }
    expect(performance.now() - began).toBeLessThan(500)
  })
})

describe('verifySessionCookie', () => {
  test('verifySessionCookie gives the id that we signed', () => {
    expect(verifySessionCookie(value, ring.cookieKeys)).toBe(id)
  })

  test('verifySessionCookie refuses every changed, missing and added character', () => {
    for (let at = 0; at < value.length; at++) {
      for (const other of ['A', 'B', '%', '.']) {
        if (value[at] === other) continue
        expect(verifySessionCookie(value.slice(0, at) + other + value.slice(at + 1), ring.cookieKeys)).toBeNull()
      }
      expect(verifySessionCookie(value.slice(0, at), ring.cookieKeys)).toBeNull()
      expect(verifySessionCookie(`${value.slice(0, at)}A${value.slice(at)}`, ring.cookieKeys)).toBeNull()
    }
  })

  test('verifySessionCookie refuses other spellings of the same cookie', () => {
    expect(verifySessionCookie(decodeURIComponent(value), ring.cookieKeys)).toBeNull()
    expect(verifySessionCookie(`"${value}"`, ring.cookieKeys)).toBeNull()
    expect(verifySessionCookie(value.replace('%3A', '%3a'), ring.cookieKeys)).toBeNull()
  })

  test('verifySessionCookie refuses what is not a cookie of ours at all', () => {
    for (const text of ['', 's%3A', 's%3A.', 'ł'.repeat(40), `s%3A${id}.`, id]) {
      expect(verifySessionCookie(text, ring.cookieKeys)).toBeNull()
    }
  })

  test('verifySessionCookie accepts every secret of the ring and no other', () => {
    const rotated = createKeyRing([secondSecret, firstSecret])
    expect(verifySessionCookie(value, rotated.cookieKeys)).toBe(id)
    expect(verifySessionCookie(value, createKeyRing([secondSecret]).cookieKeys)).toBeNull()
  })
})

test('newSessionId makes ids that differ, and cookies of at most 100 bytes', () => {
  const ids = Array.from({ length: 20_000 }, () => newSessionId(ring.cookieKeys))
  expect(new Set(ids).size).toBe(20_000)
  for (const each of ids) {
    expect(each).toMatch(/^[\w-]{22}$/)
    expect(`__Host-sid=${signedValue(each, ring.cookieKeys[0] ?? '')}`.length).toBeLessThanOrEqual(100)
  }
})

test('expiredCookies takes session and binding away with the attributes they were set with (T70)', () => {
  const rest = '=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax'
  expect(expiredCookies(false)).toEqual([`__Host-sid${rest}`, `__Host-login${rest}`, `__Host-form${rest}`])
})

test('the cookies of an embeddable tenant are partitioned, and taken away in the same way (T70)', () => {
  expect(sessionCookieAttributes(true)).toEqual({
    ...{ path: '/', httpOnly: true, secure: true, sameSite: 'none', partitioned: true },
  })
  expect(sessionCookieAttributes(false)).toEqual({ path: '/', httpOnly: true, secure: true, sameSite: 'lax' })
  for (const each of expiredCookies(true)) expect(each).toMatch(/; HttpOnly; Secure; SameSite=None; Partitioned$/)
  expect(bindingCookie('x', true)).toMatch(/; HttpOnly; Secure; SameSite=None; Partitioned$/)
})

test('withoutDoublets takes away only what is there twice, in both forms (T78)', () => {
  expect(withoutDoublets(undefined)).toEqual([])
  expect(withoutDoublets('__Host-sid=a; __Host-login=b; x=__Host-sid=c; __Host-sidecar=d')).toEqual([])
  expect(withoutDoublets('a=b; __Host-sid=a;__Host-sid=a; __Host-login=b')).toEqual([
    expiredCookies(false)[0],
    expiredCookies(true)[0],
  ])
})

describe('the binding cookie', () => {
  const binding = newBinding()

  test('readBinding reads what bindingCookie set', () => {
    const [pair = ''] = bindingCookie(binding).split(';')
    expect(readBinding(`a=1; ${pair}`)).toBe(binding)
    expect(bindingCookie(binding)).toBe(`__Host-login=${binding}; Max-Age=3600; Path=/; HttpOnly; Secure; SameSite=Lax`)
  })

  for (const [what, cookies] of [
    ['none', undefined],
    ['two (T78)', `__Host-login=${binding}; __Host-login=${newBinding()}`],
    ['one that is too short', '__Host-login=abc'],
    ['one with other characters', `__Host-login=${'é'.repeat(22)}`],
    ['one that is too long', `__Host-login=${'a'.repeat(5000)}`],
  ] as const) {
    test(`readBinding takes ${what} for none`, () => expect(readBinding(cookies)).toBeNull())
  }
})
