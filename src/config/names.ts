/** Names that must be known, and names that must be unique. */
import type { Finding, Path } from './issues.ts'

/** A name that stands for nothing. Raises nothing while any of the candidates is itself not known. */
export function unknownName(
  name: string | undefined,
  candidates: readonly (string | undefined)[],
  path: Path,
  message: string,
): readonly Finding[] {
  if (name === undefined || candidates.includes(name) || candidates.includes(undefined)) return []
  const known = [...new Set(candidates.filter((candidate) => candidate !== undefined))]
  return [{ path, message, among: { typed: name, names: known } }]
}

/** Every name that another place has already; each at its own place. Holes are skipped. */
export function doubled(places: readonly (readonly [string | undefined, Path])[], message: string): readonly Finding[] {
  const seen = new Set<string>()
  return places.flatMap(([name, path]) => {
    if (name === undefined) return []
    if (seen.has(name)) return [{ path, message }]
    seen.add(name)
    return []
  })
}
