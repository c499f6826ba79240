/** Counts what led to nothing, by caller: whoever tries things out at an endpoint that needs no sign-in is soon stopped. */

export interface Misses {
  /** Whether this caller has used up what is allowed within a minute. */
  tooMany(caller: string): boolean
  /** Something of this caller has led to nothing. */
  count(caller: string): void
}

const windowSeconds = 60
/** What leads to something is never counted, so that hundreds of people behind one address can sign out at once. */
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
    tooMany: (caller) => (current(caller)?.misses ?? 0) >= mostMisses,
    count(caller) {
      const found = current(caller)
      if (found !== undefined) {
        found.misses += 1
        return
      }
      callers.delete(caller)
      callers.set(caller, { since: clock(), misses: 1 })
      const [oldest] = callers.keys()
      if (callers.size > mostCallers && oldest !== undefined) callers.delete(oldest)
    },
  }
}
