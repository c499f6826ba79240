import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeHeaderValue } from '../../src/core/answer/encoding.ts'

const name = 'Zoë Björk-Łukasiewicz 山田 🌲'
const all = ['utf8', 'latin1', 'percent', 'rfc2047', 'base64'] as const

describe('encodeHeaderValue', () => {
  test('writes UTF-8 byte for byte', () => {
    expect(Buffer.from(encodeHeaderValue(name, 'utf8') ?? '', 'latin1').toString('utf8')).toBe(name)
  })
  test('writes Latin-1 with a question mark for what it lacks', () => {
    expect(encodeHeaderValue(name, 'latin1')).toBe('Zoë Björk-?ukasiewicz ?? ?')
  })
  test('percent-encodes so that it can be decoded', () => {
    expect(decodeURIComponent(encodeHeaderValue(`100% ${name}`, 'percent') ?? '')).toBe(`100% ${name}`)
  })
  test('writes Base64 of UTF-8', () => {
    expect(Buffer.from(encodeHeaderValue(name, 'base64') ?? '', 'base64').toString('utf8')).toBe(name)
  })
  test('writes RFC 2047 words of at most 75 characters, and plain ASCII as it is', () => {
    const words = (encodeHeaderValue(name.repeat(4), 'rfc2047') ?? '').split(' ')
    for (const word of words) expect(word.length).toBeLessThanOrEqual(75)
    const text = words.map((word) => Buffer.from(word.slice(10, -2), 'base64').toString('utf8')).join('')
    expect(text).toBe(name.repeat(4))
    expect(encodeHeaderValue('Ada', 'rfc2047')).toBe('Ada')
  })
  test('refuses control characters in every encoding (T28)', () => {
    for (const encoding of all)
      for (const bad of ['a\r\nb', 'a\nb', 'a\0b', 'a\x7fb']) expect(encodeHeaderValue(bad, encoding)).toBeNull()
  })
  test('never gives what a header cannot carry', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom(...all), (text, encoding) => {
        const value = encodeHeaderValue(text, encoding)
        if (value !== null) expect(value).toMatch(/^[\x20-\x7e\x80-\xff]*$/)
      }),
    )
  })
})
