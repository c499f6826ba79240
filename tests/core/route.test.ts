import { describe, expect, test } from 'vitest'
import type { Route } from '../../src/core/gateway.ts'
import { readPath } from '../../src/core/request/path.ts'
import { findRoute } from '../../src/core/request/route.ts'
import { disguisedAdmin } from '../corpus/paths.ts'
import { route, tenant } from './build.ts'

function find(routes: readonly Route[], raw: string, method = 'GET') {
  const read = readPath(raw)
  if ('refused' in read) return 'path_refused'
  const found = findRoute(tenant({ routes }), method, read.readings)
  if ('refused' in found) return found.refused
  return found.requirement.everyOf.length > 0 ? JSON.stringify(found.requirement.everyOf) : found.requirement.level
}

const usual = [route('/public', 'public'), route('/admin', ['admin']), route('/', 'signed-in')]

describe('findRoute', () => {
  for (const [name, raw, expected] of [
    ['takes the longest prefix', '/public/x.css', 'public'],
    ['ends prefixes at a segment (T12)', '/publicity', 'signed-in'],
    ['ends prefixes at a segment, also before a dot', '/public.html', 'signed-in'],
    ['does not open a path by folding its case (T13)', '/PUBLIC/x', 'signed-in'],
    ['closes a path by folding its case (T13)', '/ADMIN', '[["admin"]]'],
    ['takes the root for what nothing else covers', '/other', 'signed-in'],
  ] as const) {
    test(name, () => expect(find(usual, raw)).toBe(expected))
  }

  for (const raw of disguisedAdmin) {
    test(`asks for what /admin asks, or refuses, for ${JSON.stringify(raw)} (T1)`, () => {
      expect(['[["admin"]]', 'path_refused']).toContain(find(usual, raw))
    })
  }

  test('is closed where no route covers the path', () =>
    expect(find([route('/a', 'public')], '/b')).toBe('route_unknown'))

  test('asks for everything that any reading asks', () => {
    const routes = [route('/a', ['x']), route('/a/b', ['y']), route('/', 'public')]
    expect(find(routes, '/a%2Fb')).toBe('[["y"]]')
    expect(find(routes, '/a;/b')).toBe('[["y"]]')
    expect(find([route('/a%', ['x']), route('/', 'public')], '/b')).toBe('public')
    const crossing = [route('/a;b', ['x'], {}), route('/a', ['y']), route('/', 'public')]
    expect(find(crossing, '/a;b')).toBe('[["x"],["y"]]')
  })

  test('is case-sensitive for opening even when the route itself is written in capitals', () => {
    const routes = [route('/Admin', ['admin']), route('/', 'signed-in')]
    expect(find(routes, '/Admin')).toBe('[["admin"]]')
    expect(find(routes, '/admin')).toBe('[["admin"]]')
  })

  test('does not let an exact public route be widened by a trailing slash', () => {
    const routes = [route('/health', 'public', { exact: true }), route('/', 'signed-in')]
    expect(find(routes, '/health')).toBe('public')
    expect(find(routes, '/health/')).toBe('signed-in')
    expect(find(routes, '/health/x')).toBe('signed-in')
  })

  test('chooses by method among routes of one path, and refuses the others (T11)', () => {
    const routes = [
      route('/items', 'public', { methods: ['GET'] }),
      route('/items', ['admin'], { methods: ['POST'] }),
      route('/', 'signed-in'),
    ]
    expect(find(routes, '/items', 'GET')).toBe('public')
    expect(find(routes, '/items', 'HEAD')).toBe('public')
    expect(find(routes, '/items', 'POST')).toBe('[["admin"]]')
    expect(find(routes, '/items', 'DELETE')).toBe('method_refused')
    expect(find(routes, '/items', 'OPTIONS')).toBe('method_refused')
  })

  test('redirects to the sign-in, and lets preflights pass, only where every reading says so', () => {
    const strict = { onUnauthenticated: '401', preflight: 'judge' } as const
    const open = { onUnauthenticated: 'auto', preflight: 'forward' } as const
    const routes = [route('/a', ['x'], strict), route('/', 'signed-in', open)]
    const asked = (...paths: [string, ...string[]]) => {
      const found = findRoute(tenant({ routes }), 'GET', paths as unknown as Parameters<typeof findRoute>[2])
      return 'requirement' in found ? [found.requirement.redirects, found.requirement.forwardsPreflights] : null
    }
    expect(asked('/b')).toEqual([true, true])
    expect(asked('/a')).toEqual([false, false])
    expect(asked('/b', '/a')).toEqual([false, false])
    expect(asked('/A')).toEqual([false, false])
  })
})

describe('findRoute and what has to be proved', () => {
  const mfa = (withinSeconds: number) => ({ authContext: 'mfa', authContextSeconds: withinSeconds })
  const routes = [
    route('/pay', 'signed-in', mfa(600)),
    route('/PAY', 'signed-in', { ...mfa(300), maxAgeSeconds: 900 }),
    route('/pay/boss', 'signed-in', { authContext: 'boss', authContextSeconds: 60, maxAgeSeconds: 120 }),
    route('/x', 'optional'),
    route('/', 'signed-in'),
  ]
  const proof = (raw: string) => {
    const read = readPath(raw)
    const found = 'refused' in read ? read : findRoute(tenant({ routes }), 'GET', read.readings)
    if (!('requirement' in found)) return found.refused
    const { contexts, maxAgeSeconds } = found.requirement
    return [contexts.map(({ name, withinSeconds }) => `${name} ${withinSeconds}`).join(), maxAgeSeconds]
  }

  for (const [name, raw, expected] of [
    ['asks for nothing where no route does', '/other', ['', null]],
    ['asks for each context once, with the shortest age, over all readings', '/pay', ['mfa 300', 900]],
    ['does not lose one by a parameter of the path (T4)', '/pay;x/boss', ['boss 60', 120]],
    ['does not lose one by folding the case (T13)', '/Pay/Boss', ['boss 60', 120]],
    ['does not lose one by an escaped slash (T2)', '/x%2Fpay', ['', null]],
    ['asks for all contexts of all readings, and the shortest age (T3)', '/pay//boss', ['mfa 300,boss 60', 120]],
  ] as const) {
    test(name, () => {
      const found = proof(raw)
      expect([found].flat().map((each) => (typeof each === 'string' ? each.split(',').sort().join() : each))).toEqual(
        expected.map((each) => (typeof each === 'string' ? each.split(',').sort().join() : each)),
      )
    })
  }
})
