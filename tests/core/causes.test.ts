import { describe, expect, test } from 'vitest'
import { causeOfForeign, causeOfLoop } from '../../src/core/answer/causes.ts'
import { loginCookieName as login, sessionCookieName as sid } from '../../src/core/answer/cookies.ts'
import { facts } from './build.ts'

describe('causeOfForeign', () => {
  for (const [what, outcome, also, expected] of [
    ['a sign-in that took too long', 'expired', {}, 'too_late'],
    ['no cookie at all', 'foreign', {}, 'no_cookies'],
    ['cookies of the application alone', 'foreign', { headers: { cookie: 'JSESSIONID=1' } }, 'cookie_lost'],
    ['a cookie whose value has our name', 'foreign', { headers: { cookie: `a=${login}=x` } }, 'cookie_lost'],
    ['the cookie of another sign-in', 'foreign', { headers: { cookie: `${login}=x` } }, 'other_browser'],
    ['the same, in a frame', 'foreign', { kind: 'frame', headers: { cookie: `${login}=x` } }, 'other_browser'],
    ['our cookie twice', 'foreign', { headers: { cookie: `${login}=x; a=b; ${login}=y` } }, 'cookie_twice'],
    ['a frame without our cookie', 'foreign', { kind: 'frame', headers: { cookie: 'a=b' } }, 'framed'],
    ['plain http in front', 'foreign', { headers: { 'x-forwarded-proto': 'http' } }, 'plain_http'],
    ['plain http before https in front', 'foreign', { headers: { 'x-forwarded-proto': 'http, https' } }, 'plain_http'],
    ['https in front', 'foreign', { headers: { 'x-forwarded-proto': 'https' } }, 'no_cookies'],
    ['an answer that came twice', 'used', {}, null],
    ['what we did not write', 'unreadable', {}, null],
    ['a provider that has changed', 'moved', {}, null],
  ] as const) {
    test(`causeOfForeign takes ${what} for ${expected ?? 'nothing that it could tell'}`, () => {
      expect(causeOfForeign(outcome, facts(also))).toBe(expected)
    })
  }
})

describe('causeOfLoop', () => {
  for (const [what, cookie, expected] of [
    ['a session cookie that stands for nothing', `${login}=x; ${sid}=y`, 'session_lost'],
    ['two session cookies', `${sid}=x; ${sid}=y`, 'cookie_twice'],
    ['the cookie of the sign-in alone', `${login}=x`, 'cookie_lost'],
  ] as const) {
    test(`causeOfLoop takes ${what} for ${expected}`, () => {
      expect(causeOfLoop(facts({ headers: { cookie } }))).toBe(expected)
    })
  }
})
