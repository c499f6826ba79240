/** Work that nobody waits for, a few at a time, in the order in which it was wanted: a thousand tenants must not do it at once. */

export interface Turns<Subject> {
  /** Works on it when its turn comes; it has one turn at most at a time. */
  want(subject: Subject): void
  /** Takes it out, if its turn has not come yet. */
  drop(subject: Subject): void
  /** Takes out all others. */
  keepOnly(subjects: ReadonlySet<Subject>): void
}

/** @param work what is done in a turn; it sees to its own failures, which nobody looks at here. */
export function createTurns<Subject>(atOnce: number, work: (subject: Subject) => Promise<unknown>): Turns<Subject> {
  const waiting = new Set<Subject>()
  let busy = 0

  function workOff(): void {
    for (const subject of waiting) {
      if (busy >= atOnce) return
      waiting.delete(subject)
      busy += 1
      work(subject).then(done, done)
    }
  }

  function done(): void {
    busy -= 1
    workOff()
  }

  return {
    want(subject) {
      waiting.add(subject)
      workOff()
    },
    drop: (subject) => void waiting.delete(subject),
    keepOnly(subjects) {
      for (const subject of waiting) if (!subjects.has(subject)) waiting.delete(subject)
    },
  }
}
