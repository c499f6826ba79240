import { describe, expect, test } from 'vitest'
import { createPictureCache } from '../../src/session/picture-cache.ts'

describe('createPictureCache', () => {
  test('find gives what was kept, as long as it counts', () => {
    let now = 100
    const cache = createPictureCache<string>(10_000, () => now)
    cache.keep('a', 'of a', { bytes: 100, seconds: 10 })
    cache.keep('b', 'of b', { bytes: 100, seconds: 20 })
    now = 109
    expect([cache.find('a'), cache.find('b'), cache.find('c')]).toEqual(['of a', 'of b', undefined])
    now = 110
    expect([cache.find('a'), cache.find('b')]).toEqual([undefined, 'of b'])
  })

  test('keep makes room by what nobody has asked for the longest, also for entries without bytes (T88)', () => {
    const cache = createPictureCache<string>(10_000, () => 0)
    for (const key of ['a', 'b', 'c']) cache.keep(key, key, { bytes: 2_500, seconds: 10 })
    cache.find('a')
    cache.keep('d', 'd', { bytes: 2_500, seconds: 10 })
    expect(['a', 'b', 'c', 'd'].map((key) => cache.find(key))).toEqual(['a', undefined, 'c', 'd'])
    for (let place = 0; place < 1_000; place += 1) cache.keep(`none ${place}`, '', { bytes: 0, seconds: 10 })
    const left = Array.from({ length: 1_000 }, (_, place) => cache.find(`none ${place}`))
    expect(left.filter((each) => each !== undefined).length).toBe(Math.floor(10_000 / 512))
    expect(cache.find('a')).toBe(undefined)
  })

  test('keep leaves out what is larger than everything may be', () => {
    const cache = createPictureCache<string>(10_000, () => 0)
    cache.keep('a', 'a', { bytes: 20_000, seconds: 10 })
    expect(cache.find('a')).toBe(undefined)
  })
})
