import assert from 'node:assert/strict'
import { test } from 'vitest'
import { createPages } from '../../src/pages/render.ts'
import { signInView } from '../../src/pages/sign-in-view.ts'
import { hostileTexts, signInPage } from './samples.ts'

const pages = createPages()

test('signInView shows the ways in their order, each with the initial of its last word', () => {
  const way = (label: string) => ({ label, loginUrl: '/.auth/login' })
  const labels = ['Sign in with Contoso', 'fabrikam', 'Mit Ärzte-Ausweis', '(partners)', '山田', '!']
  const { choice } = signInView({ ...signInPage, ways: labels.map(way) })
  assert.deepEqual(
    choice?.ways.map(({ label }) => label),
    labels,
  )
  assert.deepEqual(
    choice?.ways.map(({ initial }) => initial),
    ['C', 'F', 'Ä', 'P', '山', ''],
  )
})

test('signInView says that an address is not known, and has no field where no way is found by one', () => {
  assert.match(signInView({ ...signInPage, unknownEmail: true }).title, /not known/)
  assert.doesNotMatch(pages.render({ ...signInPage, form: null }), /<form/)
  assert.match(pages.contentSecurityPolicyFor({ ...signInPage, form: null }), /form-action 'self';/)
  assert.match(
    pages.contentSecurityPolicyFor(signInPage),
    /form-action 'self' https: https:\/\/login\.microsoftonline\.com;/,
  )
})

test('signInView refuses links that lead astray (T36)', () => {
  for (const link of ['javascript:alert(1)', '//evil.example', 'https://evil.example/', '/\\evil.example']) {
    assert.throws(() => signInView({ ...signInPage, ways: [{ label: 'x', loginUrl: link }] }), TypeError)
    assert.throws(() => signInView({ ...signInPage, form: { actionUrl: link, kept: [], formOrigins: [] } }), TypeError)
  }
})

test('signInView keeps what goes along byte for byte, and escaped (T91)', () => {
  for (const text of hostileTexts) {
    const html = pages.render({
      ...signInPage,
      form: { actionUrl: '/x', kept: [['return_to', text]], formOrigins: [] },
    })
    const value = /name="return_to" value="([^"]*)"/.exec(html)?.[1] ?? assert.fail()
    assert.doesNotMatch(value, /[<>]/)
  }
})
