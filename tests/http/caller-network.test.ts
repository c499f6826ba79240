import { describe, expect, test } from 'vitest'
import { networkOf } from '../../src/http/caller-network.ts'

describe('networkOf', () => {
  for (const [what, addresses] of [
    [
      'all addresses of one /64 of IPv6 for one caller',
      ['2001:db8:0:7::1', '2001:0DB8:0000:0007::', '2001:db8::7:1:2:3:4', '2001:DB8:0:7:a:b:1.2.3.4'],
    ],
    [
      'every spelling of an IPv4 address for that address (T17)',
      ['192.0.2.1', '::ffff:192.0.2.1', '::FFFF:c000:0201', '0:0:0:0:0:ffff:192.0.2.1', '64:ff9b::192.0.2.1'],
    ],
    ['every spelling of this machine for one caller', ['::1', '0:0:0:0:0:0:0:1', '::0001']],
    ['an address with a zone for the address', ['fe80::1%eth0', 'fe80::1%eth1', 'fe80::1']],
  ] as const) {
    test(`takes ${what}`, () => expect(new Set(addresses.map(networkOf)).size).toBe(1))
  }

  test('tells neighbours apart, and leaves what is no address as it is', () => {
    const apart = ['2001:db8:0:7::1', '2001:db8:0:8::1', '2001:db8:7::1', '2001:db8::7', '::1', '::2', '::', 'unknown']
    const versionFour = ['192.0.2.1', '192.0.2.2', '::ffff:192.0.2.3', '64:ff9b::192.0.2.4', '0.0.0.1']
    expect(new Set([...apart, ...versionFour].map(networkOf)).size).toBe(apart.length + versionFour.length)
    expect(networkOf('unknown')).toBe('unknown')
  })
})
