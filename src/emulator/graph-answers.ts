/** What Graph answers, as data: a call gives a status and a body, whether it came by itself or in a batch. */

export interface GraphCall {
  readonly method: string
  /** Path and query, below `/v1.0`. */
  readonly url: URL
  /** The header of a name, in lower case. */
  readonly header: (name: string) => string | undefined
  /** The JSON that was sent; undefined for none or for text that is no JSON. */
  readonly body: unknown
}

export interface GraphAnswer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Bytes in the place of the body. */
  readonly bytes?: Buffer
}

/** The ids by which Microsoft's support finds a request. */
export interface GraphTrace {
  readonly requestId: string
  readonly clientRequestId: string
  /** Seconds since 1970. */
  readonly now: number
}

const codes: ReadonlyMap<number, string> = new Map([
  [400, 'Request_BadRequest'],
  [401, 'InvalidAuthenticationToken'],
  [403, 'Authorization_RequestDenied'],
  [404, 'Request_ResourceNotFound'],
  [429, 'TooManyRequests'],
  [500, 'generalException'],
  [503, 'serviceNotAvailable'],
])

/** A refusal before it has its ids. */
export function refused(status: number, message: string, code?: string): GraphAnswer {
  return { status, body: { error: { code: code ?? codes.get(status) ?? 'UnknownError', message } } }
}

export function listed(
  name: string,
  value: readonly unknown[],
  more: Readonly<Record<string, unknown>> = {},
): GraphAnswer {
  return {
    status: 200,
    body: { '@odata.context': `https://graph.microsoft.com/v1.0/$metadata#${name}`, ...more, value },
  }
}

/** The body as it is sent: a refusal gets the ids of its request. */
export function traced({ body }: GraphAnswer, { requestId, clientRequestId, now }: GraphTrace): unknown {
  if (typeof body !== 'object' || body === null || !('error' in body)) return body
  const date = new Date(now * 1000).toISOString().replace(/\.\d+Z$/, '')
  const innerError = { date, 'request-id': requestId, 'client-request-id': clientRequestId }
  return { error: { ...(body.error as Readonly<Record<string, unknown>>), innerError } }
}

/** The challenge of Continuous Access Evaluation: the token must be a newer one. */
export function challenged(origin: string, now: number): GraphAnswer {
  const claims = JSON.stringify({ access_token: { nbf: { essential: true, value: String(Math.floor(now)) } } })
  const parts = [
    ...['realm=""', `authorization_uri="${origin}/common/oauth2/authorize"`],
    ...['client_id="00000003-0000-0000-c000-000000000000"', 'error="insufficient_claims"'],
    `claims="${Buffer.from(claims).toString('base64')}"`,
  ]
  return {
    ...refused(401, 'Continuous access evaluation resulted in challenge with result: InteractionRequired.'),
    headers: { 'WWW-Authenticate': `Bearer ${parts.join(', ')}` },
  }
}
