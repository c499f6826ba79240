import { expect, test } from 'vitest'
import { createTurns } from '../../src/oidc/turns.ts'

/** Work that ends when the test says so. */
function workshop(atOnce: number) {
  const begun: string[] = []
  const ends = new Map<string, (failed?: Error) => void>()
  const turns = createTurns<string>(atOnce, (subject) => {
    begun.push(subject)
    return new Promise<void>((resolve, reject) => {
      ends.set(subject, (failed) => (failed === undefined ? resolve() : reject(failed)))
    })
  })
  const end = async (subject: string, failed?: Error) => {
    ends.get(subject)?.(failed)
    // The next turn begins in the microtasks that follow.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { turns, begun, end }
}

test('want works on a few at a time, in order, and goes on after a failure', async () => {
  const { turns, begun, end } = workshop(2)
  for (const subject of ['a', 'b', 'c', 'd', 'c']) turns.want(subject)
  expect(begun).toEqual(['a', 'b'])
  await end('b', new Error('away'))
  expect(begun).toEqual(['a', 'b', 'c'])
  await end('a')
  expect(begun).toEqual(['a', 'b', 'c', 'd'])
  await end('c')
  await end('d')
  expect(begun).toHaveLength(4)
  turns.want('a')
  expect(begun).toHaveLength(5)
})

test('drop and keepOnly take out what has not begun', async () => {
  const { turns, begun, end } = workshop(1)
  for (const subject of ['a', 'b', 'c', 'd']) turns.want(subject)
  turns.drop('b')
  turns.keepOnly(new Set(['d']))
  await end('a')
  expect(begun).toEqual(['a', 'd'])
  await end('d')
  expect(begun).toEqual(['a', 'd'])
})
