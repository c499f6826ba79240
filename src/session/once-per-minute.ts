/** At most once a minute: what keeps a line that anybody can cause from filling the log. */

/**
 * Returns a function that runs `write` at most once a minute per name; the names are ours and few.
 * @param clock seconds since 1970.
 */
export function oncePerMinute(clock: () => number): (name: string, write: () => void) => void {
  const writtenAt = new Map<string, number>()
  return (name, write) => {
    const now = clock()
    if (now < (writtenAt.get(name) ?? Number.NEGATIVE_INFINITY) + 60) return
    writtenAt.set(name, now)
    write()
  }
}
