import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { attack } from '../attacks/attack.ts'
import { cameBack, expectPage, givesSession, parameter, visit } from '../http/scene.ts'
import { until } from '../redis.ts'
import { freePort, type Stage, startStage } from '../stage.ts'
import { createVisitor, signIn, type Visitor } from '../visitor.ts'

const uwe = 'uwe@contoso.example'

/** A stage whose provider the test starts itself, or not. */
async function onStage(work: (stage: Stage, visitor: Visitor, port: number) => Promise<void>, first?: Emulator) {
  const port = first === undefined ? await freePort() : Number(new URL(first.origin).port)
  const stage = await startStage({ authority: `http://localhost:${port}` })
  const visitor = createVisitor()
  try {
    await work(stage, visitor, port)
  } finally {
    visitor.close()
    await stage.close()
    await first?.close()
  }
}

describe('a provider that is away', () => {
  test('the gateway starts without it, says so, and recovers by itself (T98)', () =>
    onStage(async (stage, visitor, port) => {
      for (const path of ['/deep?x=1', '/.auth/login?return_to=/deep']) {
        const reply = await visit(visitor, stage.origin + path)
        expectPage(reply, 503, 'provider_unreachable')
        expect(reply.headers['retry-after']).toBe('5')
        expect(reply.headers['set-cookie']).toBeUndefined()
      }
      expect((await visitor.ask(`${stage.origin}/public/x`)).status).toBe(200)
      expect((await visitor.ask(`${stage.management}/readyz`)).status).toBe(200)
      const emulator = await startEmulator({ port })
      try {
        await until('the provider is found', async () => (await visit(visitor, `${stage.origin}/deep`)).status === 302)
        expect((await signIn(visitor, `${stage.origin}/deep?x=1`, uwe)).url).toBe(`${stage.origin}/deep?x=1`)
        expect(stage.logText()).toContain('provider_recovered')
      } finally {
        await emulator.close()
      }
      // Gone again: who is signed in notices nothing, and the sign-out is an honest one.
      expect((await visitor.ask(`${stage.origin}/x`)).status).toBe(200)
      const stranger = createVisitor()
      expect((await visit(stranger, `${stage.origin}/x`)).status).toBe(302)
      stranger.close()
    }))

  test('the gateway does not hammer a provider that is down (T59)', async () => {
    const emulator = await startEmulator()
    emulator.control.fail('discovery', { kind: 'status', status: 500 }, Number.POSITIVE_INFINITY)
    await onStage(async (stage, visitor) => {
      await until('it was asked', () => emulator.control.requests('discovery') > 0)
      const before = emulator.control.requests('discovery')
      const begun = performance.now()
      for (let round = 0; round < 200; round += 1) await visit(visitor, `${stage.origin}/x`)
      const seconds = (performance.now() - begun) / 1_000
      expect(emulator.control.requests('discovery') - before).toBeLessThanOrEqual(Math.ceil(seconds) * 2)
    }, emulator)
  })

  for (const [what, failure] of [
    ['an error', { kind: 'status', status: 500 }],
    ['being busy', { kind: 'status', status: 429 }],
    ['garbage', { kind: 'garbage' }],
    ['a page', { kind: 'garbage', body: '<p>Please sign in to the proxy', contentType: 'text/html' }],
    ['a document that names another issuer', { kind: 'garbage', body: '{"issuer":"https://evil.example"}' }],
    ['hanging up', { kind: 'close' }],
    ['silence', { kind: 'hang' }],
  ] as const) {
    test(`discovery takes ${what} for an outage, and is tried again`, async () => {
      const emulator = await startEmulator()
      emulator.control.fail('discovery', failure, Number.POSITIVE_INFINITY)
      await onStage(async (stage, visitor) => {
        expectPage(await visit(visitor, `${stage.origin}/x`), 503, 'provider_unreachable')
        emulator.control.recover()
        await until(
          'the provider is found',
          async () => (await visit(visitor, `${stage.origin}/x`)).status === 302,
          20_000,
        )
      }, emulator)
    })
  }

  test('a provider whose keys cannot be had signs nobody in, and then does', async () => {
    const emulator = await startEmulator()
    await onStage(async (stage, visitor) => {
      for (const [failure, code] of [
        [{ kind: 'status', status: 500 }, 'provider_unreachable'],
        [{ kind: 'status', status: 429 }, 'provider_unreachable'],
        [{ kind: 'close' }, 'provider_unreachable'],
        [{ kind: 'garbage' }, 'provider_fault'],
        [{ kind: 'garbage', body: '{"keys":"none"}' }, 'provider_fault'],
        [{ kind: 'garbage', body: '{"keys":[null,1,"x"]}' }, 'provider_fault'],
      ] as const) {
        // What failed a moment ago is said again, for a second.
        await until(`${failure.kind} is told`, async () => {
          const stranger = createVisitor()
          const answer = await cameBack(stranger, `${stage.origin}/deep`, uwe)
          emulator.control.fail('keys', failure, Number.POSITIVE_INFINITY)
          const reply = await visit(stranger, answer)
          emulator.control.recover()
          stranger.close()
          expect(givesSession(reply)).toBe(false)
          return reply.status === (code === 'provider_fault' ? 502 : 503) && reply.body.includes(code)
        })
      }
      await until('the keys are there', async () =>
        givesSession(await visit(visitor, await cameBack(visitor, `${stage.origin}/.auth/login?prompt=login`, uwe))),
      )
    }, emulator)
  })

  test('logout ends the session here without the provider, and the page says what is left', () =>
    onStage(async (stage, visitor, port) => {
      const emulator = await startEmulator({ port })
      await until('the provider is found', async () => (await visit(visitor, `${stage.origin}/x`)).status === 302)
      await signIn(visitor, `${stage.origin}/`, uwe)
      await emulator.close()
      const headers = { 'sec-fetch-site': 'same-origin' }
      const reply = await visit(visitor, `${stage.origin}/.auth/logout`, headers)
      expect(reply.status).toBe(302)
      expect((await visitor.ask(`${stage.origin}/x`)).status).toBe(401)
      const page = await visit(visitor, `${stage.origin}/.auth/signed-out?only=here`)
      expect(page.body).toContain('may still know you')
      expect(page.body).toContain('prompt=select_account')
    }))
})

describe('a provider that changes its keys', () => {
  // The library dates its key set by the machine's clock, and takes no other.
  afterEach(() => void vi.useRealTimers())
  const afterwards = (seconds: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1_000 })

  attack(
    'T117',
    'an emergency roll is noticed within a minute, and the old key is refused after its retirement',
    async () => {
      const emulator = await startEmulator()
      await onStage(async (stage) => {
        const signsIn = async (kid?: string) => {
          const stranger = createVisitor()
          const answer = await cameBack(stranger, `${stage.origin}/`, uwe)
          if (kid !== undefined) emulator.control.forgeNextIdToken({ kid, signedBy: 'unpublished-key' })
          const reply = await visit(stranger, answer)
          stranger.close()
          return givesSession(reply)
        }
        expect(await signsIn()).toBe(true)
        const document = (await (await fetch(keysOf(emulator))).json()) as { keys: { kid: string }[] }
        await emulator.control.keys.publishNew()
        emulator.control.keys.switchToNewest()
        emulator.control.keys.retireOthers()
        afterwards(61)
        expect(await signsIn()).toBe(true)
        for (const { kid } of document.keys) expect(await signsIn(kid)).toBe(false)
      }, emulator)
    },
  )

  attack('T117', 'a normal roll fails no sign-in', async () => {
    const emulator = await startEmulator()
    await onStage(async (stage, visitor) => {
      const signsIn = async () => {
        const stranger = createVisitor()
        const reply = await visit(stranger, await cameBack(stranger, `${stage.origin}/`, uwe))
        stranger.close()
        return givesSession(reply)
      }
      await emulator.control.keys.publishNew()
      expect(await signsIn()).toBe(true)
      emulator.control.keys.switchToNewest()
      expect(await signsIn()).toBe(true)
      emulator.control.keys.retireOthers()
      expect(await signsIn()).toBe(true)
      expect(parameter((await visit(visitor, `${stage.origin}/`)).location, 'state')).not.toBe('')
    }, emulator)
  })

  test('a thousand unknown keys make nobody fetch the key set a thousand times (T59)', async () => {
    const emulator = await startEmulator()
    await onStage(async (stage, visitor) => {
      await signIn(visitor, `${stage.origin}/`, uwe)
      const before = emulator.control.requests('keys')
      for (let round = 0; round < 30; round += 1) {
        const answer = await cameBack(visitor, `${stage.origin}/.auth/login?prompt=login`, uwe)
        emulator.control.forgeNextIdToken({ kid: `unknown-${round}` })
        expectPage(await visit(visitor, answer), 502, 'provider_fault')
      }
      expect(emulator.control.requests('keys') - before).toBeLessThanOrEqual(1)
    }, emulator)
  })
})

function keysOf({ origin }: Emulator): string {
  return `${origin}/0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30/discovery/v2.0/keys`
}
