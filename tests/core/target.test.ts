/** What is left of a path once the prefix of its route is taken off: to the letter, or nothing. */
import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { locate } from '../../src/core/request/locate.ts'
import { targetFor } from '../../src/core/request/target.ts'
import { facts, gateway, route, tenant, toUpstream, upstream } from './build.ts'

const api = toUpstream({ stripPrefix: '/api' })

for (const [name, target, expected] of [
  ['the prefix alone', '/api', '/'],
  ['the prefix with its slash', '/api/', '/'],
  ['a path below it', '/api/users/1', '/users/1'],
  ['a query directly after it', '/api?x=1', '/?x=1'],
  ['an empty query', '/api?', '/?'],
  ['a query that looks like a path', '/api?/admin', '/?/admin'],
  ['a query that holds anything', '/api/x?a=//b/../%2F%zz&c=/api/', '/x?a=//b/../%2F%zz&c=/api/'],
  ['the prefix twice, once', '/api/api/x', '/api/x'],
  ['escapes as they are', '/api/a%2Fb%20c;v=1/%C3%BC', '/a%2Fb%20c;v=1/%C3%BC'],
  ['empty segments further on', '/api/a//b', '/a//b'],
  ['a parameter in the first segment', '/api/;jsessionid=1', '/;jsessionid=1'],
  ['a name that merely begins like it', '/apiary', null],
  ['such a name with a path', '/apiary/x', null],
  ['another case', '/API/x', null],
  ['an encoded letter', '/%61pi/x', null],
  ['an encoded slash after it', '/api%2Fx', null],
  ['an encoded slash before it', '/%2Fapi/x', null],
  ['an encoded question mark after it', '/api%3Fx', null],
  ['a parameter directly after it', '/api;v=1/x', null],
  ['a blank directly after it', '/api%20/x', null],
  ['a dot directly after it', '/api./x', null],
  ['a doubled slash before it', '//api/x', null],
  ['a doubled slash after it: another host', '/api//evil.example/x', null],
  ['three slashes', '/api///evil.example', null],
  ['an encoded second slash: another host once decoded', '/api/%2Fevil.example', null],
  ['the same in small letters', '/api/%2fevil.example', null],
  ['a backslash', '/api/\\evil.example', null],
  ['an encoded backslash', '/api/%5Cevil.example', null],
  ['an empty segment that hides behind a parameter', '/api/;a=1/evil.example', null],
  ['an empty segment that hides behind a blank', '/api/%20/evil.example', null],
  ['an empty segment that hides behind dots', '/api/.../evil.example', null],
  ['an empty segment that hides behind a soft hyphen', '/api/%C2%AD/evil.example', null],
  ['a dot segment', '/api/../admin', null],
  ['an encoded dot segment', '/api/%2e%2e/admin', null],
  ['a dot segment behind a parameter', '/api/..;/admin', null],
  ['nothing of it', '/x', null],
  ['no path', '', null],
] as const) {
  test(`targetFor ${expected === null ? 'refuses' : 'takes the prefix off'} ${name}`, () => {
    assert.equal(targetFor(api, target), expected)
  })
}

for (const [name, stripPrefix, target, expected] of [
  ['outside of ASCII', '/b%C3%BCro', '/b%C3%BCro/x', '/x'],
  ['outside of ASCII, the escapes in small letters', '/b%C3%BCro', '/b%c3%bcro/x', null],
  ['outside of ASCII, in Latin-1', '/b%C3%BCro', '/b%FCro/x', null],
  ['of several segments', '/a/b', '/a/b/c', '/c'],
  ['of several segments, with another slash between', '/a/b', '/a//b/c', null],
  ['with a blank', '/my%20app', '/my%20app?x', '/?x'],
  ['with signs of patterns, which mean nothing', '/a.b+c(d)', '/a.b+c(d)/x', '/x'],
  ['with signs of patterns, met by something else', '/a.b', '/aXb/x', null],
] as const) {
  test(`targetFor takes a prefix ${name} to the letter`, () => {
    assert.equal(targetFor(toUpstream({ stripPrefix }), target), expected)
  })
}

test('targetFor leaves every byte where nothing is taken off', () => {
  for (const target of ['/api//x', '/%2F', '/a?b', '//x']) assert.equal(targetFor(toUpstream(), target), target)
  assert.equal(targetFor({ act: 'redirect', status: 302, location: '/' }, '/api//x'), '/api//x')
})

describe('targetFor, in the walk', () => {
  const other = { ...upstream, origin: 'http://other.internal' }
  const site = gateway(
    tenant({
      routes: [
        route('/api', 'public', { to: api }),
        route('/API', ['admin'], { to: toUpstream({ upstream: other, stripPrefix: '/API' }) }),
        route('/', 'signed-in', { to: toUpstream({ upstream: other }) }),
      ],
    }),
  )
  const at = (target: string) => locate(site, facts({ target }))

  for (const target of [
    '/api;v=1/x',
    '/api%2Fx',
    '/%2Fapi/x',
    '/api%20/x',
    '/api./x',
    '/api%3Fx',
    '/apiary',
    '/Api/x',
  ]) {
    test(`sends ${target} where its literal reading belongs, whole, for the strictest price`, () => {
      const located = at(target)
      if (located.at === 'refused') return assert.match(located.reason, /path_refused/)
      assert.ok(located.at === 'route')
      assert.equal(located.route.path, '/')
      assert.equal(located.target, target)
      assert.equal(located.requirement.level, 'signed-in')
    })
  }

  test('asks for what every spelling asks for, also where each has an upstream of its own', () => {
    const located = at('/api/x')
    assert.ok(located.at === 'route')
    assert.equal(located.target, '/x')
    assert.equal(located.requirement.level, 'signed-in')
    assert.deepEqual(located.requirement.everyOf, [['admin']])
  })

  test('refuses with a reason what cannot be taken off', () => {
    const located = at('/api//evil.example')
    assert.ok(located.at === 'refused')
    assert.equal(`${located.reason} ${located.detail}`, 'path_refused prefix')
  })
})
