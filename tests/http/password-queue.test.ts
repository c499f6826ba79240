import { expect, test } from 'vitest'
import { createPasswordQueue } from '../../src/http/password-queue.ts'

const fewEnough = async () => null

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
  const all = Array.from({ length: 20 }, (_, index) => look(index === 3 ? 'right' : 'wrong', null, fewEnough))
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
  await expect(look('x', null, fewEnough)).rejects.toThrow('no memory')
  failing = false
  expect(await look('x', null, fewEnough)).toBe('right')
})

test('createPasswordQueue counts only what it has room for: a crowd that is sent away counts for nothing (T54)', async () => {
  let counted = 0
  const looked: string[] = []
  const look = createPasswordQueue(async (password) => {
    looked.push(password)
    return password === 'right'
  })
  const tooMany = async () => {
    counted += 1
    return null
  }
  const found = await Promise.all(Array.from({ length: 60 }, () => look('wrong', null, tooMany)))
  expect([counted, looked.length]).toEqual([8, 8])
  expect(found.filter((each) => each === 'busy')).toHaveLength(52)
  expect(await look('right', null, tooMany)).toBe('right')
})

test('createPasswordQueue does not look where it is one guess too many, nor holds a place for it', async () => {
  let looked = 0
  const look = createPasswordQueue(async () => {
    looked += 1
    return true
  })
  for (let time = 0; time < 20; time += 1) expect(await look('right', null, async () => 30)).toEqual({ wait: 30 })
  expect(looked).toBe(0)
  expect(await look('right', null, async () => null)).toBe('right')
})
