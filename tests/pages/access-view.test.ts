import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { accessView } from '../../src/pages/access-view.ts'
import { accessPage, hostileTexts } from './samples.ts'

const textOf = (parts: readonly { readonly text: string }[]) => parts.map(({ text }) => text).join('')
const found = (request: typeof accessPage.request) => accessView({ ...accessPage, request }).access?.found
const { request } = accessPage
if (request === null) throw new Error('the sample has a request')

describe('accessView', () => {
  test('accessView says what gave each role, and of the others how many there are', () => {
    const { access } = accessView(accessPage)
    assert.deepEqual(
      access?.roles.map(({ term, parts }) => [term, textOf(parts)]),
      [['user', 'from your group bbbbbbbb-1111-2222-3333-444444444444, from your app role Payroll.User']],
    )
    assert.equal(access?.others, 'This application knows 1 group and 2 app roles more, which are not yours.')
  })

  test('accessView takes marks that deceive the eye out of the mail that asks for access (T91)', () => {
    const person = { ...accessPage.person, objectId: 'id\u202e\r\nBcc: x' }
    const { help } = accessView({ ...accessPage, support: 'it@contoso.example', person })
    const body = new URL(help?.href ?? '').searchParams.get('body') ?? ''
    assert.match(body, /\r\nObject ID: id ?Bcc: x$/)
  })

  test('accessView says when there is no role, and whether one is needed', () => {
    const without = { ...accessPage, roles: [], matched: [], unmatched: { groups: 1, appRoles: 0 } }
    assert.equal(
      accessView({ ...without, admitted: false }).access?.others,
      'You have no role here. This application knows 1 group more, which is not yours.',
    )
    const none = { ...without, admitted: true, unmatched: { groups: 0, appRoles: 0 } }
    assert.equal(accessView(none).access?.others, 'You need no role here.')
  })

  test('accessView says of a route what it asks for, for every way in which the path may be read', () => {
    const shown = found(request)
    assert.equal(shown?.title, 'This page is not open to you')
    const terms = Object.fromEntries(shown?.terms.map(({ term, parts }) => [term, textOf(parts)]) ?? [])
    assert.deepEqual(terms, {
      'You asked about': 'GET /Admin;x=1',
      'May also be read as': '/Admin',
      Route: '/admin and below, for GET',
      'It asks for':
        'the role admin; and one of the roles user, auditor; and a stronger sign-in, approved, at most 10 hours old; and a sign-in that is at most 10 minutes old',
      Result:
        'You are signed in, but this page needs a role that you do not have. Ask for the role, or sign in with another account.',
    })
  })

  test('accessView says so when a page is open, refused without a reading, or ours', () => {
    const verdict = { act: 'forward', reason: null, identity: true } as const
    assert.equal(found({ ...request, verdict })?.title, 'This page is open to you')
    const refused = { at: 'refused', reason: 'path_refused', detail: 'dot-segment' } as const
    const terms = found({ ...request, readings: [], located: refused, verdict: null })?.terms
    assert.deepEqual(
      terms?.map(({ term }) => term),
      ['Result'],
    )
    const ours = { at: 'endpoint', endpoint: 'login' } as const
    assert.equal(
      found({ ...request, located: ours, verdict: null })?.title,
      'This address belongs to the sign-in service',
    )
  })

  for (const hostile of hostileTexts) {
    test(`accessView takes ${JSON.stringify(hostile.slice(0, 30))} for text (T91)`, () => {
      const person = { ...accessPage.person, name: hostile, username: hostile, provider: hostile }
      const view = accessView({
        ...accessPage,
        person,
        support: hostile,
        request: { ...request, readings: ['/', hostile] },
      })
      assert.doesNotMatch(JSON.stringify(view), /[\u202a-\u202e\u2066-\u2069\u200b\u0000\u001b]/)
    })
  }

  test('accessView refuses a link that leads astray (T36)', () => {
    assert.throws(() => accessView({ ...accessPage, askUrl: '//evil.example' }), TypeError)
    assert.throws(() => accessView({ ...accessPage, otherAccountUrl: 'javascript:alert(1)' }), TypeError)
  })
})
