/** Reads the query of our own endpoints. */

/**
 * The parameters of these names; others are left out.
 * @returns null when one of them occurs more than once: two parties could read it differently (T44, T47).
 */
export function onceEach<N extends string>(query: string, names: readonly N[]): Partial<Record<N, string>> | null {
  const parameters = new URLSearchParams(query)
  const found: Partial<Record<N, string>> = {}
  for (const name of names) {
    const values = parameters.getAll(name)
    if (values.length > 1) return null
    if (values[0] !== undefined) found[name] = values[0]
  }
  return found
}
