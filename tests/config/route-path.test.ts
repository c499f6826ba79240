import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'vitest'
import { readRoutePath } from '../../src/config/route-path.ts'

test('readRoutePath gives the path without its trailing slash, and whether there was one', () => {
  for (const [text, path, trailingSlash] of [
    ['/', '/', false],
    ['/admin', '/admin', false],
    ['/admin/', '/admin', true],
    ['/a b/ä.html', '/a b/ä.html', false],
    ['/.well-known/x', '/.well-known/x', false],
    ['/.authors', '/.authors', false],
    ['/x/.auth', '/x/.auth', false],
  ] as const) {
    assert.deepEqual(readRoutePath(text), { value: { path, trailingSlash } })
  }
})

for (const [name, paths, because] of [
  ['what does not begin with a slash', ['', 'admin', ' /admin', '^/admin$', '*'], /begins with a slash/],
  ['T1 dot segments', ['/.', '/..', '/a/../b', '/a/./b', '/a/..', '/../'], /dot segments/],
  ['T2 escapes', ['/a%2fb', '/%2e', '/100%'], /decoded/],
  ['T3 empty segments', ['//', '//a', '/a//b', '/a//'], /empty segment/],
  ['T4 path parameters', ['/a;b', '/;'], /semicolon/],
  ['T5 backslashes', ['/a\\b', '\\', '/\\'], /backslash|slash/],
  ['T6 T7 query and fragment', ['/a?b', '/a#b'], /query or fragment/],
  [
    'T8 control and invisible characters',
    ['/a\u0000', '/a\n', '/a\u007f', '/a\u200b', '/\ud800', '/\ue000'],
    /control/,
  ],
  ['T12 patterns', ['/admin/*', '/a*'], /everything below/],
  ['characters that no request has', ['/a{b}', '/a|b', '/<a>', '/"', '/a`', '/a^b'], /no request/],
  [
    'T13 dots and blanks at the end of a segment',
    ['/a.', '/a /b', '/a./', '/a.../b', '/a '],
    /ends with a dot or a blank/,
  ],
  ['our own prefix', ['/.auth', '/.auth/', '/.auth/login', '/.AUTH/x'], /belongs to the gateway/],
] as const) {
  test(`readRoutePath refuses ${name}`, () => {
    for (const path of paths) {
      const found = readRoutePath(path)
      assert('problem' in found, path)
      assert.match(found.problem, because, path)
    }
  })
}

test('readRoutePath takes only paths that a URL parser leaves as they are', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('/', '.', 'a', '\\', '%', '2', 'e', '?', '#', ';', ' ', 'B') }),
      (text) => {
        const found = readRoutePath(text)
        if ('problem' in found) return
        const parsed = decodeURI(new URL(`http://a${text}`).pathname)
        assert.equal(parsed, text)
      },
    ),
    { numRuns: 2_000 },
  )
})
