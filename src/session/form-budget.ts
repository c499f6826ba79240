/**
 * How much may be kept of forms whose senders have to sign in first: in all, by caller and by browser. Whoever forges
 * what a browser says of itself fills no store and no memory, and takes the place of few others (T95).
 */

export interface FormBudget {
  /**
   * Makes room before anything is read.
   * @param caller whoever must not take more than a quarter: an address, or a network of many.
   * @returns null where there is no room.
   */
  reserve(caller: string, browser: string, bytes: number): Reservation | null
  /** What was kept by this name is there for this much longer; of any other, nothing. */
  prolong(name: string, seconds: number): void
  /** Gives the room back of what was kept by this name; of any other, nothing. */
  free(name: string): void
}

export interface Reservation {
  /** From now on it takes this much room, for this long. */
  keep(name: string, bytes: number, seconds: number): void
  /** Gives the room back, unless something is kept in it. */
  free(): void
}

interface Place {
  readonly caller: string
  readonly browser: string
  name: string
  bytes: number
  until: number
}

/** What else the store needs for one. */
const overhead = 4_096
/** People have more than one window; programs can have as many browsers as they like, and one address. */
const mostPerBrowser = 12
const callersShare = 4

/**
 * @param mostBytes in all, as it is now.
 * @param clock seconds since 1970.
 */
export function createFormBudget(mostBytes: () => number, clock: () => number): FormBudget {
  const places = new Set<Place>()
  const callers = new Map<string, number>()
  const browsers = new Map<string, number>()
  const byName = new Map<string, Place>()
  let total = 0
  let sweptAt = Number.NEGATIVE_INFINITY

  function count({ caller, browser }: Place, bytes: number, forms: number): void {
    total += bytes
    add(callers, caller, bytes)
    add(browsers, browser, forms)
  }

  function free(place: Place): void {
    if (!places.delete(place)) return
    byName.delete(place.name)
    count(place, -place.bytes, -1)
  }

  function sweep(): void {
    const now = clock()
    // Whoever knocks at a full house makes no more work than this.
    if (Math.abs(now - sweptAt) < 1) return
    sweptAt = now
    for (const place of places) if (now >= place.until) free(place)
  }

  function hasRoom(caller: string, browser: string, bytes: number): boolean {
    const most = mostBytes()
    if (total + bytes > most || (callers.get(caller) ?? 0) + bytes > most / callersShare) return false
    return (browsers.get(browser) ?? 0) < mostPerBrowser
  }

  return {
    reserve(caller, browser, bytes) {
      const wanted = bytes + overhead
      if (!hasRoom(caller, browser, wanted)) sweep()
      if (!hasRoom(caller, browser, wanted)) return null
      const place: Place = { caller, browser, name: '', bytes: wanted, until: Number.POSITIVE_INFINITY }
      places.add(place)
      count(place, wanted, 1)
      return {
        keep(name, kept, seconds) {
          if (!places.has(place)) return
          byName.set(name, place)
          place.name = name
          count(place, kept + overhead - place.bytes, 0)
          place.bytes = kept + overhead
          place.until = clock() + seconds
        },
        free() {
          if (place.name === '') free(place)
        },
      }
    },
    prolong(name, seconds) {
      const place = byName.get(name)
      if (place !== undefined) place.until = clock() + seconds
    },
    free(name) {
      const place = byName.get(name)
      if (place !== undefined) free(place)
    },
  }
}

function add(map: Map<string, number>, key: string, by: number): void {
  const now = (map.get(key) ?? 0) + by
  if (now <= 0) map.delete(key)
  else map.set(key, now)
}
