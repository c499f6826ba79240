import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readPath } from '../../src/core/request/path.ts'
import { paths } from '../corpus/paths.ts'

const read = (raw: string) => {
  const result = readPath(raw)
  return 'refused' in result ? result.refused : [...result.readings]
}

describe('readPath', () => {
  for (const { raw, reads, refused } of paths) {
    if (refused) {
      test(`refuses ${JSON.stringify(raw)} (T1 to T9, T13, T14)`, () => expect(typeof read(raw)).toBe('string'))
    } else {
      test(`reads ${JSON.stringify(raw)} as ${JSON.stringify(reads)}`, () => {
        const found = read(raw)
        expect(found).toEqual(expect.arrayContaining([...(reads ?? [])]))
        expect(found[0]).toBe(reads?.[0])
      })
    }
  }

  test('gives one reading for what nearly every request has', () => {
    for (const raw of ['/', '/a', '/app/list', '/static/js/app.min.js', '/api/v1/users/42/'])
      expect(read(raw)).toEqual([raw])
  })

  test('never gives a reading with a dot segment, a backslash or a control character', () => {
    const piece = fc.constantFrom(
      '/',
      '.',
      '..',
      ';',
      '%2e',
      '%2F',
      '%5c',
      '%',
      '25',
      'a',
      'B',
      ' ',
      '%20',
      '%00',
      '//',
      '(S(x))',
      '%3b',
      '%c0%ae',
      '\\',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const result = readPath(`/${pieces.join('')}`)
        if ('refused' in result) return
        for (const path of result.readings) {
          expect(path).not.toMatch(/(?:^|[/\ue000])\.{1,2}(?:[/\ue000]|$)|\\|[\x00-\x1f\x7f]|^\/\//)
          expect(path.startsWith('/')).toBe(true)
        }
      }),
      { numRuns: 3_000 },
    )
  })

  test('finds the same readings whatever the case of the hex digits', () => {
    const piece = fc.constantFrom('/', 'a', ';', '%2f', '%c3%a9', '%3b', '%20', '.')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const raw = `/a${pieces.join('')}`
        expect(read(raw)).toEqual(read(raw.replace(/%../g, (hex) => hex.toUpperCase())))
      }),
    )
  })

  test('never looks at more than 64 readings, however many foldings a path invites', () => {
    const greedy = read(`/${'(S(x))/a;b%2Fc//d.%20%23%EF%BC%8F%E2%80%8B%2541/'.repeat(100)}x`)
    expect(typeof greedy === 'string' || greedy.length <= 64).toBe(true)
    expect(Array.isArray(read(`/${'a'.repeat(8_000)}`))).toBe(true)
    expect(read(`/${'a.'.repeat(4_000)}%`)).toBe('escape')
  })
})
