/** Who counts as one caller: an IPv4 address, or a whole network of IPv6. */
import { isIPv6, SocketAddress } from 'node:net'

/**
 * Of IPv6 the first 64 bits: whoever has one address there has 2^64 of them, and would be somebody else with each (RFC
 * 4291 section 2.5.4). IPv4 in IPv6 clothes is the IPv4 address: mapped (RFC 4291 section 2.5.5.2), or as translators
 * write it (RFC 6052 section 2.1), where a single /64 would be everybody.
 * @returns a text that is the same for every spelling of an address; what is no address comes back as it is.
 */
export function networkOf(address: string): string {
  const plain = address.replace(/%.*$/, '')
  if (!isIPv6(plain)) return address
  const groups = groupsOf(new SocketAddress({ address: plain, family: 'ipv6' }).address)
  const [, , , , , , high = 0, low = 0] = groups
  const head = groups.slice(0, 6).join(':')
  if (head === mapped || head === translated) return [high >> 8, high & 255, low >> 8, low & 255].join('.')
  // Nobody is given a network here: each of these (`::1`) is somebody of their own.
  if (groups.slice(0, 4).every((group) => group === 0)) return groups.map((group) => group.toString(16)).join(':')
  const network = groups.slice(0, 4).map((group) => group.toString(16))
  return `${network.join(':')}::/64`
}

const mapped = [0, 0, 0, 0, 0, 0xffff].join(':')
const translated = [0x64, 0xff9b, 0, 0, 0, 0].join(':')

/** The eight numbers of an address in Node's spelling, which may end in IPv4. */
function groupsOf(address: string): readonly number[] {
  const [head = '', tail] = address.split('::')
  const before = numbersOf(head)
  const after = tail === undefined ? [] : numbersOf(tail)
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after]
}

function numbersOf(part: string): readonly number[] {
  return part.split(':').flatMap((group) => {
    if (group === '') return []
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
    return [a * 256 + b, c * 256 + d]
  })
}
