import { describe, expect, test } from 'vitest'
import { personalDirectory } from '../../src/core/identity/authority.ts'
import { isGuest } from '../../src/core/identity/guest.ts'
import type { ClaimValue } from '../../src/core/identity/session.ts'
import { directoryId } from './build.ts'

const foreign = 'd94e1c37-6a5b-4f02-8e71-b3c0a9d85f16'

describe('isGuest', () => {
  const cases: readonly (readonly [string, Record<string, ClaimValue>, boolean])[] = [
    ['a member', { acct: 0, upn: 'ada@contoso.example', preferred_username: 'ada@contoso.example' }, false],
    ['a member of whom nothing is said', {}, false],
    ['a member, said as text', { acct: '0' }, false],
    ['a member whose token repeats its own directory', { idp: `https://sts.windows.net/${directoryId}/` }, false],
    [
      'a member whose token repeats it in capitals',
      { idp: `https://sts.windows.net/${directoryId.toUpperCase()}/` },
      false,
    ],
    ['a member whose token repeats its issuer', { idp: `https://login.example/${directoryId}/v2.0` }, false],
    ['a member whose name only looks like it', { upn: 'jane_ext@contoso.example' }, false],
    ['a guest, by acct', { acct: 1 }, true],
    ['a guest, by acct as text', { acct: '1' }, true],
    ['whoever is none of the two', { acct: 2 }, true],
    ['a guest of another directory', { acct: 0, idp: `https://sts.windows.net/${foreign}/` }, true],
    ['a guest with a personal account', { idp: 'live.com' }, true],
    ['a guest with a one-time code', { idp: 'mail' }, true],
    ['an issuer that hides the id of the directory', { idp: `https://evil.example/${foreign}?/${directoryId}/` }, true],
    ['a guest by the user principal name', { upn: 'zoë_fabrikam.example#EXT#@contoso.example' }, true],
    ['a guest by it without its hashes', { upn: 'zoë_fabrikam.example_EXT_@contoso.example' }, true],
    ['a guest by the user name, in small letters', { preferred_username: 'x_y.z#ext#@contoso.example' }, true],
  ]
  for (const [name, claims, expected] of cases) {
    test(`${expected ? 'finds' : 'does not take for a guest'} ${name} (T113)`, () =>
      expect(isGuest(directoryId, claims)).toBe(expected))
  }

  test('takes a personal account for no guest among personal accounts', () => {
    expect(isGuest(personalDirectory, { idp: 'live.com' })).toBe(false)
    expect(isGuest(directoryId, { idp: 'live.com' })).toBe(true)
  })
})
