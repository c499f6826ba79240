/**
 * Addresses at which a machine hands out its own credentials, and link-local ones: no application has them, and whoever may
 * write a tenant must not get there through us (T125).
 */
import { BlockList, isIP } from 'node:net'

const metadata = new BlockList()
metadata.addSubnet('169.254.0.0', 16, 'ipv4')
metadata.addSubnet('fe80::', 10, 'ipv6')
metadata.addAddress('fd00:ec2::254', 'ipv6')
metadata.addAddress('100.100.100.200', 'ipv4')
// Azure's, which hands out the certificates of the machine.
metadata.addAddress('168.63.129.16', 'ipv4')
metadata.addAddress('192.0.0.192', 'ipv4')
// The IPv4 block as NAT64 spells it (RFC 6052).
metadata.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6')

const names: ReadonlySet<string> = new Set(['metadata', 'metadata.google.internal', 'metadata.goog'])

/** @param host a name, or an address without brackets; an address may name a zone (`fe80::1%eth0`). */
export function isMetadataHost(host: string): boolean {
  if (names.has(host)) return true
  const address = host.replace(/%.*$/, '')
  const family = isIP(address)
  // BlockList looks through ::ffff:a.b.c.d by itself.
  return family !== 0 && metadata.check(address, family === 4 ? 'ipv4' : 'ipv6')
}
