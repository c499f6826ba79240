/** The path and query that the application gets: the bytes as they came, without the prefix that the route takes off. */
import type { Destination } from '../gateway.ts'
import { readPath } from './path.ts'

/**
 * @param target path and query as they came; the literal reading of its path is covered by the route.
 * @returns null where the prefix is spelled in another way than in the configuration, or where what is left is no path that
 *   could have come by itself, such as one that some server reads as another host (`//evil.example`, `/%2Fevil.example`): what
 *   cannot be taken off to the letter is refused, never guessed (T1, T2).
 */
export function targetFor(to: Destination, target: string): string | null {
  if (to.act !== 'forward' || to.stripPrefix === null) return target
  if (!target.startsWith(to.stripPrefix)) return null
  const rest = target.slice(to.stripPrefix.length)
  const cut = rest.indexOf('?')
  const path = cut === -1 ? rest : rest.slice(0, cut)
  if (path === '') return `/${rest}`
  return 'readings' in readPath(path) ? rest : null
}
