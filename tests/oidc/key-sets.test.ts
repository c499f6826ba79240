import type { CustomFetch } from 'openid-client'
import { expect, test } from 'vitest'
import { keySetsOnce } from '../../src/oidc/key-sets.ts'

const forKeys = { method: 'GET', headers: { accept: 'application/json, application/jwk-set+json' } }
const forElse = { method: 'GET', headers: { accept: 'application/json' } }
const options = (of: typeof forKeys) => ({ ...of, body: undefined, redirect: 'manual' as const })

/** Counts, and answers as the test says. */
function counted(answer: (n: number) => Response | Promise<Response>) {
  let now = 0
  let asked = 0
  const ask: CustomFetch = async () => answer(++asked)
  const once = keySetsOnce(ask, () => now)
  return {
    asked: () => asked,
    forward: (milliseconds: number) => {
      now += milliseconds
    },
    get: async (url = 'https://login.example/keys', of = forKeys) => await (await once(url, options(of))).text(),
  }
}

test('keySetsOnce asks once for a crowd, and gives each the whole answer (T59)', async () => {
  const { asked, get } = counted((n) => Response.json({ keys: [], n }))
  expect(new Set(await Promise.all(Array.from({ length: 500 }, () => get())))).toEqual(new Set(['{"keys":[],"n":1}']))
  // Whoever asks afterwards may need what is new since.
  expect(await get()).toBe('{"keys":[],"n":2}')
  expect(asked()).toBe(2)
})

test('keySetsOnce shares a failure for a second, and asks again then', async () => {
  const { asked, get, forward } = counted((n) => (n === 1 ? Promise.reject(new Error('away')) : Response.json({ n })))
  const all = await Promise.allSettled(Array.from({ length: 50 }, () => get()))
  expect(all.every(({ status }) => status === 'rejected')).toBe(true)
  await expect(get()).rejects.toThrow('away')
  forward(1_000)
  expect(await get()).toBe('{"n":2}')
  expect(asked()).toBe(2)
})

test('keySetsOnce leaves everything else alone, and another address', async () => {
  const { asked, get } = counted((n) => Response.json({ n }))
  await Promise.all([get(), get('https://login.example/keys', forElse), get('https://login.example/keys', forElse)])
  expect(asked()).toBe(3)
  expect(await get('https://login.example/other')).toBe('{"n":4}')
})
