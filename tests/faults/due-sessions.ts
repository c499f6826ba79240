/** Makes sessions older than they are: as if the provider had been asked about them the better part of an hour ago. */
import { Secret } from '../../src/core/secret.ts'
import { findSessionCookie, verifySessionCookie } from '../../src/session/cookie.ts'
import { createRecords } from '../../src/session/records.ts'
import { createKeyRing } from '../../src/session/seal.ts'
import { createRedisStore } from '../../src/session/store-redis.ts'
import { until } from '../redis.ts'
import type { Place } from './place.ts'

/** The secret of `stageYaml`. */
const ring = createKeyRing([new Secret('a-session-secret-of-the-tests-0123456789abcdef')])
const silent = { info() {}, warn() {}, error() {} }
/** More than `session.revalidate`, and less than what it may be exceeded by while the provider is away. */
const seconds = 3_000

export async function makeDue({ redis }: Place, cookies: readonly string[]): Promise<void> {
  const [server] = redis.servers
  const url = new Secret(`redis://127.0.0.1:${server?.port}`)
  const store = createRedisStore({ url, prefix: 'sallyport', log: silent })
  try {
    await until('the store is there', () => store.ready() === 'ready')
    const records = createRecords(store, ring)
    for (const cookie of cookies) {
      const id = verifySessionCookie(findSessionCookie(cookie) ?? '', ring.cookieKeys) ?? ''
      const name = { tenant: 'payroll', id }
      const found = await records.facts(name)
      if (found.found !== 'facts') throw new Error('the session is not there')
      const facts = { ...found.facts, checkedAt: found.facts.checkedAt - seconds }
      await records.update(name, found.version, { facts, tokens: null })
    }
  } finally {
    await store.close()
  }
}
