/** Which paths a route may name: only such as are read in one way by everybody, so that a rule means what it says. */
import type { Route } from '../core/gateway.ts'
import { endpointPrefix } from '../core/request/addresses.ts'
import type { Reading } from './values.ts'

export type RoutePath = Pick<Route, 'path' | 'trailingSlash'>

/** What is refused, in the order in which it is looked for. */
const refused: readonly (readonly [RegExp, string])[] = [
  [/^(?!\/)/, 'a path begins with a slash'],
  [/[\p{C}\p{Zl}\p{Zp}]/u, 'a path has no control characters'],
  [/\\/, 'a path has no backslash'],
  [/%/, 'write the path decoded, without %'],
  [/;/, 'what follows a semicolon is no part of the path'],
  [/[?#]/, 'a route looks at the path only, never at query or fragment'],
  [/\*/, 'a path covers everything below it already, so there is no `*`'],
  [/["<>^`{|}]/, 'no request can have this character in its path'],
  [/\/\//, 'a path has no empty segment (`//`)'],
  [/\/\.\.?(?:\/|$)/, 'a path has no dot segments (`.` or `..`)'],
  [/[. ](?:\/|$)/, 'no segment ends with a dot or a blank: some servers drop it'],
]

/**
 * The path of a route, decoded and without trailing slash; whether one was written. The root is `/`.
 * Refused: what servers read in different ways (T1 to T8, T12), and what lies under our own prefix.
 */
export function readRoutePath(text: string): Reading<RoutePath> {
  for (const [pattern, problem] of refused) if (pattern.test(text)) return { problem }
  const folded = text.toLowerCase()
  if (folded === endpointPrefix || folded.startsWith(`${endpointPrefix}/`)) {
    return { problem: `what lies under ${endpointPrefix} belongs to the gateway` }
  }
  if (text === '/') return { value: { path: '/', trailingSlash: false } }
  return { value: { path: text.replace(/\/$/, ''), trailingSlash: text.endsWith('/') } }
}
