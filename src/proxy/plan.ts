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
  /** The body that goes out in place of the request's own, which has been read; null: its own does. */
  readonly body: Buffer | null
  /** A further Content-Security-Policy for every answer; null: none is added. */
  readonly policy: string | null
}

/** The part of a log that the proxy writes to. */
export interface ProxyLog {
  debug(event: string, fields: Readonly<Record<string, unknown>>): void
  warn(event: string, fields: Readonly<Record<string, unknown>>): void
}
