/** Signs of life on their way to the disk: many are written at once, and meanwhile they count as if they were there. */

/** Until when a session lives, in seconds since 1970. */
type Touch = readonly [key: string, expiresAt: number]

export interface Touches {
  add(key: string, expiresAt: number): void
  forget(key: string): void
  /** What has not been written yet of this session. */
  of(key: string): number | undefined
  /**
   * Hands what has come since the last time to `write`, at once. What it cannot write now is tried again with the next.
   */
  flush(write: (touches: readonly Touch[]) => Promise<unknown>): Promise<void>
}

export function createTouches(): Touches {
  const pending = new Map<string, number>()
  const unsent = new Set<string>()

  return {
    add(key, expiresAt) {
      pending.set(key, expiresAt)
      unsent.add(key)
    },
    forget(key) {
      pending.delete(key)
      unsent.delete(key)
    },
    of: (key) => pending.get(key),
    async flush(write) {
      if (unsent.size === 0) return
      const touches = [...unsent].map((key): Touch => [key, pending.get(key) ?? 0])
      unsent.clear()
      try {
        await write(touches)
        for (const [key, expiresAt] of touches)
          if (pending.get(key) === expiresAt && !unsent.has(key)) pending.delete(key)
      } catch {
        for (const [key] of touches) if (pending.has(key)) unsent.add(key)
      }
    },
  }
}
