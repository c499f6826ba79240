import { expect, test } from 'vitest'
import { html } from '../../src/emulator/html.ts'

test('html escapes text, in elements and in attributes, and nothing twice', () => {
  const name = `<i>"O'Neil" & co</i>`
  const inner = html`<b title="${name}">${name}</b>`
  const escaped = '&lt;i&gt;&quot;O&#39;Neil&quot; &amp; co&lt;/i&gt;'
  expect(html`<p>${inner}${[inner]}${null}${1}</p>`.text).toBe(
    `<p><b title="${escaped}">${escaped}</b><b title="${escaped}">${escaped}</b>1</p>`,
  )
})
