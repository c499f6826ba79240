import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'vitest'

const room = new URL('../../src/pages/', import.meta.url)
const templates = readdirSync(room).filter((name) => name.endsWith('.eta'))

test('the templates are where this test looks for them', () => assert.ok(templates.includes('layout.eta')))

for (const name of templates) {
  const source = readFileSync(new URL(name, room), 'utf8')

  test(`${name} uses the raw tag only to include, for the body and for the style (T91)`, () => {
    // A text of ours, and nothing of a request in it.
    const checked = name === 'fragment.eta' ? source.replace('<%~ it.script %>', '') : source
    for (const [, raw] of checked.matchAll(/<%[-_]?\s*~\s*(.*?)\s*[-_]?%>/g)) {
      assert.match(raw ?? '', /^(it\.body|it\.style|include\('(person|actions|help-line|explanation|more)'\))$/)
    }
  })

  test(`${name} adds to the document in no other way than by tags (T91)`, () => {
    assert.doesNotMatch(source, /\boutput\(|__eta|\bcapture\(|\bblock\(/)
  })

  test(`${name} puts every value of an attribute into double quotes`, () => {
    assert.doesNotMatch(source, /=\s*<%|='<%/)
  })

  test(`${name} has no script but the one that keeps a fragment, no inline handler, no inline style`, () => {
    const rest = name === 'fragment.eta' ? source.replace('<script><%~ it.script %></script>', '') : source
    assert.doesNotMatch(rest, /<script|\son\w+=|\sstyle=/i)
  })
}
