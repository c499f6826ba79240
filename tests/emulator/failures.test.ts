import { expect, test } from 'vitest'
import { directoryId } from '../../src/emulator/directory.ts'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { createFailures } from '../../src/emulator/failures.ts'
import { createBrowser, redeem, refresh, signIn } from './client.ts'

test('throttle counts requests in a stretch of time, and starts anew in the next', () => {
  let now = 100
  const failures = createFailures(() => now)
  failures.throttle('graph', { requests: 2, seconds: 10 })
  const ask = () => failures.take('graph', '/v1.0/me')
  const tooMany = { kind: 'status', status: 429, headers: { 'Retry-After': '7' } }
  expect([ask(), ask()]).toEqual([null, null])
  now = 103
  expect(ask()).toEqual(tooMany)
  now = 110
  expect([ask(), ask()]).toEqual([null, null])
  failures.throttle('graph', null)
  expect(ask()).toBeNull()
  expect(failures.requests('graph')).toBe(6)
})

test('throttle answers 429 with Retry-After at the token endpoint (90055) and at Graph, until recover', async () => {
  let clock = 1_800_000_000
  const emulator = await startEmulator({ now: () => clock })
  const scope = 'openid offline_access User.Read'
  const code = await signIn(createBrowser(), emulator.origin, 'uwe@contoso.example', { scope })
  const { body } = await redeem(emulator.origin, code)
  emulator.control.throttle('token', { requests: 1, seconds: 10 })
  expect((await refresh(emulator.origin, body.refresh_token)).status).toBe(200)
  const refused = await refresh(emulator.origin, body.refresh_token)
  expect([refused.status, refused.headers.get('retry-after'), refused.body.error_codes]).toEqual([429, '10', [90055]])
  clock += 10
  expect((await refresh(emulator.origin, body.refresh_token)).status).toBe(200)

  const headers = { authorization: `Bearer ${body.access_token}` }
  const me = () => fetch(`${emulator.origin}/v1.0/me`, { headers })
  emulator.control.throttle('graph', { requests: 1, seconds: 30 })
  expect((await me()).status).toBe(200)
  const second = await me()
  expect([second.status, second.headers.get('retry-after')]).toEqual([429, '30'])
  expect(await second.json()).toMatchObject({ error: { code: 'TooManyRequests' } })
  emulator.control.recover()
  expect((await me()).status).toBe(200)

  emulator.control.throttle('discovery', { requests: 0, seconds: 5 })
  const metadata = await fetch(`${emulator.origin}/${directoryId}/v2.0/.well-known/openid-configuration`)
  expect([metadata.status, metadata.headers.get('retry-after')]).toEqual([429, '5'])
  await emulator.close()
})
