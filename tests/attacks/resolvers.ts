/**
 * How servers find what a path means, each written after what it is known to do, and worse where settings allow worse.
 * They take the bytes of a request target (one character per byte) and share no line with the gateway.
 */

/** One way in which a server may be set up. */
export interface Resolved {
  /** Where the path leads, one `/` between segments. */
  readonly path: string
  /** Whether the server takes `/Admin` for `/admin`. */
  readonly foldsCase: boolean
}

export type Resolver = (target: string) => readonly Resolved[]

/**
 * Tomcat (CoyoteAdapter): `;…` off each segment, then one decoding, then `//`, `/./` and `/../`. An escaped slash is
 * refused, unless `encodedSolidusHandling` says that it is decoded or passed through; a backslash is refused, unless
 * ALLOW_BACKSLASH makes a slash of it.
 */
export const resolveLikeTomcat: Resolver = (target) => {
  const raw = pathOf(target).replace(/;[^/]*/g, '')
  const found: Resolved[] = []
  for (const solidus of ['reject', 'decode', 'passthrough'] as const) {
    for (const allowsBackslash of [false, true]) {
      if (solidus === 'reject' && /%2f/i.test(raw)) continue
      const decoded = decoded1(solidus === 'passthrough' ? raw.replaceAll(/%2f/gi, '%252f') : raw)
      if (decoded === null || decoded.includes('\0')) continue
      if (decoded.includes('\\') && !allowsBackslash) continue
      const path = withoutDots(decoded.replaceAll('\\', '/').replace(/\/{2,}/g, '/'), 'refuse')
      // Filters and dispatchers behind the container have been seen to take parameters off once more.
      if (path !== null) found.push(exactly(path), exactly(path.replace(/;[^/]*/g, '')))
    }
  }
  return found
}

/**
 * IIS: http.sys decodes once (`%u` too), makes slashes of backslashes, folds `//` and dot segments. ASP.NET takes
 * `/(S(…))/` off. What is left is the name of a file: Windows does not tell letters apart, cuts dots and blanks at the end
 * of a name, opens `name::$DATA` and `name:$I30:$INDEX_ALLOCATION` as `name`, and finds `longna~1`.
 */
export const resolveLikeIis: Resolver = (target) => {
  const once = decoded1(pathOf(target).replace(/%u00([0-9a-f]{2})/gi, '%$1'))
  if (once === null || once.includes('\0')) return []
  // `allowDoubleEscaping`: the application, or a rewriting module, decodes what is still escaped.
  const twice = decoded1(once)
  return [once, ...(twice === null || twice.includes('\0') ? [] : [twice])].flatMap((decoded) => {
    const canonical = withoutDots(decoded.replaceAll('\\', '/').replace(/\/{2,}/g, '/'), 'clamp')
    if (canonical === null) return []
    const cookieless = canonical.replace(/\/\((?:[A-Za-z]\([^()]*\))+\)(?=\/|$)/g, '') || '/'
    return [canonical, cookieless].map((path) => ({ path: windowsFile(path), foldsCase: true }))
  })
}

/** Express (decodes each match, folds case and a trailing slash), and code that asks `new URL` what the path is. */
export const resolveLikeNode: Resolver = (target) => {
  const plain = decoded1(pathOf(target))
  const found: Resolved[] = plain === null ? [] : [{ path: plain, foldsCase: true }]
  if (URL.canParse(target, 'http://localhost')) {
    const { pathname } = new URL(target, 'http://localhost')
    const url = decoded1(pathname)
    if (url !== null) found.push(exactly(url))
    // Path libraries are asked to tidy up what has been decoded: `path.normalize`, then a file on a disk of macOS.
    const tidy = url === null ? null : withoutDots(url.replace(/\/{2,}/g, '/'), 'clamp')
    if (tidy !== null) found.push(exactly(tidy), { path: onAppleDisk(tidy), foldsCase: true })
  }
  return found
}

function exactly(path: string): Resolved {
  return { path, foldsCase: false }
}

function pathOf(target: string): string {
  return target.replace(/\?.*$/s, '')
}

/** Bytes to text, lenient: what is no UTF-8 is Latin-1; null for an escape that is none. */
function decoded1(raw: string): string | null {
  if (/%(?![0-9a-f]{2})/i.test(raw)) return null
  const bytes = raw.replace(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  if (/[^\0-\xff]/.test(bytes)) return bytes
  const text = Buffer.from(bytes, 'latin1').toString('utf8')
  return text.includes('\ufffd') ? bytes : text
}

/** Dot segments resolved; above the root there is nothing (`refuse`) or the root again (`clamp`). */
function withoutDots(path: string, above: 'refuse' | 'clamp'): string | null {
  if (!path.startsWith('/')) return null
  const kept: string[] = []
  const segments = path.slice(1).split('/')
  for (const [at, segment] of segments.entries()) {
    const isLast = at === segments.length - 1
    if (segment === '.' || segment === '..') {
      if (segment === '..' && kept.pop() === undefined && above === 'refuse') return null
      if (isLast) kept.push('')
    } else {
      kept.push(segment)
    }
  }
  return `/${kept.join('/')}`
}

/** Directories that the tables of route-tables.ts have, which short names stand for. */
const longNames: readonly string[] = ['administration']

function windowsFile(path: string): string {
  const segments = path.split('/').map((segment) => {
    const name = segment.replace(/:[^:]*:\$[a-z_]+$/i, '').replace(/[. ]+$/, '')
    const short = /^(.{1,6})~\d+(?:\..{0,3})?$/.exec(name)?.[1]?.toLowerCase()
    return longNames.find((long) => short !== undefined && long.startsWith(short)) ?? name
  })
  // What was cut away to nothing counts for nothing.
  return segments.join('/').replace(/\/{2,}/g, '/') || '/'
}

/** HFS+ leaves characters out that nobody sees, and all Apple disks take composed and decomposed letters for one. */
function onAppleDisk(path: string): string {
  return path.replace(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, '').normalize('NFC')
}
