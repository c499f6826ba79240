import assert from 'node:assert/strict'
import { test } from 'vitest'
import { signInError } from '../../src/core/identity/sign-in-error.ts'
import { helpView } from '../../src/pages/help-view.ts'
import type { HelpPage } from '../../src/pages/page.ts'
import { helpPage } from './samples.ts'

const about = (code: number): HelpPage => ({
  ...helpPage,
  topic: { about: 'known', error: signInError(code) ?? assert.fail() },
})
const labels = (page: HelpPage) => helpView(page).actions.map(({ label }) => label)

for (const [code, expected] of [
  [50011, /on a page of its own and sends nobody back/],
  [50105, /may show this on a page of its own/],
] as const) {
  test(`helpView says of ${code} that it stays on Microsoft’s page, and what to copy there`, () => {
    const text = helpView(about(code)).text.join(' ')
    assert.match(text, expected)
    assert.match(text, /Request Id, the Correlation Id and the Timestamp/)
  })
}

test('helpView says nothing of Microsoft’s page where the answer comes to us', () => {
  assert.equal(helpView(about(7000215)).text.length, 1)
})

for (const [code, expected] of [
  [70008, ['Sign in again', 'Go to the start page']],
  [50105, ['Sign in with another account', 'Go to the start page']],
  [16000, ['Sign in again', 'Sign in with another account']],
  [50011, ['Go to the start page']],
] as const) {
  test(`helpView offers after ${code} only what may help`, () => assert.deepEqual(labels(about(code)), expected))
}

test('helpView sets apart what is to be typed', () => {
  const parts = helpView(about(50011)).explanation?.flatMap((term) => term.parts) ?? []
  assert.ok(parts.some(({ text, code }) => code && text === 'sallyport urls'))
  assert.ok(parts.every(({ text }) => !text.includes('`')))
})

test('helpView names the code to whoever helps, and nobody where nobody is named', () => {
  const mail = new URL(helpView(about(50105)).help?.href ?? '')
  assert.match(mail.searchParams.get('body') ?? '', /Code: AADSTS50105$/)
  assert.equal(helpView({ ...about(50105), support: null }).help, null)
})

test('helpView claims nothing of a code that it does not know', () => {
  const view = helpView({ ...helpPage, topic: { about: 'unknown', code: 99_999 } })
  assert.match(view.text.join(' '), /We cannot say/)
  assert.doesNotMatch(view.text.join(' '), /mostly about/)
  assert.equal(view.explanation, null)
  assert.equal(view.search?.primary, true)
})

test('helpView refuses a link that leads astray, offered or not (T36)', () => {
  for (const link of ['javascript:alert(1)', '//evil.example', '/\\evil.example']) {
    for (const field of ['searchUrl', 'loginUrl', 'otherAccountUrl', 'startUrl'] as const) {
      assert.throws(() => helpView({ ...helpPage, [field]: link }), TypeError)
    }
  }
})
