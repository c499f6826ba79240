/** What a request says of itself, read once from the wire by http/read-facts.ts. Nothing in it has been judged yet. */

/**
 * The four kinds of request. navigation: a document in a window of its own. frame: a document inside another.
 * data: fetched by a script, an image, a tool. upgrade: the handshake of a WebSocket.
 */
export type RequestKind = 'navigation' | 'frame' | 'data' | 'upgrade'

/** Header fields as Node gives them: lower-case names; repeated ones joined or listed. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

export interface RequestFacts {
  readonly method: string
  /** Of HTTP: `1.1`, or what else the caller claims to speak. */
  readonly version: string
  /** The request target as it came, byte for byte. */
  readonly target: string
  /** The Host header as it came; null where there is none or more than one. */
  readonly host: string | null
  /** The host name that the caller asked for when TLS began (SNI), lower case; null without TLS, or where none was named. */
  readonly serverName: string | null
  readonly headers: RequestHeaders
  /** How many header fields there were, repeated ones counted each. */
  readonly fieldCount: number
  /** Names of header fields that may occur once but occurred more often. */
  readonly repeated: readonly string[]
  readonly kind: RequestKind
  /** Address of the caller, as the socket or a trusted proxy tells. */
  readonly callerAddress: string
  /** X-Forwarded-For for the upstream: rebuilt from the trusted chain. */
  readonly forwardedFor: string
}

/**
 * Which of the four kinds a request is: Fetch Metadata where the browser sends it, otherwise Accept.
 * An X-Requested-With makes it data whatever else it says; that only ever withholds the redirect to a sign-in.
 * @see https://www.w3.org/TR/fetch-metadata/
 */
export function requestKind(headers: RequestHeaders): 'navigation' | 'frame' | 'data' {
  if (headers['x-requested-with'] !== undefined) return 'data'
  // Prefetch and prerender ask without a person behind them: they must not begin a sign-in (T53).
  if (headers['sec-purpose'] !== undefined || headers.purpose === 'prefetch') return 'data'
  const mode = headers['sec-fetch-mode']
  if (mode === undefined) return acceptsHtml(headers.accept) ? 'navigation' : 'data'
  if (mode !== 'navigate') return 'data'
  const destination = headers['sec-fetch-dest']
  if (destination === undefined || destination === 'document') return 'navigation'
  return 'frame'
}

/**
 * Whether a request is the preflight of CORS (https://fetch.spec.whatwg.org/#cors-preflight-request). It has no body and no
 * credentials: what carries some was made by no browser, and an application that does not look at methods would serve it.
 */
export function isPreflight({ method, headers }: Pick<RequestFacts, 'method' | 'headers'>): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined &&
    headers.cookie === undefined &&
    headers.authorization === undefined &&
    headers['content-length'] === undefined &&
    headers['transfer-encoding'] === undefined
  )
}

function acceptsHtml(accept: string | readonly string[] | undefined): boolean {
  return typeof accept === 'string' && accept.includes('text/html')
}
