/** Sessions whose provider is asked again, with a clock that is put forward: real refreshes at the pretend Entra. */
import { afterEach, describe, expect, test } from 'vitest'
import { refreshCodes } from '../../src/core/identity/refresh-table.ts'
import { personas } from '../../src/emulator/people.ts'
import { attack } from '../attacks/attack.ts'
import { until } from '../redis.ts'
import type { StageOptions } from '../stage.ts'
import { createVisitor, navigation, type Reply, signIn, type Visitor } from '../visitor.ts'
import { type ClockedStage, startClockedStage } from './clocked.ts'
import { visit } from './scene.ts'

const uwe = 'uwe@contoso.example'
const interval = 600
const payrollAdministrators = '4f9d2b6a-1c83-4e57-b0a9-7d6e5c4b3a21'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

async function setUp(
  also: StageOptions = {},
  username = uwe,
): Promise<ClockedStage & { visitor: Visitor; refreshes(): number; data(path: string): Promise<Reply> }> {
  const stage = await startClockedStage('revalidate: 10m', also)
  const visitor = createVisitor()
  open.push(stage, visitor)
  await signIn(visitor, `${stage.origin}/`, username)
  const before = stage.emulator.control.requests('token')
  return {
    ...stage,
    visitor,
    refreshes: () => stage.emulator.control.requests('token') - before,
    data: (path) => visitor.ask(stage.origin + path),
  }
}

/** What the application saw of the last request. */
function told(stage: ClockedStage, name: string): unknown {
  return stage.upstream.seen.at(-1)?.headers[name]
}

function events(stage: ClockedStage, event: string): readonly Record<string, unknown>[] {
  return stage.log().filter((line) => line.event === event)
}

describe('confirm', () => {
  test('confirm asks nobody while the word of the provider is fresh', async () => {
    const stage = await setUp()
    stage.forward(interval * 0.79)
    expect((await stage.data('/x')).status).toBe(200)
    expect(stage.refreshes()).toBe(0)
  })

  test('confirm asks in the background from 80 %, and the request does not wait for it', async () => {
    const stage = await setUp()
    stage.forward(interval * 0.85)
    stage.emulator.control.fail('token', { kind: 'delay', milliseconds: 2_000 })
    const began = performance.now()
    expect((await stage.data('/x')).status).toBe(200)
    expect(performance.now() - began).toBeLessThan(1_500)
    await until('it is asked', () => stage.refreshes() === 1)
    await until('it is known', async () => (await stage.metrics()).includes('result="refreshed"} 1'))
    expect((await stage.data('/x')).status).toBe(200)
    stage.forward(interval * 0.5)
    expect((await stage.data('/x')).status).toBe(200)
    expect(stage.refreshes()).toBe(1)
  })

  test('confirm lets nobody through unasked from 100 %, and asks once for all who wait', async () => {
    const stage = await setUp()
    stage.forward(interval)
    const all = await Promise.all(Array.from({ length: 50 }, () => stage.data('/x')))
    expect(all.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200))
    expect(stage.refreshes()).toBe(1)
  })

  test('confirm goes on with the newest refresh token, time after time', async () => {
    const stage = await setUp()
    for (let round = 1; round <= 3; round += 1) {
      stage.forward(interval)
      expect((await stage.data('/x')).status).toBe(200)
      expect(stage.refreshes()).toBe(round)
    }
  })

  test('confirm never asks where the interval is as long as the lifetime', async () => {
    const stage = await setUp({ session: 'revalidate: 10h' })
    for (let at = 0; at < 10 * 3_600 - 1_800; at += 1_800) {
      stage.forward(1_800)
      expect((await stage.data('/x')).status).toBe(200)
    }
    expect(stage.refreshes()).toBe(0)
  })

  test('confirm does not prolong the lifetime', async () => {
    const stage = await setUp()
    for (let at = 0; at < 10 * 3_600 - interval; at += 1_800) {
      expect((await stage.data('/x')).status).toBe(200)
      stage.forward(1_800)
    }
    stage.forward(interval)
    expect((await stage.data('/x')).status).toBe(401)
  })

  test('confirm gives the application the new roles at once, and tells the log', async () => {
    const stage = await setUp()
    expect((await stage.data('/admin')).status).toBe(403)
    stage.emulator.control.changePerson(uwe, { groups: [payrollAdministrators] })
    stage.forward(interval)
    expect((await stage.data('/admin')).status).toBe(200)
    expect(told(stage, 'x-forwarded-roles')).toBe('admin')
    expect(events(stage, 'roles_changed')).toMatchObject([{ before: ['user'], roles: ['admin'], tenant: 'payroll' }])
    stage.emulator.control.changePerson(uwe, { groups: [] })
    stage.forward(interval)
    expect((await stage.data('/x')).status).toBe(403)
    expect(events(stage, 'roles_changed')).toHaveLength(2)
  })

  test('confirm ends the session of somebody whose account is switched off, within the interval', async () => {
    const stage = await setUp()
    stage.emulator.control.changePerson(uwe, { enabled: false })
    stage.forward(interval)
    expect((await stage.data('/x')).status).toBe(401)
    expect(events(stage, 'session_ended')).toMatchObject([
      { reason: 'provider_refused', providerError: 'invalid_grant', providerCode: 'AADSTS50057' },
    ])
    // Not even where he is switched on again: it has ended.
    stage.emulator.control.changePerson(uwe, { enabled: true })
    expect((await stage.data('/x')).status).toBe(401)
    expect((await visit(stage.visitor, `${stage.origin}/x`)).location).not.toContain('prompt=none')
  })

  attack('T107', 'confirm ends the session of somebody who was told of as somebody else', async () => {
    const stage = await setUp()
    stage.emulator.control.forgeNextIdToken({ set: { oid: '3c6e0a94-8d1b-4b57-9f20-5e7a1c4d8b36' } })
    stage.forward(interval)
    expect((await stage.data('/x')).status).toBe(401)
    expect(events(stage, 'session_ended')).toMatchObject([{ reason: 'another_person' }])
  })

  for (const [what, forgery] of [
    ['signed by a key that is not published', { signedBy: 'unpublished-key' }],
    ['for another application', { set: { aud: '11111111-2222-4333-8444-555555555555' } }],
  ] as const) {
    attack('T58', `confirm believes no ID token ${what}, and logs nobody out for it`, async () => {
      const stage = await setUp()
      stage.emulator.control.changePerson(uwe, { groups: [payrollAdministrators] })
      stage.emulator.control.forgeNextIdToken(forgery)
      stage.forward(interval)
      expect((await stage.data('/admin')).status).toBe(403)
      expect((await stage.data('/x')).status).toBe(200)
      expect(events(stage, 'session_not_revalidated')).toMatchObject([{ result: 'grace' }])
    })
  }
})

describe('confirm, of several directories', () => {
  const fabrikam = 'd94e1c37-6a5b-4f02-8e71-b3c0a9d85f16'
  const felix = 'felix@fabrikam.example'

  for (const [what, directory] of [
    ['organizations', `tenantId: organizations\nallowedTenantIds: [${fabrikam}]`],
    ['common', `tenantId: common\nallowedTenantIds: [${fabrikam}]`],
  ] as const) {
    attack(
      'T106',
      `confirm asks the one that has vouched for the person, at ${what}, and believes no other`,
      async () => {
        const application = { audience: 'common' } as const
        const stage = await setUp({ directory, application, people: personas, tenant: 'noRole: allow' }, felix)
        const { control } = stage.emulator
        stage.forward(interval)
        expect((await stage.data('/x')).status).toBe(200)
        expect(stage.refreshes()).toBe(1)
        await control.keys.emergency()
        stage.forward(interval)
        expect((await stage.data('/x')).status).toBe(200)
        expect(await stage.metrics()).toContain('result="refreshed"} 2')
        control.forgeNextIdToken({ set: { tid: '0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30' } })
        stage.forward(interval)
        expect((await stage.data('/x')).status).toBe(401)
        expect(events(stage, 'session_ended')).toHaveLength(1)
      },
    )
  }
})

describe('confirm, by what the provider says', () => {
  for (const [code, verdict] of refreshCodes) {
    test(`confirm takes AADSTS${code} for ${verdict}`, async () => {
      const stage = await setUp()
      stage.emulator.control.fail('token', { kind: 'aadsts', code }, Number.POSITIVE_INFINITY)
      stage.forward(interval)
      const { status } = await stage.data('/x')
      const { location } = await visit(stage.visitor, `${stage.origin}/x`)
      const metrics = await stage.metrics()
      const result = verdict === 'end' ? 'ended' : verdict
      expect(metrics).toContain(`sallyport_revalidations_total{tenant="payroll",result="${result}"} 1`)
      expect(status).toBe(verdict === 'grace' || verdict === 'alarm' ? 200 : 401)
      expect(location !== '').toBe(status === 401)
    })
  }

  test('confirm hands the claims of a challenge on unchanged, in one sign-in that may succeed', async () => {
    const stage = await setUp()
    const claims = '{"access_token":{"capolids":{"essential":true,"values":["x y","é"]}}}'.replace('é', '\\u00e9')
    stage.emulator.control.fail('token', { kind: 'aadsts', code: 50076, claims })
    stage.forward(interval)
    expect((await stage.data('/x')).status).toBe(401)
    const { location } = await visit(stage.visitor, `${stage.origin}/x`)
    const asked = new URL(location).searchParams
    expect(asked.get('claims')).toBe(claims)
    expect(asked.get('login_hint')).not.toBeNull()
    expect(asked.get('prompt')).toBeNull()
  })

  test('confirm hands nothing on that is no claims request', async () => {
    const stage = await setUp()
    stage.emulator.control.fail('token', { kind: 'aadsts', code: 50076, claims: '["access_token"]' })
    stage.forward(interval)
    expect((await stage.data('/x')).status).toBe(401)
    const { location } = await visit(stage.visitor, `${stage.origin}/x`)
    expect(new URL(location).searchParams.get('claims')).toBeNull()
  })

  attack('T53', 'confirm never sends a frame of another site to where somebody would be asked', async () => {
    const stage = await setUp({ tenant: "cookie: { sameSite: none, embeddedBy: ['https://portal.fabrikam.example'] }" })
    stage.emulator.control.fail('token', { kind: 'aadsts', code: 50076, claims: '{"access_token":{}}' })
    stage.forward(interval)
    const headers = { ...navigation, 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'cross-site' }
    const { status, location } = await stage.visitor.ask(`${stage.origin}/x`, { headers })
    expect([status, new URL(location).searchParams.get('prompt')]).toEqual([302, 'none'])
  })

  test('confirm goes on until the end of the interval with somebody who must act', async () => {
    const stage = await setUp()
    stage.emulator.control.fail('token', { kind: 'aadsts', code: 50076 }, Number.POSITIVE_INFINITY)
    stage.forward(interval * 0.9)
    expect((await stage.data('/x')).status).toBe(200)
    await until('it is known', async () => (await stage.metrics()).includes('result="interactive"} 1'))
    expect((await visit(stage.visitor, `${stage.origin}/x`)).status).toBe(200)
    stage.forward(interval * 0.1)
    expect((await stage.data('/x')).status).toBe(401)
    expect(stage.refreshes()).toBe(1)
  })
})

describe('confirm, while the provider is away', () => {
  for (const [what, failure] of [
    ['breaks off', { kind: 'close' }],
    ['is overloaded', { kind: 'status', status: 503 }],
    ['throttles', { kind: 'status', status: 429 }],
    ['answers nonsense', { kind: 'garbage' }],
  ] as const) {
    test(`confirm lets everybody go on for an hour where it ${what}, and then answers 503 and keeps the cookie`, async () => {
      const stage = await setUp()
      stage.emulator.control.fail('token', failure, Number.POSITIVE_INFINITY)
      stage.forward(interval)
      expect((await stage.data('/x')).status).toBe(200)
      for (let at = 0; at < 3_600; at += 600) {
        expect((await stage.data('/x')).status).toBe(200)
        stage.forward(600)
      }
      await until('the end of the grace', async () => (await stage.data('/x')).status !== 200)
      const { status } = await visit(stage.visitor, `${stage.origin}/x`)
      expect([502, 503]).toContain(status)
      expect((await stage.data('/optional')).status).toBe(200)
      stage.emulator.control.recover()
      stage.forward(120)
      await until('everybody goes on', async () => (await stage.data('/x')).status === 200)
    })
  }

  test('confirm asks again only now and then', async () => {
    const stage = await setUp()
    stage.emulator.control.fail('token', { kind: 'status', status: 503 }, Number.POSITIVE_INFINITY)
    stage.forward(interval)
    for (let n = 0; n < 20; n += 1) expect((await stage.data('/x')).status).toBe(200)
    expect(stage.refreshes()).toBe(1)
    stage.forward(46)
    await until('it asks again', async () => (await stage.data('/x')).status === 200 && stage.refreshes() === 2)
  })
})

describe('confirm, while the provider refuses the gateway', () => {
  attack(
    'T97',
    'confirm logs nobody out whose provider refuses the secret, until their own limit, and alarms',
    async () => {
      const stage = await setUp()
      stage.emulator.control.changeApplication({ clientSecrets: ['another'] })
      for (let at = interval; at < 4 * 3_600; at += 1_800) {
        stage.forward(1_800)
        expect((await stage.data('/x')).status).toBe(200)
      }
      expect(events(stage, 'session_not_revalidated')[0]).toMatchObject({ level: 'error', result: 'alarm' })
      expect(events(stage, 'credential_refused')).toHaveLength(1)
      expect(await stage.metrics()).toContain('sallyport_credential_refused{provider="contoso"} 1')
    },
  )
})

attack('T94', 'the log of revalidations has no tokens', async () => {
  const stage = await setUp()
  stage.forward(interval)
  await stage.data('/x')
  stage.emulator.control.revoke(uwe)
  stage.forward(interval)
  await visit(stage.visitor, `${stage.origin}/x`, navigation)
  expect(JSON.stringify(stage.log())).not.toMatch(/1\.A[\w-]{40}|eyJ/)
})
