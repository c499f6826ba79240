/** What Entra says when it says no: an AADSTS code with its OAuth error, as JSON, as a redirect, or as a page (see pages.ts). */
import { randomUUID } from 'node:crypto'

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

type Row = readonly [error: string, message: (detail: string) => string, suberror?: string]

const catalogue: ReadonlyMap<number, Row> = new Map<number, Row>([
  [16000, ['interaction_required', () => 'Several accounts are signed in. Choose an account.']],
  [
    50011,
    [
      'invalid_request',
      (uri) =>
        `The redirect URI '${uri}' specified in the request does not match the redirect URIs configured for the application. Make sure that the redirect URI sent in the request matches one added to the application.`,
    ],
  ],
  [50034, ['invalid_grant', (name) => `The user account ${name} does not exist in the directory.`]],
  [50057, ['invalid_grant', () => 'The user account is disabled.']],
  [
    50058,
    ['login_required', () => "A silent sign-in request was sent but no user is signed in, and 'prompt' is none."],
  ],
  [50105, ['invalid_grant', () => 'The signed in user is not assigned to a role for the application.']],
  [
    501481,
    [
      'invalid_grant',
      () => 'The Code_Verifier does not match the code_challenge supplied in the authorization request.',
    ],
  ],
  [
    501491,
    [
      'invalid_request',
      () => "The size of the 'code_challenge' or its method is not right: it has 43 to 128 characters.",
    ],
  ],
  [
    50173,
    [
      'invalid_grant',
      () => 'The provided grant has expired due to it being revoked; a fresh token is needed.',
      'bad_token',
    ],
  ],
  [53003, ['invalid_grant', () => 'Access has been blocked by Conditional Access policies.', 'message_only']],
  [
    54005,
    ['invalid_grant', () => 'OAuth2 authorization code was already redeemed, please retry with a new valid code.'],
  ],
  [500011, ['invalid_resource', (name) => `The resource principal named ${name} was not found in the directory.`]],
  [
    650053,
    ['invalid_client', (scope) => `The application asked for scope '${scope}' that doesn't exist on the resource.`],
  ],
  [
    65001,
    ['invalid_grant', () => 'The user or administrator has not consented to use the application.', 'consent_required'],
  ],
  [65004, ['access_denied', () => 'User declined to consent to access the app.']],
  [70000, ['invalid_grant', (what) => `The provided value for the '${what}' parameter is not valid.`]],
  [70003, ['unsupported_grant_type', (grant) => `The app requested an unsupported grant type '${grant}'.`]],
  [
    70007,
    ['invalid_request', (mode) => `'${mode}' is not a supported value of 'response_mode' when requesting a code.`],
  ],
  [
    70008,
    [
      'invalid_grant',
      () =>
        'The provided authorization code or refresh token has expired. Send a new interactive authorization request.',
    ],
  ],
  [
    70011,
    [
      'invalid_scope',
      (scope) => `The provided value for the input parameter 'scope' is not valid. The scope '${scope}' is not valid.`,
    ],
  ],
  [700016, ['unauthorized_client', (id) => `Application with identifier '${id}' was not found in the directory.`]],
  [700054, ['unsupported_response_type', (type) => `response_type '${type}' is not enabled for the application.`]],
  [700082, ['invalid_grant', () => 'The refresh token has expired due to inactivity.']],
  [
    7000215,
    [
      'invalid_client',
      () =>
        'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.',
    ],
  ],
  [
    7000218,
    [
      'invalid_client',
      () => "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    ],
  ],
  [
    90002,
    ['invalid_request', (name) => `Tenant '${name}' not found. Check to make sure you have the correct tenant ID.`],
  ],
  [90023, ['invalid_request', (what) => `Unsupported '${what}' value.`]],
  [90033, ['temporarily_unavailable', () => 'A transient error has occurred. Please try again.']],
  [900144, ['invalid_request', (name) => `The request body must contain the following parameter: '${name}'.`]],
  [900561, ['invalid_request', () => 'The endpoint only accepts POST requests. Received a GET request.']],
])

/** Words a refusal. `correlationId` is the caller's own, where it sent one; `now` is in seconds. */
export function describe(problem: Problem, now: number, correlationId: string = randomUUID()): EntraError {
  const [error, message, suberror] = catalogue.get(problem.code) ?? ['invalid_grant', () => 'The request was refused.']
  const known = problem.error ?? error
  return {
    code: problem.code,
    error: known,
    status: problem.status ?? statusOf(known),
    message: `AADSTS${problem.code}: ${message(problem.detail ?? '')}`,
    suberror: problem.suberror ?? suberror,
    claims: problem.claims,
    traceId: randomUUID(),
    correlationId,
    timestamp: new Date(now * 1000)
      .toISOString()
      .replace('T', ' ')
      .replace(/\.\d+Z$/, 'Z'),
  }
}

/** The JSON of the token endpoint and of the documents. The description ends in the three lines by which Microsoft's support finds a request. */
export function errorJson(error: EntraError, origin: string): Readonly<Record<string, unknown>> {
  return {
    error: error.error,
    error_description: descriptionOf(error),
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
export function errorParameters(error: EntraError, origin: string): Readonly<Record<string, string>> {
  return {
    error: error.error,
    error_description: descriptionOf(error),
    error_uri: `${origin}/error?code=${error.code}`,
    ...(error.claims === undefined ? {} : { claims: error.claims }),
  }
}

function descriptionOf(error: EntraError): string {
  const tail = [`Trace ID: ${error.traceId}`, `Correlation ID: ${error.correlationId}`, `Timestamp: ${error.timestamp}`]
  return `${error.message} ${tail.join(' ')}`
}

function statusOf(error: string): number {
  if (error === 'invalid_client') return 401
  if (error === 'temporarily_unavailable') return 503
  return 400
}
