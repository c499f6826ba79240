import assert from 'node:assert/strict'
import { test } from 'vitest'
import { outcomes } from '../../src/core/answer/outcomes.ts'
import { frameView, signedOutView, signOutView } from '../../src/pages/session-views.ts'
import { framePage, signedOutPage, signOutPage } from './samples.ts'

test('signedOutView says that nobody is signed in any more only where that is so', () => {
  assert.equal(signedOutView(signedOutPage).title, 'You are signed out')
  const halfway = signedOutView({ ...signedOutPage, complete: false })
  assert.notEqual(halfway.title, 'You are signed out')
  assert.match(halfway.text.join(' '), /may still know you/)
})

test('signedOutView offers to sign in again', () => {
  assert.deepEqual(signedOutView(signedOutPage).actions, [{ label: 'Sign in again', href: signedOutPage.loginUrl }])
})

test('signOutView asks by a form and offers a way back', () => {
  const view = signOutView(signOutPage)
  assert.equal(view.formAction, signOutPage.actionUrl)
  assert.deepEqual(view.actions, [{ label: 'Stay signed in', href: '/' }])
})

test('frameView has the title of the outcome that it stands for', () => {
  assert.equal(frameView(framePage).title, outcomes.login_required.title)
})

for (const [name, make] of [
  ['signedOutView', (link: string) => signedOutView({ ...signedOutPage, loginUrl: link })],
  ['signOutView', (link: string) => signOutView({ ...signOutPage, actionUrl: link })],
  ['frameView', (link: string) => frameView({ ...framePage, loginUrl: link })],
] as const) {
  test(`${name} refuses a link that leads astray (T36)`, () => {
    for (const link of ['javascript:alert(1)', '//evil.example', '/\\evil.example', 'data:text/html,x']) {
      assert.throws(() => make(link), TypeError)
    }
  })
}
