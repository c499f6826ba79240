import { describe, expect, test } from 'vitest'
import { type Asked, decide } from '../../src/core/answer/decide.ts'
import { admins, contoso, session, staff, tenant } from './build.ts'

const needs = (level: Asked['requirement']['level'], ...everyOf: string[][]): Asked['requirement'] => ({
  ...{ level, everyOf, contexts: [], maxAgeSeconds: null, redirects: true, forwardsPreflights: false },
})
type Also = Partial<Asked & Asked['facts']>
const ask = ({ method = 'GET', kind = 'navigation', headers = {}, ...also }: Also) => {
  const facts = { method, kind, headers }
  const decision = decide({
    tenant: withContext,
    requirement: needs('signed-in'),
    session: null,
    facts,
    now: 1_000_100,
    ...also,
  })
  if (decision.act === 'forward')
    return decision.person === null ? 'forward nobody' : `forward ${decision.person.roles.roles.join('+')}`
  return `${decision.act} ${decision.reason}`
}
const preflight: Also = {
  ...{ method: 'OPTIONS', kind: 'data' },
  headers: { origin: 'https://a.example', 'access-control-request-method': 'PUT' },
}
const open = { ...needs('signed-in'), forwardsPreflights: true }
const user = session({ groups: [staff] })
const admin = session({ groups: [staff, admins] })
const nobody = session({ groups: [] })
const allowing = tenant({ noRole: { act: 'allow' } })
const giving = tenant({ noRole: { act: 'role', role: 'guest' } })
const plain = tenant({ roles: [] })
const withoutGuests = tenant({ admission: { guests: 'deny', claims: [], emailDomains: [] } })
const guest = session({ groups: [staff], claims: { acct: 1 } })
const withContext = tenant({ providers: [{ ...contoso, authContexts: { mfa: 'c1' } }] })
const mfa = { ...needs('signed-in'), contexts: [{ name: 'mfa', withinSeconds: 600 }] }
const proved = session({ groups: [staff], contexts: { c1: 1_000_000 } })
const ownForm = {
  method: 'POST',
  headers: { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' },
} as const
const embedded = tenant({ embeddedBy: ['https://portal.example'] })
const foreign: Also = { tenant: embedded, session: user, headers: { 'sec-fetch-site': 'cross-site' } }

describe('decide', () => {
  for (const [name, asked, expected] of [
    [
      'forwards anybody on a public route, without an identity',
      { requirement: needs('public'), session: user },
      'forward nobody',
    ],
    ['forwards a visitor on an optional route', { requirement: needs('optional') }, 'forward nobody'],
    [
      'forwards a person with the identity on an optional route',
      { requirement: needs('optional'), session: user },
      'forward user',
    ],
    [
      'forwards a person without role on an optional route as nobody',
      { requirement: needs('optional'), session: nobody },
      'forward nobody',
    ],
    ['sends a navigation without session to the sign-in', {}, 'login login_required'],
    ['sends a HEAD navigation there too', { method: 'HEAD' }, 'login login_required'],
    ['refuses a form post without session rather than lose its body', { method: 'POST' }, 'refuse login_required'],
    ['sends a form of the application itself to the sign-in', ownForm, 'login login_required'],
    ['sends it to prove something, too', { ...ownForm, session: user, requirement: mfa }, 'login context_required'],
    [
      'never sends whoever lacks the role, with a form or without',
      { ...ownForm, session: user, requirement: needs('signed-in', ['admin']) },
      'refuse role_missing',
    ],
    [
      'refuses a form where nothing is redirected',
      { ...ownForm, requirement: { ...needs('signed-in'), redirects: false } },
      'refuse login_required',
    ],
    [
      'refuses the form of another site (T127)',
      { ...ownForm, headers: { ...ownForm.headers, 'sec-fetch-site': 'cross-site' } },
      'refuse login_required',
    ],
    ['refuses data without session (T53)', { kind: 'data' }, 'refuse login_required'],
    ['refuses an upgrade without session (T99)', { kind: 'upgrade' }, 'refuse login_required'],
    ['refuses a frame without session', { kind: 'frame' }, 'refuse login_required'],
    [
      'sends a frame to the sign-in where it may be embedded',
      { kind: 'frame', tenant: embedded },
      'login login_required',
    ],
    [
      'refuses a post of a frame all the same',
      { kind: 'frame', method: 'POST', tenant: embedded },
      'refuse login_required',
    ],
    ['forwards what other sites open', foreign, 'forward user'],
    ['refuses what other sites send (T82)', { ...foreign, method: 'POST' }, 'refuse cross_site_refused'],
    ['refuses what other sites fetch (T82)', { ...foreign, kind: 'data' }, 'refuse cross_site_refused'],
    ['leaves that to the browser by default', { ...foreign, method: 'POST', tenant: tenant() }, 'forward user'],
    [
      'refuses it on an optional route too, where the identity would go along',
      { ...foreign, method: 'POST', requirement: needs('optional') },
      'refuse cross_site_refused',
    ],
    [
      'forwards it on a public route, without an identity',
      { ...foreign, method: 'POST', requirement: needs('public') },
      'forward nobody',
    ],
    [
      'refuses a navigation where the route says 401',
      { requirement: { ...needs('signed-in'), redirects: false } },
      'refuse login_required',
    ],
    [
      'forwards a preflight without session where the route says so',
      { ...preflight, requirement: open },
      'forward nobody',
    ],
    ['refuses a preflight anywhere else', preflight, 'refuse login_required'],
    ['takes no other request for a preflight', { requirement: open, kind: 'data' }, 'refuse login_required'],
    [
      'takes no preflight that brings a body for one (T53)',
      { ...preflight, requirement: open, headers: { ...preflight.headers, 'content-length': '3' } },
      'refuse login_required',
    ],
    [
      'takes OPTIONS without what makes it a preflight for none',
      { ...preflight, requirement: open, headers: { origin: 'https://a.example' } },
      'refuse login_required',
    ],
    [
      'names nobody to the application for a preflight',
      { ...preflight, requirement: open, session: user },
      'forward nobody',
    ],
    ['forwards a signed-in person', { session: user }, 'forward user'],
    ['refuses a person without any role', { session: nobody }, 'refuse no_role'],
    ['admits a person without any role where noRole allows', { session: nobody, tenant: allowing }, 'forward '],
    ['gives the role of noRole', { session: nobody, tenant: giving }, 'forward guest'],
    ['admits everybody where the tenant has no roles', { session: nobody, tenant: plain }, 'forward '],
    [
      'forwards a person who holds one of the roles',
      { session: admin, requirement: needs('signed-in', ['editor', 'admin']) },
      'forward admin+user',
    ],
    [
      'refuses a person who holds none of them',
      { session: user, requirement: needs('signed-in', ['admin']) },
      'refuse role_missing',
    ],
    [
      'never sends a refused person back to the sign-in',
      { session: user, requirement: needs('signed-in', ['admin']), kind: 'navigation' },
      'refuse role_missing',
    ],
    [
      'asks for every list of the strictest readings',
      { session: user, requirement: needs('signed-in', ['user'], ['admin']) },
      'refuse role_missing',
    ],
    [
      'does not let noRole: allow open a route with roles',
      { session: nobody, tenant: allowing, requirement: needs('signed-in', ['user']) },
      'refuse role_missing',
    ],
    [
      'refuses everybody for an empty list of roles',
      { session: admin, requirement: needs('signed-in', []) },
      'refuse role_missing',
    ],
    [
      'refuses whom the tenant does not admit, whatever their roles (T113)',
      { session: guest, tenant: withoutGuests },
      'refuse guest_refused',
    ],
    [
      'forwards them on an optional route as nobody',
      { session: guest, tenant: withoutGuests, requirement: needs('optional') },
      'forward nobody',
    ],
    [
      'sends a navigation to the sign-in for a proof that is missing',
      { session: user, requirement: mfa },
      'login context_required',
    ],
    ['forwards whoever has proved it', { session: proved, requirement: mfa }, 'forward user'],
    [
      'asks for no proof from whoever lacks a role',
      { session: proved, requirement: { ...mfa, everyOf: [['admin']] } },
      'refuse role_missing',
    ],
    [
      'refuses a form for want of a proof rather than lose its body',
      { session: user, requirement: mfa, method: 'POST' },
      'refuse context_required',
    ],
    ['refuses data for want of a proof', { session: user, requirement: mfa, kind: 'data' }, 'refuse context_required'],
    [
      'refuses an upgrade for want of a proof',
      { session: user, requirement: mfa, kind: 'upgrade' },
      'refuse context_required',
    ],
    [
      'refuses a frame for want of a proof',
      { session: user, requirement: mfa, kind: 'frame' },
      'refuse context_required',
    ],
    [
      'refuses a navigation for want of a proof where the route says 401',
      { session: user, requirement: { ...mfa, redirects: false } },
      'refuse context_required',
    ],
    [
      'sends whoever signed in too long ago there once more',
      { session: user, requirement: { ...needs('signed-in'), maxAgeSeconds: 60 } },
      'login sign_in_too_old',
    ],
    [
      'asks for no proof on a public route',
      { session: user, requirement: { ...mfa, level: 'public' } },
      'forward nobody',
    ],
  ] as const) {
    test(name, () => expect(ask(asked as Also)).toBe(expected))
  }

  test('says what a sign-in has to prove, also where nobody is signed in', () => {
    const at = {
      facts: { method: 'GET', kind: 'navigation', headers: {} },
      tenant: withContext,
      now: 1_000_100,
    } as const
    const requirement = { ...mfa, maxAgeSeconds: 60 }
    for (const who of [null, user]) {
      const stepUp = { authContext: 'mfa', maxAge: 60 }
      expect(decide({ ...at, requirement, session: who })).toMatchObject({ act: 'login', stepUp })
    }
    const nothing = { authContext: null, maxAge: null }
    expect(decide({ ...at, requirement: needs('signed-in'), session: null })).toMatchObject({ stepUp: nothing })
  })
})
