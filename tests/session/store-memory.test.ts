import { randomBytes } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { createRecords } from '../../src/session/records.ts'
import type { Change } from '../../src/session/store.ts'
import { createMemoryStore } from '../../src/session/store-memory.ts'
import { facts, fakeClock, newCookie, readableLog, ring } from './people.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const records = {
  facts: 'facts',
  tokens: 'tokens',
  stub: 'stub',
  names: ['a'],
  ttlSeconds: 3600,
  endsAt: 2_000_000_000,
}

describe('createMemoryStore', () => {
  test('createMemoryStore holds no more than it may: the least recently used makes room, and says so once a minute', async () => {
    const log = readableLog()
    const clock = fakeClock()
    const store = createMemoryStore({ maxSessions: 3, clock, log })
    const heard: Change[] = []
    store.changes.subscribe((change) => heard.push(change))
    for (const key of ['a', 'b', 'c']) await store.create(key, records)
    await store.read('a')
    await store.create('d', records)
    await store.create('e', records)
    expect(await Promise.all(['a', 'b', 'c', 'd', 'e'].map(async (key) => (await store.read(key)) !== null))).toEqual([
      true,
      false,
      false,
      true,
      true,
    ])
    expect(heard).toEqual([
      { what: 'ended', key: 'b' },
      { what: 'ended', key: 'c' },
    ])
    expect(log.lines).toHaveLength(1)
    clock.forward(61)
    await store.create('f', records)
    expect(log.lines[1]).toContain('"evicted":2')
    await store.close()
  })

  test('createMemoryStore gives back every value as it was', async () => {
    const store = createMemoryStore({ maxSessions: 3, clock: fakeClock(), log: readableLog() })
    const values = [
      '',
      '=',
      '!',
      '1.a.b',
      '1.abc.Zm9v',
      '1.abc.Zm9',
      '=a.Zm9v',
      'é',
      `${'x'.repeat(300)}.Zm9v`,
      '.',
      'Zh',
    ]
    for (const [n, value] of values.entries()) {
      await store.create(`${n}`, { ...records, facts: value, tokens: value })
      expect(await store.read(`${n}`)).toEqual({ version: 1, value })
      expect(await store.readTokens(`${n}`)).toEqual({ version: 1, value })
    }
    await store.close()
  })

  test('createMemoryStore lets a session expire and announces it', async () => {
    const clock = fakeClock()
    const store = createMemoryStore({ maxSessions: 3, clock, log: readableLog() })
    const heard: Change[] = []
    store.changes.subscribe((change) => heard.push(change))
    await store.create('a', records)
    clock.forward(3600)
    expect(await store.read('a')).toBeNull()
    expect(heard).toEqual([{ what: 'ended', key: 'a' }])
    await store.close()
  })

  test('createMemoryStore needs at most 2 KB for an idle session of ordinary size', async () => {
    const count = 20_000
    const store = createMemoryStore({ maxSessions: count, clock: fakeClock(), log: readableLog() })
    const keeper = createRecords(store, ring)
    const person = facts({
      groups: Array.from({ length: 3 }, (_, n) => `bbbbbbbb-0000-4000-8000-00000000000${n}`),
      startedAt: 1_800_000_000,
    })
    const login = () => ({
      facts: person,
      tokens: { loginHint: randomBytes(75).toString('base64url'), refreshToken: null },
    })
    const create = () =>
      keeper.create({ tenant: 'payroll', id: newCookie().id }, login(), { ttlSeconds: 3600, endsAt: 1_800_036_000 })
    for (let warm = 0; warm < 100; warm++) await create()
    const before = await heapUsed()
    for (let n = 0; n < count - 100; n++) await create()
    const each = ((await heapUsed()) - before) / (count - 100)
    console.log(`memory per idle session: ${Math.round(each)} bytes`)
    expect(each).toBeLessThan(2048)
    await store.close()
  })
})

async function heapUsed(): Promise<number> {
  // Buffers are given back in a second round.
  for (let round = 0; round < 4; round++) {
    collectGarbage()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed: heap, external } = process.memoryUsage()
  return heap + external
}
