/** What Entra answers with which AADSTS code, as data: the OAuth error, the sentence, and what else belongs to it. */
import { familyRow } from './error-families.ts'

export interface Row {
  readonly error: string
  /** `{}` stands for what the refusal is about. */
  readonly message: string
  readonly suberror?: string
  readonly status?: number
  /** The claims challenge that goes with it, as JSON text. */
  readonly claims?: string
  /** At the authorize endpoint it is told on Entra's own page, and the application never hears of it. */
  readonly onPage?: true
}

/** The challenge of a Conditional Access policy. */
export const policyChallenge =
  '{"access_token":{"capolids":{"essential":true,"values":["5c8b7f0e-2d41-4a96-b3e7-91d0f6a2c584"]}}}'

type Extras = Omit<Row, 'error' | 'message'>
const page: Extras = { onPage: true }
const badToken: Extras = { suberror: 'bad_token' }
const another: Extras = { suberror: 'basic_action', claims: policyChallenge }
const blocked: Extras = { onPage: true, suberror: 'message_only', claims: policyChallenge }

const rows: readonly (readonly [code: number, error: string, message: string, extras?: Extras])[] = [
  [16000, 'interaction_required', 'Several accounts are signed in. Choose an account.'],
  [
    50011,
    'invalid_request',
    "The redirect URI '{}' specified in the request does not match the redirect URIs configured for the application. Make sure that the redirect URI sent in the request matches one added to the application.",
    page,
  ],
  [
    50020,
    'invalid_grant',
    "User account '{}' does not exist in the directory and cannot access the application in it.",
    page,
  ],
  [50027, 'invalid_client', 'The assertion is not a valid JWT: {}.'],
  [50034, 'invalid_grant', 'The user account {} does not exist in the directory.', page],
  [50053, 'invalid_grant', 'The account is locked.', page],
  [50055, 'user_password_expired', 'The password is expired.', { onPage: true, suberror: 'user_password_expired' }],
  [50057, 'invalid_grant', 'The user account is disabled.', page],
  [50058, 'login_required', "A silent sign-in request was sent but no user is signed in, and 'prompt' is none."],
  [50074, 'interaction_required', 'Strong authentication is required.', another],
  [
    50076,
    'interaction_required',
    'Due to a change of configuration, or a new location, you must use a second factor.',
    another,
  ],
  [50078, 'interaction_required', 'The second factor has expired; it must be shown again.', another],
  [50079, 'interaction_required', 'You must enrol in a second factor.', another],
  [50085, 'invalid_grant', 'The refresh token needs a sign-in with the social account.'],
  [50105, 'invalid_grant', 'The signed in user is not assigned to a role for the application.', page],
  [50126, 'invalid_grant', 'The username or the password is not right.', page],
  [50132, 'invalid_grant', 'The session is not valid: the password has expired or was changed.'],
  [50133, 'invalid_grant', 'The session is not valid: the password has expired or was changed.'],
  [50166, 'invalid_client', "The keys of the issuer '{}' of the client assertion are not to be had."],
  [
    50173,
    'invalid_grant',
    'The provided grant has expired due to it being revoked; a fresh token is needed.',
    badToken,
  ],
  [50194, 'invalid_request', "Application '{}' is not configured as a multi-tenant application.", page],
  [50196, 'invalid_grant', 'The server ended an operation because it met a loop of the client.', page],
  [53000, 'interaction_required', 'The device is not compliant.', blocked],
  [53001, 'interaction_required', 'The device is not joined to the domain.', blocked],
  [53003, 'invalid_grant', 'Access has been blocked by Conditional Access policies.', blocked],
  [530032, 'invalid_grant', 'Access has been blocked by a policy of the directory.', blocked],
  [54005, 'invalid_grant', 'OAuth2 authorization code was already redeemed, please retry with a new valid code.'],
  [500011, 'invalid_resource', 'The resource principal named {} was not found in the directory.'],
  [500113, 'invalid_request', 'No reply address is registered for the application.', page],
  [
    501481,
    'invalid_grant',
    'The Code_Verifier does not match the code_challenge supplied in the authorization request.',
  ],
  [
    501491,
    'invalid_request',
    "The size of the 'code_challenge' or its method is not right: it has 43 to 128 characters.",
  ],
  [650053, 'invalid_client', "The application asked for scope '{}' that doesn't exist on the resource."],
  [
    65001,
    'invalid_grant',
    'The user or administrator has not consented to use the application.',
    { suberror: 'consent_required' },
  ],
  [65004, 'access_denied', 'User declined to consent to access the app.'],
  [70000, 'invalid_grant', "The provided value for the '{}' parameter is not valid."],
  [70003, 'unsupported_grant_type', "The app requested an unsupported grant type '{}'."],
  [70007, 'invalid_request', "'{}' is not a supported value of 'response_mode' when requesting a code."],
  [
    70008,
    'invalid_grant',
    'The provided authorization code or refresh token has expired. Send a new interactive authorization request.',
  ],
  [
    70011,
    'invalid_scope',
    "The provided value for the input parameter 'scope' is not valid. The scope '{}' is not valid.",
  ],
  [
    70043,
    'invalid_grant',
    'The refresh token has expired or is invalid due to sign-in frequency checks by Conditional Access.',
    badToken,
  ],
  [700005, 'invalid_grant', 'The authorization code is intended to be used with another directory.'],
  [700016, 'unauthorized_client', "Application with identifier '{}' was not found in the directory.", page],
  [700021, 'invalid_client', 'The issuer or the subject of the client assertion is not the client.'],
  [700023, 'invalid_client', "The audience '{}' of the client assertion is not the token endpoint."],
  [700024, 'invalid_client', 'The client assertion is not within its valid time range.'],
  [
    700025,
    'invalid_client',
    "Client '{}' is public, so neither 'client_assertion' nor 'client_secret' should be presented.",
  ],
  [700027, 'invalid_client', 'The signature or the thumbprint of the client assertion fits no registered certificate.'],
  [700054, 'unsupported_response_type', "response_type '{}' is not enabled for the application."],
  [700082, 'invalid_grant', 'The refresh token has expired due to inactivity.'],
  [700084, 'invalid_grant', 'The refresh token was issued to a single page app, and has expired.'],
  [700211, 'invalid_client', "No matching federated identity record found for presented assertion issuer '{}'."],
  [700212, 'invalid_client', "No matching federated identity record found for presented assertion audience '{}'."],
  [700213, 'invalid_client', "No matching federated identity record found for presented assertion subject '{}'."],
  [7000112, 'unauthorized_client', "Application '{}' is disabled.", page],
  [
    7000215,
    'invalid_client',
    'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.',
  ],
  [
    7000218,
    'invalid_client',
    "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  ],
  [7000222, 'invalid_client', 'The provided client secret keys for the app are expired.'],
  [90002, 'invalid_request', "Tenant '{}' not found. Check to make sure you have the correct tenant ID.", page],
  [90006, 'temporarily_unavailable', 'The service is temporarily unavailable.'],
  [90023, 'invalid_request', "Unsupported '{}' value."],
  [90033, 'temporarily_unavailable', 'A transient error has occurred. Please try again.'],
  [90038, 'invalid_request', 'The request was answered from another national cloud.', page],
  [90055, 'temporarily_unavailable', 'The directory receives too many requests.', { status: 429 }],
  [90094, 'access_denied', 'An administrator must consent to the permissions of the application.', page],
  [9002332, 'invalid_request', "Application '{}' is for accounts of organisations only.", page],
  [900382, 'invalid_request', "The directory '{}' is served by another national cloud.", page],
  [900432, 'invalid_request', 'A confidential client is not supported in a request across clouds.', page],
  [900439, 'invalid_request', 'The application is registered in another national cloud.', page],
  [901002, 'invalid_request', "The '{}' request parameter is not supported."],
  [9001023, 'invalid_request', 'The grant type is not supported over the /common or /consumers endpoints.'],
  [
    9002325,
    'invalid_request',
    'Proof Key for Code Exchange is required for cross-origin authorization code redemption.',
  ],
  [
    9002327,
    'invalid_request',
    "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin requests.",
  ],
  [
    1002012,
    'invalid_scope',
    'The provided value for scope {} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier.',
  ],
  [900144, 'invalid_request', "The request body must contain the following parameter: '{}'."],
  [900561, 'invalid_request', 'The endpoint only accepts POST requests. Received a GET request.'],
]

const catalogue: ReadonlyMap<number, Row> = new Map(
  rows.map(([code, error, message, extras]) => [code, { error, message, ...extras }]),
)

/** The row of a code; of one that nobody has heard of, a refusal without a reason. */
export function rowOf(code: number): Row {
  return catalogue.get(code) ?? familyRow(code) ?? { error: 'invalid_grant', message: 'The request was refused.' }
}
