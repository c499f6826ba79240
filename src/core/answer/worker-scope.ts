/** How far a service worker of an application reaches: not to our addresses by a header alone. */
import { endpointPrefix } from '../request/addresses.ts'

/**
 * Whether a Service-Worker-Allowed lets a script have a scope with our addresses in it. Scopes are beginnings of URLs
 * (https://w3c.github.io/ServiceWorker/#scope-match-algorithm).
 * @param requested path and query of the script, against which the browser reads the header.
 */
export function reachesOurs(allowed: string, requested: string): boolean {
  // Whatever the origin is, it is the same for both: that of another makes the registration fail.
  const script = `https://app.invalid${requested}`
  if (!URL.canParse(allowed, script)) return false
  const scope = new URL(allowed, script).pathname
  const ours = `${endpointPrefix}/`
  return ours.startsWith(scope) || scope.startsWith(ours)
}
