/** Who calls: the socket's address, or what a trusted proxy in front says of it. */
import { BlockList, isIP } from 'node:net'

export interface Caller {
  readonly address: string
  /** X-Forwarded-For for the upstream. */
  readonly forwardedFor: string
}

export type CallerReader = (peer: string | undefined, forwardedFor: string | undefined) => Caller

/**
 * X-Forwarded-For is read from the right, hop by hop, as long as the hop is a trusted proxy: what stands left of the first
 * untrusted address was written by a caller and is dropped (T17, T18, T24). With no trusted proxies the header counts nothing.
 * @param trustedProxies addresses or CIDR blocks.
 */
export function createCallerReader(trustedProxies: readonly string[]): CallerReader {
  if (trustedProxies.length === 0) {
    return (peer) => {
      const address = plainAddress(peer)
      return { address, forwardedFor: address }
    }
  }
  const trusted = blockList(trustedProxies)
  const isTrusted = (address: string) => trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  return (peer, forwardedFor) => {
    const chain = [plainAddress(peer)]
    const claimed = (forwardedFor ?? '').split(',').map((each) => each.trim())
    while (isTrusted(chain[0] ?? '')) {
      const next = plainAddress(claimed.pop())
      if (next === unknown) break
      chain.unshift(next)
    }
    return { address: chain[0] ?? unknown, forwardedFor: chain.join(', ') }
  }
}

const unknown = 'unknown'

/** An address in the form that can be compared; `unknown` for what is none. */
function plainAddress(text: string | undefined): string {
  const address = text?.startsWith('::ffff:') ? text.slice(7) : (text ?? '')
  return isIP(address) === 0 ? unknown : address
}

function blockList(blocks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const block of blocks) {
    const [address = '', prefix] = block.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}
