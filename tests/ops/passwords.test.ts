import { expect, test } from 'vitest'
import { hashPassword, isPassword } from '../../src/ops/passwords.ts'

test('isPassword knows the password of a hash from every other one, in all spellings of its letters', async () => {
  const hash = await hashPassword('Übung macht den Meister')
  expect(await isPassword('Übung macht den Meister', hash)).toBe(true)
  // As other keyboards send it: letter and dots apart.
  expect(await isPassword('U\u0308bung macht den Meister', hash)).toBe(true)
  expect(await isPassword('übung macht den Meister', hash)).toBe(false)
  expect(await isPassword('', hash)).toBe(false)
})

test('isPassword finds nothing right where there is no hash', async () => {
  expect(await isPassword('correct horse battery staple', null)).toBe(false)
  expect(await isPassword('', null)).toBe(false)
})

test('isPassword leaves the event loop alone while it works', async () => {
  let turns = 0
  let over = false
  const work = isPassword('correct horse battery staple', null).finally(() => {
    over = true
  })
  while (!over) {
    turns += 1
    await new Promise((resolve) => setImmediate(resolve))
  }
  await work
  expect(turns).toBeGreaterThan(10)
})

test('hashPassword salts: two hashes of one password have nothing in common', async () => {
  const [one, two] = await Promise.all([hashPassword('correct horse battery'), hashPassword('correct horse battery')])
  expect(one.split('$').slice(3)).not.toEqual(two.split('$').slice(3))
})
