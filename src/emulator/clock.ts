/** The time of the pretend directories: that of the machine, or of a test, which can be moved forward. */

export interface Clock {
  /** Seconds since 1970. */
  readonly now: () => number
  /** Lets so many seconds pass at once. */
  forward(seconds: number): void
}

/** @param base seconds since 1970 */
export function createClock(base: () => number): Clock {
  let ahead = 0
  return {
    now: () => base() + ahead,
    forward(seconds) {
      ahead += seconds
    },
  }
}
