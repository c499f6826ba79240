/** What somebody who typed a name wrong most probably meant. */

/** The candidate that takes the fewest typing errors, or null where none is near (a third of the letters, at least one). */
export function nearest(typed: string, candidates: Iterable<string>): string | null {
  const wanted = fold(typed)
  if (wanted.length > longestName) return null
  let best: string | null = null
  let least = Math.max(1, Math.floor(wanted.length / 3)) + 1
  for (const candidate of candidates) {
    const known = fold(candidate)
    if (Math.abs(known.length - wanted.length) >= least) continue
    const distance = editDistance(wanted, known)
    if (distance < least) [best, least] = [candidate, distance]
  }
  return best
}

/** Nothing that has a name here has a much longer one, and the time grows with the square. */
const longestName = 63

/** Letter case and the choice of separator are not worth an error. */
function fold(name: string): string {
  return name.toLowerCase().replace(/[-_ .]/g, '')
}

/** Insertions, deletions, replacements and swapped neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const replaced = (last[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1)
      let cost = Math.min(replaced, (last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1)
      if (a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, (beforeLast[column - 2] ?? Number.POSITIVE_INFINITY) + 1)
      }
      current.push(cost)
    }
    ;[beforeLast, last] = [last, current]
  }
  return last[b.length] ?? 0
}
