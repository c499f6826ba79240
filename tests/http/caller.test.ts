import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCallerReader } from '../../src/http/caller.ts'
import { attack } from '../attacks/attack.ts'
import { until } from '../redis.ts'
import { type Seen, type Stage, startStage } from '../stage.ts'
import { bytesOf, openWire, speak } from './wire.ts'

describe('createCallerReader', () => {
  const trusted = ['10.0.0.0/8', '192.0.2.7', '2001:db8::/32']
  for (const [what, proxies, peer, stated, address, forwardedFor] of [
    ['takes the socket’s address where nobody is trusted (T20)', [], '10.0.0.1', '1.2.3.4', '10.0.0.1', '10.0.0.1'],
    ['hears nothing from an untrusted peer (T17)', trusted, '198.51.100.1', '1.2.3.4', '198.51.100.1', '198.51.100.1'],
    ['hears a trusted peer', trusted, '10.0.0.1', '1.2.3.4', '1.2.3.4', '1.2.3.4, 10.0.0.1'],
    [
      'walks from the right (T18)',
      trusted,
      '10.0.0.1',
      '10.9.9.9, 1.2.3.4, 192.0.2.7',
      '1.2.3.4',
      '1.2.3.4, 192.0.2.7, 10.0.0.1',
    ],
    [
      'drops what a caller prepended (T18, T24)',
      trusted,
      '10.0.0.1',
      '127.0.0.1, 1.2.3.4',
      '1.2.3.4',
      '1.2.3.4, 10.0.0.1',
    ],
    ['stops at what is no address (T19)', trusted, '10.0.0.1', '1.2.3.4, nonsense', '10.0.0.1', '10.0.0.1'],
    ['stops at an empty entry (T19)', trusted, '10.0.0.1', '1.2.3.4,,', '10.0.0.1', '10.0.0.1'],
    ['stops at an address with port (T19)', trusted, '10.0.0.1', '1.2.3.4:80', '10.0.0.1', '10.0.0.1'],
    ['stops at a leading zero (T19)', trusted, '10.0.0.1', '010.0.0.2', '10.0.0.1', '10.0.0.1'],
    [
      'goes to the left end of a chain of proxies',
      trusted,
      '10.0.0.1',
      '10.0.0.3, 10.0.0.2',
      '10.0.0.3',
      '10.0.0.3, 10.0.0.2, 10.0.0.1',
    ],
    ['compares mapped addresses', trusted, '::ffff:10.0.0.1', '::ffff:1.2.3.4', '1.2.3.4', '1.2.3.4, 10.0.0.1'],
    ['knows IPv6', trusted, '2001:db8::1', '2001:db9::1', '2001:db9::1', '2001:db9::1, 2001:db8::1'],
    ['knows no peer that has gone', trusted, undefined, '1.2.3.4', 'unknown', 'unknown'],
    ['knows no peer that has gone where nobody is trusted', [], undefined, '1.2.3.4', 'unknown', 'unknown'],
    [
      'takes an endless list in its stride (T88)',
      trusted,
      '10.0.0.1',
      '10.0.0.1,'.repeat(1_500),
      '10.0.0.1',
      '10.0.0.1',
    ],
  ] as const) {
    test(what, () => {
      expect(createCallerReader(proxies)(peer, stated)).toEqual({ address, forwardedFor })
    })
  }
})

describe('the gate behind a trusted proxy', () => {
  let stage: Stage

  beforeAll(async () => {
    stage = await startStage({ server: ', trustedProxies: [127.0.0.1]' })
  })
  afterAll(async () => await stage.close())

  async function seenWith(lines: readonly string[]): Promise<Seen> {
    const answer = await speak(stage.origin, bytesOf(stage.origin, 'GET /public', lines))
    return JSON.parse(answer?.body ?? '')
  }

  attack('T19', 'logs the address of the caller, and garbage never', async () => {
    await speak(stage.origin, bytesOf(stage.origin, 'GET /x', ['X-Forwarded-For: 198.51.100.77']))
    await speak(stage.origin, bytesOf(stage.origin, 'GET /x', ['X-Forwarded-For: <script>, {"a":1}']))
    const addresses = stage.log().map((line) => line.callerAddress)
    expect(addresses).toContain('198.51.100.77')
    expect(stage.logText()).not.toContain('<script>')
  })

  attack('T88', 'lives when callers reset their connections with a request on the way', async () => {
    const before = stage.upstream.seen.length
    for (let round = 0; round < 50; round += 1) {
      const wire = await openWire(stage.origin)
      wire.send(bytesOf(stage.origin, 'GET /public', ['X-Forwarded-For: 198.51.100.1']))
      wire.socket.resetAndDestroy()
    }
    expect((await seenWith([])).url).toBe('/public')
    await until('the connections to be gone', () => stage.upstream.seen.length > before)
  })
})
