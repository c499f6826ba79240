/** Notices an application that sends the same account for a code again and again, because it does not keep what it gets (50196). */

export interface LoopWatch {
  /** Counts a code for the sign-in; true when more than `limit` have been asked for within five minutes. Null is no limit. */
  isLoop(sessionId: string, limit: number | null): boolean
}

const stretch = 5 * 60

/** @param now seconds since 1970 */
export function createLoopWatch(now: () => number): LoopWatch {
  const issued = new Map<string, readonly number[]>()
  return {
    isLoop(sessionId, limit) {
      if (limit === null) return false
      const recent = [...(issued.get(sessionId) ?? []).filter((at) => now() - at < stretch), now()]
      issued.set(sessionId, recent)
      return recent.length > limit
    },
  }
}
