import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'vitest'

const css = readFileSync(new URL('../../src/pages/style.css', import.meta.url), 'utf8')
const [light = '', dark = ''] = [...css.matchAll(/:root \{([^}]*)\}/g)].map(([, body]) => body)
const palettes = { light: readColours(light), dark: { ...readColours(light), ...readColours(dark) } }

/** Text, its ground, and the least contrast (WCAG 2.2: 1.4.3 for text, 1.4.11 for the marks of controls). */
const pairs = [
  ['ink', 'card', 4.5],
  ['ink', 'well', 4.5],
  ['muted', 'card', 4.5],
  ['muted', 'well', 4.5],
  ['accent', 'card', 4.5],
  ['accent-hover', 'card', 4.5],
  ['accent-hover', 'well', 4.5],
  ['on-accent', 'accent', 4.5],
  ['on-accent', 'accent-hover', 4.5],
  ['focus', 'card', 3],
  ['focus', 'page', 3],
] as const

for (const [name, palette] of Object.entries(palettes)) {
  describe(name, () => {
    for (const [text, ground, least] of pairs) {
      test(`the ${name} palette has contrast ${least} for ${text} on ${ground}`, () => {
        const contrast = contrastOf(palette[text] ?? '', palette[ground] ?? '')
        assert.ok(contrast >= least, `${contrast.toFixed(2)}`)
      })
    }
  })
}

test('the dark palette says every colour anew', () => {
  assert.deepEqual(Object.keys(readColours(dark)), Object.keys(readColours(light)))
})

test('the style takes its colours from the palette', () => {
  const rules = css.replace(/:root \{[^}]*\}/g, '')
  assert.doesNotMatch(rules, /#[0-9a-f]{3,8}\b/i)
  for (const [, variable] of rules.matchAll(/var\(--([\w-]+)\)/g)) assert.ok(variable && variable in palettes.light)
})

test('the style loads nothing and cannot end its element', () => {
  assert.doesNotMatch(css, /url\(|@import|@font-face|<\/|<!--/i)
})

function readColours(body: string): Record<string, string> {
  return Object.fromEntries([...body.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)].map(([, key, value]) => [key, value]))
}

function contrastOf(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (high + 0.05) / (low + 0.05)
}

/** Relative luminance of WCAG 2.2. */
function luminance(colour: string): number {
  assert.match(colour, /^#[0-9a-f]{6}$/)
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
