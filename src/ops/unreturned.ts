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

/** @param longest how long a sign-in may take, in seconds. @param clock seconds since 1970. */
export function createUnreturned(longest: number, clock: () => number): Unreturned {
  /** Key: the tenant, then the minute. What is too old is dropped, so there are never more minutes than the window has and `longest`. */
  const tenants = new Map<string, Map<number, number>>()
  const minuteOf = (at: number) => Math.floor(at / 60)
  /** The last minute of which everything that will come back has done so. */
  const lastMinute = () => minuteOf(clock() - longest) - 1

  function add(tenant: string, at: number, change: 1 | -1): void {
    const minute = minuteOf(at)
    if (minute <= lastMinute() - windowMinutes) return
    const minutes = tenants.get(tenant) ?? new Map<number, number>()
    if (!minutes.has(minute)) dropOld(minutes)
    minutes.set(minute, (minutes.get(minute) ?? 0) + change)
    tenants.set(tenant, minutes)
  }

  function dropOld(minutes: Map<number, number>): void {
    for (const minute of minutes.keys()) if (minute <= lastMinute() - windowMinutes) minutes.delete(minute)
  }

  return {
    began: (tenant, at) => add(tenant, at, 1),
    returned: (tenant, at) => add(tenant, at, -1),
    read() {
      for (const [tenant, minutes] of tenants) {
        dropOld(minutes)
        if (minutes.size === 0) tenants.delete(tenant)
      }
      const last = lastMinute()
      return [...tenants].map(([tenant, minutes]) => {
        const counted = [...minutes].filter(([minute]) => minute <= last)
        return [tenant, counted.reduce((sum, [, count]) => sum + count, 0)] as const
      })
    },
  }
}
