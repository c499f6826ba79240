import { describe, expect, test } from 'vitest'
import type { Provider } from '../../src/core/gateway.ts'
import { contextsAfter, missingProof, unprovenBy } from '../../src/core/identity/step-up.ts'
import { secretCredential } from '../credentials.ts'
import { contoso, session } from './build.ts'

const now = 1_000_000
const entra: Provider = { ...contoso, authContexts: { mfa: 'c1', boss: 'c2' } }
const plain: Provider = {
  ...{ kind: 'oidc', name: 'staff', label: 'staff', emailDomains: [], authContexts: { mfa: 'gold' }, scopes: [] },
  ...{ issuer: 'https://login.example', clientId: 'x', credential: secretCredential('x') },
  ...{ groupsClaim: 'groups', appRolesClaim: 'roles' },
}
const needs = (...names: string[]) => ({
  contexts: names.map((name) => ({ name, withinSeconds: 600 })),
  maxAgeSeconds: null,
})

describe('missingProof', () => {
  for (const [name, needed, also, expected] of [
    ['misses nothing where nothing is needed', needs(), {}, null],
    ['misses a context that was never satisfied', needs('mfa'), {}, 'context_required mfa null'],
    ['takes one that was satisfied', needs('mfa'), { contexts: { c1: now - 600 } }, null],
    ['takes it a minute longer, since clocks differ', needs('mfa'), { contexts: { c1: now - 660 } }, null],
    ['misses it once it is too old (T130)', needs('mfa'), { contexts: { c1: now - 661 } }, 'context_required mfa null'],
    ['takes none that is still to come', needs('mfa'), { contexts: { c1: now + 61 } }, 'context_required mfa null'],
    ['takes another one for none', needs('mfa'), { contexts: { c2: now } }, 'context_required mfa null'],
    ['takes our own name for none', needs('mfa'), { contexts: { mfa: now } }, 'context_required mfa null'],
    ['asks for one at a time', needs('mfa', 'boss'), { contexts: { c1: now } }, 'context_required boss null'],
    [
      'never has one that the provider does not know',
      needs('other'),
      { contexts: { c1: now } },
      'context_required other null',
    ],
    ['never has one of every object', needs('constructor'), {}, 'context_required constructor null'],
    ['misses a sign-in of an unknown time', { contexts: [], maxAgeSeconds: 60 }, {}, 'sign_in_too_old null 60'],
    ['takes a sign-in that is young enough', { contexts: [], maxAgeSeconds: 60 }, { authTime: now - 120 }, null],
    ['misses a younger one', { contexts: [], maxAgeSeconds: 60 }, { authTime: now - 121 }, 'sign_in_too_old null 60'],
    ['asks for both at once', { ...needs('mfa'), maxAgeSeconds: 60 }, { authTime: now }, 'context_required mfa 60'],
  ] as const) {
    test(name, () => {
      const missing = missingProof(needed, entra, session(also).facts, now)
      const said = missing === null ? null : `${missing.reason} ${missing.stepUp.authContext} ${missing.stepUp.maxAge}`
      expect(said).toBe(expected)
    })
  }
})

describe('unprovenBy', () => {
  const mfa = { authContext: 'mfa', maxAge: null }
  for (const [name, provider, claims, expected] of [
    ['takes a context that the token names', entra, { acrs: ['c9', 'c1'] }, null],
    ['takes it also as the only one', entra, { acrs: 'c1' }, null],
    ['misses it where there are others (T111)', entra, { acrs: ['c2', 'c10'] }, 'acrs'],
    ['misses it where there are none (T111)', entra, {}, 'acrs'],
    ['misses it in the claim of other providers (T111)', entra, { acr: 'c1' }, 'acrs'],
    ['takes the `acr` of another provider', plain, { acr: 'gold' }, null],
    ['misses it in another spelling (T111)', plain, { acr: 'Gold' }, 'acrs'],
    ['misses it in a list (T111)', plain, { acr: ['gold'], acrs: ['gold'] }, 'acrs'],
  ] as const) {
    test(name, () => expect(unprovenBy(mfa, provider, { authTime: null, claims }, now)).toBe(expected))
  }

  test('misses a context that the provider has no name for, whatever the token says', () => {
    const asked = { authContext: 'other', maxAge: null }
    expect(unprovenBy(asked, entra, { authTime: now, claims: { acrs: [null, 'other', undefined] } }, now)).toBe('acrs')
  })

  test('holds the time of the sign-in against what was asked', () => {
    const asked = { authContext: null, maxAge: 300 }
    const at = (authTime: number | null) => unprovenBy(asked, entra, { authTime, claims: {} }, now)
    expect([at(now), at(now - 360), at(now - 361), at(now + 61), at(null)]).toEqual([
      ...[null, null, 'auth-time', 'auth-time', 'auth-time'],
    ])
  })
})

describe('contextsAfter', () => {
  const mfa = { authContext: 'mfa', maxAge: null }
  const nothing = { authContext: null, maxAge: null }
  const before = session({ contexts: { c1: 5, c2: 6, c7: 7 } }).facts
  const { facts } = session()

  test('keeps what the same person had, with its age, and adds what is new (T130)', () => {
    expect(contextsAfter(mfa, entra, { before, facts }, now)).toEqual({ c1: now, c2: 6 })
    expect(contextsAfter(nothing, entra, { before, facts }, now)).toEqual({ c1: 5, c2: 6 })
    expect(contextsAfter(mfa, entra, { before: null, facts }, now)).toEqual({ c1: now })
  })

  for (const [what, other] of [
    ['another person', { objectId: 'another' }],
    ['the same id in another directory', { directoryId: 'another' }],
    ['the same ids at another authority', { authority: 'https://another.example' }],
  ] as const) {
    test(`keeps nothing of ${what} (T130)`, () => {
      expect(contextsAfter(nothing, entra, { before: { ...before, ...other }, facts }, now)).toEqual({})
    })
  }
})
