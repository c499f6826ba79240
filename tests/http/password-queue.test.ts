import { expect, test } from 'vitest'
import { createPasswordQueue } from '../../src/http/password-queue.ts'

test('createPasswordQueue looks at one at a time, lets eight wait, and turns the others away', async () => {
  let [now, most] = [0, 0]
  const goOn: (() => void)[] = []
  const look = createPasswordQueue(async (password) => {
    now += 1
    most = Math.max(most, now)
    await new Promise<void>((resolve) => goOn.push(resolve))
    now -= 1
    return password === 'right'
  })
  const all = Array.from({ length: 20 }, (_, index) => look(index === 3 ? 'right' : 'wrong', null))
  const turnedAway = await Promise.all(all.slice(8))
  expect(new Set(turnedAway)).toEqual(new Set(['busy']))
  for (let done = 0; done < 8; done += 1) {
    while (goOn.length === 0) await new Promise((resolve) => setImmediate(resolve))
    goOn.shift()?.()
  }
  expect(await Promise.all(all.slice(0, 8))).toEqual([...Array(3).fill('wrong'), 'right', ...Array(4).fill('wrong')])
  expect(most).toBe(1)
})

test('createPasswordQueue goes on after one that failed', async () => {
  let failing = true
  const look = createPasswordQueue(async () => {
    if (failing) throw new Error('no memory')
    return true
  })
  await expect(look('x', null)).rejects.toThrow('no memory')
  failing = false
  expect(await look('x', null)).toBe('right')
})
