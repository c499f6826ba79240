/**
 * What becomes of a session when its provider, asked again, says no: a table, read from above, of which the first row
 * that fits counts. It looks at `error`, `suberror` and whether `claims` come along, and before that at a status which
 * says that nobody has judged: Microsoft calls numbers and texts unstable, so those in `covers` are for people, and for
 * the tests.
 * @see https://learn.microsoft.com/entra/identity-platform/refresh-tokens
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2
 */

/**
 * end: the person is out, and the next page begins with a sign-in.
 * interactive: only the person can satisfy the provider; one sign-in, with the `claims` that it asks for.
 * alarm: our own doing, for the operator; nobody is logged out for it.
 * grace: nobody knows; the session goes on for a bounded time, and the provider is asked again.
 */
export type RefreshVerdict = 'end' | 'interactive' | 'alarm' | 'grace'

export interface RefreshRefusal {
  readonly error: string
  readonly suberror: string | null
  /** HTTP status. */
  readonly status: number
  /** Whether a claims challenge comes along. */
  readonly hasClaims: boolean
}

interface Row {
  /** Of the three, those that are not said may be anything. */
  readonly errors?: readonly string[]
  readonly suberrors?: readonly string[]
  readonly hasClaims?: true
  readonly verdict: RefreshVerdict
  /** Codes of Entra that end up in this row. */
  readonly covers: readonly number[]
}

const rows: readonly Row[] = [
  { errors: ['temporarily_unavailable', 'server_error'], verdict: 'grace', covers: [90033, 90006, 90055] },
  { errors: ['invalid_client'], verdict: 'alarm', covers: [7000215, 7000222, 700027, 700024] },
  {
    errors: ['unauthorized_client', 'invalid_request', 'invalid_scope', 'invalid_resource', 'invalid_target'],
    verdict: 'alarm',
    covers: [700016, 7000112, 90002],
  },
  { errors: ['unsupported_grant_type'], verdict: 'alarm', covers: [70003] },
  {
    errors: ['interaction_required', 'login_required', 'consent_required', 'account_selection_required'],
    verdict: 'interactive',
    covers: [50076, 50074, 50078, 50079, 53000, 53001],
  },
  { errors: ['user_password_expired', 'access_denied'], verdict: 'interactive', covers: [50055] },
  // Conditional Access has judged the gateway's address, where the person's own may do: `message_only` is tried once
  // too.
  { errors: ['invalid_grant'], hasClaims: true, verdict: 'interactive', covers: [53003, 530032] },
  {
    errors: ['invalid_grant'],
    suberrors: ['basic_action', 'additional_action', 'message_only', 'consent_required', 'user_password_expired'],
    verdict: 'interactive',
    covers: [65001],
  },
  // Revoked, expired, disabled, deleted, no longer assigned: one error for all, and all of them begin anew, if they
  // can.
  {
    errors: ['invalid_grant'],
    verdict: 'end',
    covers: [50173, 70043, 700082, 70008, 700084, 70000, 50057, 50034, 50020, 50105, 50132, 50133, 50085, 50196],
  },
]

/** What is not in the table is not known; an overloaded provider has said nothing. */
export function judgeRefresh(refusal: RefreshRefusal): RefreshVerdict {
  if (refusal.status >= 500 || refusal.status === 429) return 'grace'
  return rows.find((row) => fits(row, refusal))?.verdict ?? 'grace'
}

/** Which codes of Entra each verdict has, for the test that asks the pretend Entra for all of them. */
export const refreshCodes: readonly (readonly [code: number, verdict: RefreshVerdict])[] = rows.flatMap(
  ({ covers, verdict }) => covers.map((code) => [code, verdict] as const),
)

function fits({ errors, suberrors, hasClaims }: Row, refusal: RefreshRefusal): boolean {
  if (errors !== undefined && !errors.includes(refusal.error)) return false
  if (suberrors !== undefined && (refusal.suberror === null || !suberrors.includes(refusal.suberror))) return false
  return hasClaims === undefined || refusal.hasClaims
}
