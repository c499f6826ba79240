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

  test('stands still for no number of dots and blanks: far more than a path may have are read in moments (T89)', () => {
    for (const many of ['.'.repeat(150_000), '%20'.repeat(150_000)])
      expect(read(`/${many}x`)).toContain(`/${decodeURIComponent(many)}x`)
  }, 5_000)

  test('never looks at more than 64 readings, however many foldings a path invites', () => {
    const greedy = read(`/${'(S(x))/a;b%2Fc//d.%20%23%EF%BC%8F%E2%80%8B%2541/'.repeat(100)}x`)
    expect(typeof greedy === 'string' || greedy.length <= 64).toBe(true)
    expect(Array.isArray(read(`/${'a'.repeat(8_000)}`))).toBe(true)
    expect(read(`/${'a.'.repeat(4_000)}%`)).toBe('escape')
  })
})
