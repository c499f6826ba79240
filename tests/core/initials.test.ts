import { describe, expect, test } from 'vitest'
import { initialsColours, initialsOf } from '../../src/core/identity/initials.ts'

describe('initialsOf', () => {
  for (const [name, expected] of [
    ['Ada Lovelace', 'AL'],
    ['  ada   king of lovelace ', 'AL'],
    ['Lovelace, Ada', 'AL'],
    ['Lovelace, Ada (Research)', 'AL'],
    ['Ada Lovelace (Extern)', 'AL'],
    ['Zoë Björk-Łukasiewicz', 'ZB'],
    ['Zoë Björk-Łukasiewicz 山田', 'Z山'],
    ['山田太郎', '山'],
    ['Éva', 'É'],
    ['E\u0301va', 'É'],
    ['Ωμέγα ßeta', 'ΩSS'],
    ['uwe@contoso.example', 'U'],
    ['ada.lovelace@contoso.example', 'AL'],
    ['Team 4', 'T4'],
    ['Cher', 'C'],
    ["O'Neil", 'O'],
    ['<script> &amp;', 'SA'],
    ['"> \u202e', '?'],
    ['🦊', '?'],
    ['', '?'],
    [`a${'\u0301'.repeat(200)}`, 'Á\u0301'],
    [`${'x'.repeat(100_000)} y`, 'X'],
  ] as const) {
    test(`initialsOf makes ${expected} of ${JSON.stringify(name.slice(0, 40))}`, () => {
      expect(initialsOf(name, 'key').text).toBe(expected)
    })
  }

  test('initialsOf gives a person one colour, whatever their name, and people different ones', () => {
    expect(initialsOf('Ada', 'a').colour).toBe(initialsOf('Ada King', 'a').colour)
    const all = Array.from({ length: 200 }, (_, place) => initialsOf('Ada', `person-${place}`).colour)
    expect(new Set(all)).toEqual(new Set(initialsColours))
  })

  for (const colour of initialsColours) {
    test(`initialsOf has white letters that can be read on ${colour}`, () => {
      expect(contrastToWhite(colour)).toBeGreaterThanOrEqual(4.5)
    })
  }
})

/** https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
function contrastToWhite(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
}
