import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { signedValue } from '../../src/session/cookie.ts'
import { createKeyRing, storeKey } from '../../src/session/seal.ts'
import { sid } from '../http/scene.ts'
import { startTwoGateways, type TwoGateways } from '../http/two-gateways.ts'
import { redisMissing, until } from '../redis.ts'
import { createVisitor } from '../visitor.ts'
import { attack } from './attack.ts'

/** Sealed under a session's key, each in the place of another. */
const kinds = ['facts', 'tokens', 'stub'] as const

describe.skipIf(redisMissing())('somebody who reads and writes Redis', () => {
  let gateways: TwoGateways
  /** Cookie headers at the payroll. */
  let ada: string
  let uwe: string
  beforeAll(async () => {
    gateways = await startTwoGateways()
  })
  afterAll(() => gateways.close())
  beforeEach(async () => {
    ada = await signedIn('ada@contoso.example')
    uwe = await signedIn('uwe@contoso.example')
  })
  afterEach(async () => {
    // What was put there stays nobody's.
    await gateways.redis.client.flushall()
  })

  async function signedIn(username: string): Promise<string> {
    const visitor = createVisitor()
    const cookie = await gateways.signIn(visitor, 'payroll', username)
    visitor.close()
    return cookie
  }

  const idOf = (cookie: string) => cookie.slice(`${sid}=s%3A`.length, `${sid}=s%3A`.length + 22)
  const nameOf = (cookie: string) => storeKey(idOf(cookie))
  const keyOf = (name: string, kind: string) => `two:{${name}}:${kind}`

  /** Writes it, and says so as a replica would, so that nobody goes by what they remember. */
  async function plant(name: string, kind: string, value: string): Promise<void> {
    await gateways.redis.client.set(keyOf(name, kind), value)
    await gateways.redis.client.publish('two:changed', `u${name}`)
  }

  /** Whom both gateways take this cookie for, once they have heard of the change. */
  async function seenAs(cookie: string): Promise<readonly string[]> {
    const visitor = createVisitor()
    const host = new URL(gateways.origin('payroll')).host
    const ports = [Number(new URL(gateways.origin('payroll')).port), gateways.secondPort]
    const found: string[] = []
    for (const port of ports) {
      const reply = await visitor.ask(`http://127.0.0.1:${port}/x`, { headers: { host, cookie } })
      const told = reply.status === 200 ? JSON.parse(reply.body).headers : {}
      found.push(
        reply.status === 200
          ? String(told['x-forwarded-preferred-username'] ?? told['x-forwarded-user'])
          : String(reply.status),
      )
    }
    visitor.close()
    return found
  }

  async function refused(cookie: string, what: string): Promise<void> {
    await until(`${what} is refused`, async () => {
      const seen = await seenAs(cookie)
      for (const each of seen) expect(each, what).not.toMatch(/^5(?!03)/)
      return seen.every((each) => each === '401' || each === '503')
    })
  }

  attack(['T80', 'T122'], 'signs nobody in with anything that stands there, as a cookie or as an id', async () => {
    const { client } = gateways.redis
    const found = new Set<string>()
    for (const key of await client.keys('*')) {
      const type = await client.type(key)
      const members =
        type === 'set'
          ? await client.smembers(key)
          : type === 'zset'
            ? await client.zrange(key, '0', '-1')
            : [(await client.get(key)) ?? '']
      for (const text of [key, ...members])
        for (const part of [text, ...text.split(/[:{} .]/)]) if (part.length > 8) found.add(part)
    }
    expect(found.size).toBeGreaterThan(10)
    const [real] = await seenAs(ada)
    // Not even by somebody who has the secret as well, and can sign whatever stands there.
    const [signing = ''] = createKeyRing([new Secret('a-session-secret-of-the-tests-0123456789abcdef')]).cookieKeys
    expect(ada).toBe(`${sid}=${signedValue(idOf(ada), signing)}`)
    expect(real).not.toBe('401')
    for (const text of found) {
      const id = text.slice(0, 22)
      for (const value of [
        encodeURIComponent(text),
        signedValue(id, signing),
        signedValue(text, signing),
        encodeURIComponent(`s:${text}`),
      ]) {
        expect(await seenAs(`${sid}=${value}`), text).toEqual(['401', '401'])
      }
    }
  })

  attack('T122', 'gains nothing by putting one record in the place of another', async () => {
    const { client } = gateways.redis
    const [adas, uwes] = [nameOf(ada), nameOf(uwe)]
    for (const kind of kinds) {
      const other = (await client.get(keyOf(adas, kind))) ?? ''
      const own = (await client.get(keyOf(uwes, 'facts'))) ?? ''
      await plant(uwes, 'facts', other)
      await refused(uwe, `the ${kind} of somebody else`)
      await plant(uwes, 'facts', own)
      await until('it is theirs again', async () => !(await seenAs(uwe)).includes('401'))
    }
    // At the other tenant, whose records have other keys: a person of this one is nobody there.
    expect(await gateways.accepts('canteen', uwe)).toEqual([false, false])
  })

  attack(
    'T122',
    'gains nothing by changing a record, at any of its bytes',
    async () => {
      const name = nameOf(uwe)
      const own = (await gateways.redis.client.get(keyOf(name, 'facts'))) ?? ''
      for (let at = 0; at < own.length; at += 1) {
        const other = own[at] === 'A' ? 'B' : 'A'
        await plant(name, 'facts', own.slice(0, at) + other + own.slice(at + 1))
        await refused(uwe, `byte ${at}`)
      }
    },
    120_000,
  )

  for (const [what, value] of [
    ['nothing', ''],
    ['a script', "return redis.call('GET', KEYS[1])"],
    ['a prototype', '{"__proto__":{"admin":true}}'],
    ['a million bytes', 'A'.repeat(1_000_000)],
    ['a version alone', '1 '],
    ['a huge version', `${'9'.repeat(400)} 1.x.y`],
    ['a plain record', `1 ${JSON.stringify({ tenant: 'payroll', objectId: '3c6e0a94-8d1b-4b57-9f20-5e7a1c4d8b36' })}`],
  ] as const) {
    attack('T122', `gains nothing by ${what} in place of a record`, async () => {
      const name = nameOf(uwe)
      await plant(name, 'facts', value)
      await refused(uwe, what)
      expect((await seenAs(ada)).includes('401')).toBe(false)
    })
  }

  attack(['T85', 'T122'], 'only denies by a record of another type, and breaks nothing', async () => {
    const name = nameOf(uwe)
    await gateways.redis.client.del(keyOf(name, 'facts'))
    await gateways.redis.client.hset(keyOf(name, 'facts'), 'a', 'b')
    await gateways.redis.client.publish('two:changed', `u${name}`)
    await refused(uwe, 'a hash')
    expect((await seenAs(ada)).includes('401')).toBe(false)
  })

  attack('T122', 'only denies by what it says on the channel of changes', async () => {
    const before = await seenAs(ada)
    for (const message of [
      '',
      'x',
      'u',
      `u${'A'.repeat(10_000)}`,
      'e*',
      'b',
      'bb 1e999',
      `b${'\u0000'.repeat(9)}`,
      'u__proto__',
    ]) {
      await gateways.redis.client.publish('two:changed', message)
    }
    expect(await seenAs(ada)).toEqual(before)
    // A forged ending ends at most what one replica remembers: the record still stands, and is asked for again.
    await gateways.redis.client.publish('two:changed', `e${nameOf(ada)}`)
    for (const each of await seenAs(ada)) expect([...before, '401', '503']).toContain(each)
  })
})
