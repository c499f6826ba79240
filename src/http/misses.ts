/**
 * Counts what led to nothing, by caller: whoever tries things out at an endpoint that needs no sign-in is soon stopped.
 */
import { isIP } from 'node:net'

export interface Misses {
  /**
   * To be asked before anything is done. It counts as a miss until `hit` takes it back, so that many at once gain
   * nothing.
   * @returns false for a caller who has used up what is allowed within a minute.
   */
  allows(caller: string): boolean
  /** What was allowed has led to something. */
  hit(caller: string): void
}

const windowSeconds = 60
/** What leads to something is not counted, so that hundreds of people behind one address can sign out in a minute. */
const mostMisses = 120
/** The oldest goes first: a caller with many addresses costs no more memory than this. */
const mostCallers = 10_000

/** @param clock seconds since 1970. */
export function createMisses(clock: () => number): Misses {
  const callers = new Map<string, { readonly since: number; misses: number }>()

  function current(caller: string) {
    const found = callers.get(caller)
    const age = found === undefined ? windowSeconds : clock() - found.since
    return age >= 0 && age < windowSeconds ? found : undefined
  }

  return {
    allows(address) {
      const caller = networkOf(address)
      const found = current(caller)
      if (found !== undefined) {
        if (found.misses >= mostMisses) return false
        found.misses += 1
        return true
      }
      callers.delete(caller)
      callers.set(caller, { since: clock(), misses: 1 })
      const [oldest] = callers.keys()
      if (callers.size > mostCallers && oldest !== undefined) callers.delete(oldest)
      return true
    },
    hit(address) {
      const found = current(networkOf(address))
      if (found !== undefined) found.misses = Math.max(0, found.misses - 1)
    },
  }
}

/**
 * Of IPv6 the first 64 bits: whoever has one address there has 2^64 of them, and would be somebody else with each (RFC
 * 4291 section 2.5.4).
 */
function networkOf(address: string): string {
  if (isIP(address) !== 6) return address
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  // An IPv4 address at the end stands for two groups, which do not matter here but for their number.
  const count = before.length + after.length + (address.includes('.') ? 1 : 0)
  const gap = tail === undefined ? 0 : 8 - count
  const groups = [...before, ...Array.from({ length: gap }, () => '0'), ...after].slice(0, 4)
  const network = groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')
  // IPv4 in IPv6 clothes: each of these is somebody of their own.
  return network === '0:0:0:0' ? address : `${network}::/64`
}
