/**
 * The console: an origin of the gateway's own, where nothing of any tenant is served. A script in an application shares
 * that application's origin with `/.auth`; it never shares this one (T118).
 */

/** Where accounts of the gateway itself sign in; the last segment is the tenant. */
const breakGlassPath = '/break-glass/'

export interface ToConsole {
  readonly at: 'console'
  readonly tenant: null
  /** `front`: what this is. `break-glass`: the sign-in for a tenant. `nothing`: there is nothing here. */
  readonly place: ConsolePlace
}

export type ConsolePlace =
  | { readonly at: 'front' | 'nothing' }
  | { readonly at: 'break-glass'; readonly tenant: string; readonly query: string }

/** What stands at a target of the console's host: only what is spelled to the letter. */
export function locateConsole(target: string): ToConsole {
  const cut = target.indexOf('?')
  const path = cut === -1 ? target : target.slice(0, cut)
  return { at: 'console', tenant: null, place: placeAt(path, cut === -1 ? '' : target.slice(cut + 1)) }
}

function placeAt(path: string, query: string): ConsolePlace {
  if (path === '/') return { at: 'front' }
  const tenant = path.startsWith(breakGlassPath) ? path.slice(breakGlassPath.length) : ''
  return /^[a-z0-9][a-z0-9-]{0,62}$/.test(tenant) ? { at: 'break-glass', tenant, query } : { at: 'nothing' }
}

/** The address of the sign-in, on the console's origin. */
export function breakGlassAddress(tenant: string): string {
  return breakGlassPath + tenant
}
