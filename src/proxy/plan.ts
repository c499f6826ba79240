/** What the gate asks the proxy to do with one request: decided before, finished, and not changed by the proxy. */
import type { Upstream } from '../core/gateway.ts'

export interface ForwardPlan {
  readonly upstream: Upstream
  /** Raw path and query that go out, byte for byte as they came. Starts with `/`. */
  readonly target: string
  /** The finished request headers with `host`, scrubbed, names in lower case, Latin1 strings. Made for this request: the proxy takes them over. */
  readonly headers: Record<string, string | readonly string[]>
  /** Set-Cookie of these names is dropped from the answer; the case counts. */
  readonly ownCookieNames: readonly string[]
  /** What becomes of each other Set-Cookie line; null: it is dropped. */
  readonly bindCookie: (line: string) => string | null
  /** Path and query as the browser asked for them. */
  readonly requested: string
  /** Answers to signed-in people without any cache rule become `private`. */
  readonly signedIn: boolean
  /** Strict-Transport-Security for answers that have none; null: it is not sent. */
  readonly strictTransport: string | null
  /** What goes out in place of the request's own body, which has been read; null: that does. */
  readonly body: OwnBody | null
  /** A further Content-Security-Policy for every answer; null: none is added. */
  readonly policy: string | null
}

export interface OwnBody {
  readonly bytes: Buffer
  /**
   * Waited for before an answer is passed on that has the browser send the same once more elsewhere (307 and 308, RFC
   * 9110 section 15.4.8): the browser only has what these bytes stand for. Null: it has them itself.
   */
  readonly movedOn: ((location: string) => Promise<void>) | null
}

/** The part of a log that the proxy writes to. */
export interface ProxyLog {
  debug(event: string, fields: Readonly<Record<string, unknown>>): void
  warn(event: string, fields: Readonly<Record<string, unknown>>): void
}
