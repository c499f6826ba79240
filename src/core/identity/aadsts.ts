/** What stands in an error text of Entra. For people and logs only: numbers and texts are unstable, no decision rests on them. */

export interface EntraError {
  /** Such as `AADSTS50105`; null when the text names none. */
  readonly code: string | null
  readonly traceId: string | null
  readonly correlationId: string | null
  readonly timestamp: string | null
}

/** Reads the parts that support asks for out of an `error_description`. Whatever does not look like one is left out. */
export function readEntraError(description: string): EntraError {
  const text = description.slice(0, 4_000)
  return {
    code: /AADSTS\d{5,7}/.exec(text)?.[0] ?? null,
    traceId: /Trace ID:\s*([0-9a-fA-F-]{36})/.exec(text)?.[1] ?? null,
    correlationId: /Correlation ID:\s*([0-9a-fA-F-]{36})/.exec(text)?.[1] ?? null,
    timestamp: /Timestamp:\s*(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ)/.exec(text)?.[1] ?? null,
  }
}
