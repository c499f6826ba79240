import { describe, expect, test } from 'vitest'
import { judgeRefresh, type RefreshRefusal, refreshCodes } from '../../src/core/identity/refresh-table.ts'

const refusal = (error: string, also: Partial<RefreshRefusal> = {}): RefreshRefusal => ({
  ...{ error, suberror: null, status: 400, hasClaims: false },
  ...also,
})

/** What Microsoft documents and what has been seen, by the words that may be decided on. */
const known: readonly (readonly [what: string, refused: RefreshRefusal, verdict: ReturnType<typeof judgeRefresh>])[] = [
  ['revoked tokens', refusal('invalid_grant', { suberror: 'bad_token' }), 'end'],
  ['an account that is disabled or gone', refusal('invalid_grant'), 'end'],
  ['an expired token', refusal('invalid_grant', { suberror: 'token_expired' }), 'end'],
  ['a second factor', refusal('interaction_required', { suberror: 'basic_action', hasClaims: true }), 'interactive'],
  ['a second factor as invalid_grant', refusal('invalid_grant', { hasClaims: true }), 'interactive'],
  ['a second factor without a challenge', refusal('invalid_grant', { suberror: 'basic_action' }), 'interactive'],
  ['missing consent', refusal('invalid_grant', { suberror: 'consent_required' }), 'interactive'],
  ['missing consent elsewhere', refusal('consent_required'), 'interactive'],
  ['a policy', refusal('invalid_grant', { suberror: 'message_only', hasClaims: true }), 'interactive'],
  ['a policy, as some have seen it', refusal('access_denied', { hasClaims: true }), 'interactive'],
  ['an expired password', refusal('user_password_expired'), 'interactive'],
  [
    'an expired password as invalid_grant',
    refusal('invalid_grant', { suberror: 'user_password_expired' }),
    'interactive',
  ],
  ['our secret', refusal('invalid_client', { status: 401 }), 'alarm'],
  ['our registration', refusal('unauthorized_client'), 'alarm'],
  ['our request', refusal('invalid_request'), 'alarm'],
  ['our scopes', refusal('invalid_scope'), 'alarm'],
  ['a client that may not refresh', refusal('unsupported_grant_type'), 'alarm'],
  ['a busy provider', refusal('temporarily_unavailable', { status: 503 }), 'grace'],
  ['a broken provider', refusal('server_error', { status: 500 }), 'grace'],
  ['throttling, whatever else it says', refusal('invalid_grant', { status: 429 }), 'grace'],
  ['a fault of the server, whatever else it says', refusal('invalid_client', { status: 500 }), 'grace'],
  ['what nobody knows', refusal('something_new'), 'grace'],
  ['an empty word', refusal(''), 'grace'],
]

describe('judgeRefresh', () => {
  for (const [what, refused, verdict] of known) {
    test(`judgeRefresh takes ${what} for ${verdict}`, () => {
      expect(judgeRefresh(refused)).toBe(verdict)
    })
  }

  test('judgeRefresh never logs anybody out for what is the gateway’s own doing, or the provider’s', () => {
    for (const hasClaims of [true, false]) {
      for (const error of ['invalid_client', 'unauthorized_client', 'server_error', 'temporarily_unavailable', 'x']) {
        for (const suberror of [null, 'bad_token', 'message_only'])
          expect(['alarm', 'grace']).toContain(judgeRefresh(refusal(error, { hasClaims, suberror })))
      }
    }
  })
})

test('refreshCodes has each code once', () => {
  const codes = refreshCodes.map(([code]) => code)
  expect(new Set(codes).size).toBe(codes.length)
  expect(codes.length).toBeGreaterThan(25)
})
