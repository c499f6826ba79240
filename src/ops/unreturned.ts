/**
 * Counts the sign-ins that began and never came back: what Entra refuses on a page of its own, nobody else hears of.
 * By the minute in which they began, and nothing about anybody. A sign-in may come back to another gateway than the one that
 * began it, so a single one may even count less than none: only the sum over all of them says something.
 */

export interface Unreturned {
  /** @param at when it began, in seconds since 1970. */
  began(tenant: string, at: number): void
  /** @param at when it had begun. */
  returned(tenant: string, at: number): void
  /** By tenant: those of an hour, which ended as long ago as a sign-in may take. */
  read(): readonly (readonly [string, number])[]
}

const windowMinutes = 60

interface Minute {
  readonly minute: number
  readonly count: number
}

/** @param longest how long a sign-in may take, in seconds. @param clock seconds since 1970. */
export function createUnreturned(longest: number, clock: () => number): Unreturned {
  /** By tenant, a ring: a minute takes the place of one that has left the window. Two more, for clocks that differ. */
  const tenants = new Map<string, Minute[]>()
  const ringSize = windowMinutes + Math.ceil(longest / 60) + 3
  const minuteOf = (at: number) => Math.floor(at / 60)
  /** The last minute of which everything that will come back has done so. */
  const lastMinute = () => minuteOf(clock() - longest) - 1

  function add(tenant: string, at: number, change: 1 | -1): void {
    const minute = minuteOf(at)
    if (minute <= lastMinute() - windowMinutes) return
    const ring = tenants.get(tenant) ?? []
    const there = ring[minute % ringSize]
    ring[minute % ringSize] = { minute, count: (there?.minute === minute ? there.count : 0) + change }
    tenants.set(tenant, ring)
  }

  return {
    began: (tenant, at) => add(tenant, at, 1),
    returned: (tenant, at) => add(tenant, at, -1),
    read() {
      const last = lastMinute()
      const found: (readonly [string, number])[] = []
      for (const [tenant, ring] of tenants) {
        const recent = Object.values(ring).filter(({ minute }) => minute > last - windowMinutes)
        if (recent.length === 0) tenants.delete(tenant)
        else found.push([tenant, recent.reduce((sum, { minute, count }) => (minute <= last ? sum + count : sum), 0)])
      }
      return found
    },
  }
}
