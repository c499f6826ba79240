/** Counts what led to nothing, by caller: whoever tries things out at an endpoint that needs no sign-in is soon stopped. */

export interface Misses {
  /**
   * To be asked before anything is done. It counts as a miss until `hit` takes it back, so that many at once gain nothing.
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
    allows(caller) {
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
    hit(caller) {
      const found = current(caller)
      if (found !== undefined) found.misses = Math.max(0, found.misses - 1)
    },
  }
}
