import { describe, expect, test } from 'vitest'
import { finishHeaders } from '../../src/core/answer/headers.ts'
import { hopsAfter, hopsName } from '../../src/core/answer/hops.ts'
import { locate } from '../../src/core/request/locate.ts'
import { facts, gateway, route, session, tenant, toUpstream } from './build.ts'

describe('hopsAfter', () => {
  for (const [before, after] of [
    [undefined, '1'],
    ['1', '2'],
    ['3', '4'],
    ['4', null],
    ['9', null],
    ['10', null],
    ['0', null],
    ['-1', null],
    ['1, 1', null],
    ['', null],
    ['x', null],
  ] as const) {
    test(`makes ${after} of ${before} (T88)`, () => expect(hopsAfter({ [hopsName]: before })).toBe(after))
  }
})

describe('a request that was led back to us', () => {
  test('is refused by locate when it has been round too often, as a request and as an upgrade (T88)', () => {
    for (const kind of ['data', 'upgrade'] as const) {
      const located = locate(gateway(tenant()), facts({ kind, headers: { [hopsName]: '4' } }))
      expect(located).toMatchObject({ at: 'refused', reason: 'request_malformed', detail: 'led-back-to-us' })
      expect(locate(gateway(tenant()), facts({ kind, headers: { [hopsName]: '3' } })).at).toBe('route')
    }
  })

  test('is counted on by finishHeaders, whatever the configuration has the header say (T88)', () => {
    const entries = [{ name: 'X-Sallyport-Hops', parts: [{ text: '1' }] }]
    const to = toUpstream({ headers: { entries, encoding: 'utf8', accessToken: null } })
    const at = tenant({ routes: [route('/', 'signed-in', { to })] })
    const person = { session: session(), roles: { roles: [], matched: [], admitted: true } }
    for (const who of [null, person]) {
      const finished = finishHeaders(facts({ headers: { [hopsName]: '2' } }), { tenant: at, to }, who, 'request-1')
      expect(finished[hopsName]).toBe('3')
    }
  })
})
