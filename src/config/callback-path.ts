/** The path of a redirect URI: one that everybody spells in one way, and that none of our other addresses has. */
import { endpointAt, endpointPrefix, endpoints } from '../core/request/addresses.ts'
import type { Reading } from './values.ts'

/** Entra takes 256 characters for the whole address. */
const longest = 200

/**
 * Compared byte for byte with what a request says, so nothing may stand there that could be written in another way, or
 * that a request is refused for. Below our prefix it may be anything but another endpoint, also with a slash at its
 * end: what was registered for others that use the same prefix, such as `/.auth/login/aad/callback`, goes on working.
 */
export function readCallbackPath(text: string): Reading<string> {
  if (text.length > longest) return { problem: `this has more than ${longest} characters` }
  if (!text.startsWith('/')) return { problem: 'a path begins with a slash' }
  if (!/^(?:\/[A-Za-z0-9._~-]*[A-Za-z0-9_~-])+\/?$/.test(text)) return { problem: 'this is not a plain path' }
  const bare = text.replace(/\/$/, '').toLowerCase()
  const other = endpointAt(bare)
  const isOurs = bare === endpointPrefix || (other !== null && endpoints[other.endpoint] !== endpoints.callback)
  return isOurs ? { problem: 'another endpoint of the gateway is there' } : { value: text }
}
