import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { boundCookies, withoutEffect } from '../../src/config/bound-cookie-names.ts'
import { readBoundCookie } from '../../src/config/values.ts'
import { knownSessionCookies } from '../../src/core/answer/known-cookies.ts'
import { linesOf, withTenant } from './written.ts'

test('boundCookies makes the known names of `known`, and keeps apart what is left out', () => {
  expect(boundCookies(['known', 'A*', '-JSESSIONID'])).toEqual({
    names: [...knownSessionCookies, 'A*'],
    except: ['JSESSIONID'],
  })
  expect(boundCookies([])).toEqual({ names: [], except: [] })
  // One object for all who have no wishes of their own.
  expect(boundCookies(['known'])).toBe(boundCookies(['known']))
})

test('knownSessionCookies all stand in the README', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  for (const name of knownSessionCookies) {
    expect(readme).toContain(`\`${name}\``)
    expect(readBoundCookie(name)).toEqual({ value: name })
  }
})

for (const [written, problem] of [
  ['', 'not the name of a cookie'],
  ['a b', 'not the name of a cookie'],
  ['a=b', 'not the name of a cookie'],
  ['A*B*C', 'not the name of a cookie'],
  ['*', 'nearly every cookie'],
  ['-*', 'nearly every cookie'],
  ['ab*', 'nearly every cookie'],
  ['__Host-sid', 'a cookie of the gateway'],
  ['XSRF-TOKEN', 'scripts read this cookie'],
  ['csrftoken', 'scripts read this cookie'],
] as const) {
  test(`readBoundCookie refuses ${written === '' ? 'nothing' : written}`, () => {
    expect(readBoundCookie(written)).toMatchObject({ problem: expect.stringContaining(problem) })
  })
}

test('withoutEffect finds what would not have been bound anyway', () => {
  expect(withoutEffect(['known', '-JSESSIONID', '-wordpress_*', '-jsessionid'])).toEqual([])
  expect(withoutEffect(['known', '-THEME', undefined, 'A*'])).toEqual([1])
  expect(withoutEffect(['MYID', '-JSESSIONID'])).toEqual([1])
})

test('check says what is left out for nothing, and where', () => {
  const upstream = { url: 'http://payroll.internal:8080', bindCookies: ['known', '-THEME'] }
  expect(linesOf(withTenant({ upstream })).join('\n')).toMatch(
    /tenants\[0\]\.upstream\.bindCookies\[1\].*leaving it out has no effect/,
  )
})
