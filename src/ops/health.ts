/** Whether the gateway can serve, with detail. A provider, a store or a tenant in trouble does not take it out of service. */

export interface Health {
  /**
   * Readiness waits for this at the start, for ten seconds at most: a replica that takes requests a moment before its store
   * answers would refuse people whom the others know. Later it does not matter any more.
   */
  awaits(isThere: () => boolean): void
  /** From now on readiness is off; it does not come back. */
  drain(): void
  /** A part that reports on itself when asked: a word, or a few facts. */
  part(name: string, state: () => unknown): void
  report(): { readonly ready: boolean; readonly detail: Readonly<Record<string, unknown>> }
}

const longestWait = 10_000

/** @param now milliseconds of a clock that only goes forward. */
export function createHealth(now: () => number = () => performance.now()): Health {
  const begunAt = now()
  let missing: (() => boolean) | null = null
  const parts = new Map<string, () => unknown>()
  let draining = false
  function hasStarted(): boolean {
    if (missing?.() === false || now() - begunAt > longestWait) missing = null
    return missing === null
  }

  return {
    awaits(isThere) {
      missing = () => !isThere()
    },
    drain: () => {
      draining = true
    },
    part: (name, state) => {
      parts.set(name, state)
    },
    report() {
      const detail = Object.fromEntries([...parts].map(([name, state]) => [name, state()]))
      const started = hasStarted()
      const gateway = draining ? 'draining' : started ? 'serving' : 'starting'
      return { ready: started && !draining, detail: { ...detail, gateway } }
    },
  }
}
