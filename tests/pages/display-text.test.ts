import assert from 'node:assert/strict'
import { test } from 'vitest'
import { displayText } from '../../src/pages/display-text.ts'
import { hostileTexts } from './samples.ts'

for (const [name, value, expected] of [
  ['leaves names of any script as they are', 'Zoë Björkqvist 山田太郎 עברית नेहा', 'Zoë Björkqvist 山田太郎 עברית नेहा'],
  ['leaves markup to the escaping of the template', '<b>&amp;</b>', '<b>&amp;</b>'],
  ['makes one line of several', 'a\r\nb\tc\u2028d\u2029e\u0085f', 'a b c d e f'],
  ['turns NUL and escape characters into blanks', 'a\u0000b\u001b[31mc\u007fd', 'a b [31mc d'],
  ['drops marks that turn the direction of text', 'a\u202eb\u202c\u2066c\u2069\u200e\u200f\u061cd', 'abcd'],
  ['drops what nobody can see', 'a\u200bb\ufeffc\u2060d\u00ade\u{e0041}f', 'abcdef'],
  [
    'keeps the joiners that scripts and emoji need',
    'می\u200cخواهم \u{1f468}\u200d\u{1f469}',
    'می\u200cخواهم \u{1f468}\u200d\u{1f469}',
  ],
  ['replaces half characters', 'a\ud800b', 'a\ufffdb'],
  ['trims blanks', '  a   b  ', 'a b'],
  ['makes nothing of blanks alone', ' \u0000\u202e ', ''],
  ['keeps 200 characters', 'a'.repeat(200), 'a'.repeat(200)],
  ['cuts after 200 characters', 'a'.repeat(201), `${'a'.repeat(199)}…`],
  ['never cuts through a character', '\u{1f600}'.repeat(300), `${'\u{1f600}'.repeat(199)}…`],
] as const) {
  test(`displayText ${name}`, () => assert.equal(displayText(value), expected))
}

test('displayText keeps every hostile text on one short line (T91)', () => {
  for (const value of hostileTexts) {
    const shown = displayText(value)
    assert.ok([...shown].length <= 200)
    assert.doesNotMatch(shown, /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u)
  }
})

test('displayText looks at a bounded part of a huge value', () => {
  const started = performance.now()
  displayText('\u202e'.repeat(20_000_000))
  assert.ok(performance.now() - started < 1_000)
})
