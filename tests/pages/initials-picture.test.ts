import { describe, expect, test } from 'vitest'
import { initialsPicture } from '../../src/pages/initials-picture.ts'

const skeleton = (svg: string) => [...svg.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replaceAll(/"[^"]*"/g, '""'))
const plain = initialsPicture({ text: 'AL', colour: '#0369a1' }, 48)

describe('initialsPicture', () => {
  test('initialsPicture draws the letters on the colour, in the size', () => {
    expect(plain).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="48" height="48" .*<\/svg>$/)
    expect(plain).toContain('>AL</text>')
    expect(plain).toContain('fill="#0369a1"')
  })

  test('initialsPicture has no script, no style and no address', () => {
    expect(plain.replace('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(
      /script|style|href|url\(|:\/\/| on\w+=/i,
    )
  })

  for (const text of [
    '<script>alert(1)</script>',
    '"/><image href="x" onerror="1',
    '&lt;',
    "']]>",
    '\u0000\u001b\ud800',
  ]) {
    test(`initialsPicture lets ${JSON.stringify(text)} be text (T91)`, () => {
      const svg = initialsPicture({ text, colour: '#0369a1' }, 48)
      expect(skeleton(svg)).toEqual(skeleton(plain))
      expect(svg).not.toMatch(/\p{Cc}|\p{Cs}|&(?!(?:amp|lt|gt|quot|#39);)/u)
    })
  }
})
