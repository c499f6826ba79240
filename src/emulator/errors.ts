/** What Entra says when it says no: an AADSTS code with its OAuth error, as JSON, as a redirect, or as a page (see error-pages.ts). */
import { randomUUID } from 'node:crypto'
import { rowOf } from './error-catalogue.ts'

/** A refusal before it is worded: the code, and what differs from the table. */
export interface Problem {
  readonly code: number
  /** What stands in the middle of the sentence, such as the redirect URI. */
  readonly detail?: string | undefined
  readonly error?: string | undefined
  readonly status?: number | undefined
  readonly suberror?: string | undefined
  /** A claims challenge, as JSON text. */
  readonly claims?: string | undefined
}

/** A refusal as it is told. */
export interface EntraError {
  readonly code: number
  readonly error: string
  readonly status: number
  readonly message: string
  readonly suberror: string | undefined
  readonly claims: string | undefined
  readonly traceId: string
  readonly correlationId: string
  /** `2026-01-02 03:04:05Z` */
  readonly timestamp: string
}

/** Words a refusal. `correlationId` is the caller's own, where it sent one; `now` is in seconds. */
export function describe(problem: Problem, now: number, correlationId: string = randomUUID()): EntraError {
  const row = rowOf(problem.code)
  const error = problem.error ?? row.error
  return {
    code: problem.code,
    error,
    status: problem.status ?? row.status ?? statusOf(error),
    message: `AADSTS${problem.code}: ${row.message.replace('{}', () => problem.detail ?? '')}`,
    suberror: problem.suberror ?? row.suberror,
    claims: problem.claims ?? row.claims,
    traceId: randomUUID(),
    correlationId,
    timestamp: new Date(now * 1000)
      .toISOString()
      .replace('T', ' ')
      .replace(/\.\d+Z$/, 'Z'),
  }
}

interface Wording {
  readonly origin: string
  /** How the last three parts of a description are separated: Entra has been seen to do either. */
  readonly tail: 'blanks' | 'lines'
}

/** The JSON of the token endpoint and of the documents. The description ends in the three lines by which Microsoft's support finds a request. */
export function errorJson(error: EntraError, { origin, tail }: Wording): Readonly<Record<string, unknown>> {
  return {
    error: error.error,
    error_description: descriptionOf(error, tail),
    error_codes: [error.code],
    timestamp: error.timestamp,
    trace_id: error.traceId,
    correlation_id: error.correlationId,
    error_uri: `${origin}/error?code=${error.code}`,
    ...(error.suberror === undefined ? {} : { suberror: error.suberror }),
    ...(error.claims === undefined ? {} : { claims: error.claims }),
  }
}

/** The parameters of a redirect that carries the refusal back to the application. */
export function errorParameters(error: EntraError, { origin, tail }: Wording): Readonly<Record<string, string>> {
  return {
    error: error.error,
    error_description: descriptionOf(error, tail),
    error_uri: `${origin}/error?code=${error.code}`,
    ...(error.claims === undefined ? {} : { claims: error.claims }),
  }
}

function descriptionOf(error: EntraError, separated: Wording['tail']): string {
  const tail = [`Trace ID: ${error.traceId}`, `Correlation ID: ${error.correlationId}`, `Timestamp: ${error.timestamp}`]
  return [error.message, ...tail].join(separated === 'lines' ? '\r\n' : ' ')
}

function statusOf(error: string): number {
  if (error === 'invalid_client') return 401
  if (error === 'temporarily_unavailable') return 503
  return 400
}
