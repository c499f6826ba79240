/** Step-up at a provider that is none of ours, where a context is a value of `acr`. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attack } from '../attacks/attack.ts'
import { begin, expectPage, parameter, visit } from '../http/scene.ts'
import { type PlainStage, signInAs, startPlainStage, submit, typeName } from '../plain-stage.ts'
import { createVisitor, type Visitor } from '../visitor.ts'

const anna = 'auth0|anna'
const routes = [
  '{ path: /gold, access: signed-in, authContext: strong }',
  '{ path: /other, access: signed-in, authContext: other }',
  '{ path: /fresh, access: signed-in, maxAge: 10m }',
]

let stage: PlainStage
beforeAll(async () => {
  const keys = 'scopes: [profile, email, groups]\n    authContexts: { strong: gold, other: silver }'
  stage = await startPlainStage({ routes, acr: 'gold', keys })
})
afterAll(() => stage.close())

async function withAnna(work: (visitor: Visitor) => Promise<void>): Promise<void> {
  const visitor = createVisitor()
  try {
    expect((await signInAs(visitor, `${stage.origin}/x`, anna)).status).toBe(200)
    await work(visitor)
  } finally {
    visitor.close()
  }
}

describe('a context of a plain provider', () => {
  test('is asked for as acr_values, and counts once the token has it', () =>
    withAnna(async (visitor) => {
      const authorize = await begin(visitor, `${stage.origin}/gold`)
      expect([parameter(authorize, 'acr_values'), parameter(authorize, 'login_hint')]).toEqual(['gold', 'anna'])
      // It does not say that it reads it.
      expect(parameter(authorize, 'claims')).toBe('')
      expect((await visitor.open(authorize)).url).toBe(`${stage.origin}/gold`)
      expect((await visitor.ask(`${stage.origin}/gold`)).status).toBe(200)
    }))

  test('is asked for as essential where the provider reads that (OpenID Connect Core 5.5.1.1)', async () => {
    const keys = 'scopes: [profile, email, groups]\n    authContexts: { strong: gold, other: silver }'
    const reading = await startPlainStage({ routes, keys, acr: 'gold', readsClaims: true })
    const visitor = createVisitor()
    try {
      await signInAs(visitor, `${reading.origin}/x`, anna)
      const authorize = await begin(visitor, `${reading.origin}/gold`)
      expect(JSON.parse(parameter(authorize, 'claims'))).toEqual({
        id_token: { acr: { essential: true, value: 'gold' } },
      })
      expect((await visitor.open(authorize)).url).toBe(`${reading.origin}/gold`)
    } finally {
      visitor.close()
      await reading.close()
    }
  })

  attack('T111', 'is not believed where the token has another', () =>
    withAnna(async (visitor) => {
      expectPage(await visitor.open(`${stage.origin}/other`), 403, 'context_unmet')
      expect((await visit(visitor, `${stage.origin}/other`)).status).toBe(302)
      expect((await visitor.ask(`${stage.origin}/x`)).status).toBe(200)
    }),
  )

  attack('T111', 'is not believed where only userinfo says so', async () => {
    const keys = 'scopes: [profile, email, groups]\n    authContexts: { strong: gold, other: silver }'
    const silent = await startPlainStage({ routes, keys })
    const visitor = createVisitor()
    silent.provider.tamper('/me', (exchange) => {
      exchange.body = { ...JSON.parse(JSON.stringify(exchange.body)), acr: 'gold', auth_time: Date.now() / 1_000 }
    })
    try {
      expectPage(await signInAs(visitor, `${silent.origin}/gold`, anna), 403, 'context_unmet')
      expect(silent.provider.asked('/me')).toBe(1)
    } finally {
      visitor.close()
      await silent.close()
    }
  })

  test('is told to programs by RFC 9470', () =>
    withAnna(async (visitor) => {
      const reply = await visitor.ask(`${stage.origin}/gold`)
      expect(reply.headers['www-authenticate']).toBe(
        'Bearer realm="", error="insufficient_user_authentication", acr_values="gold"',
      )
    }))

  test('takes the time of the sign-in from the token', () =>
    withAnna(async (visitor) => {
      expect((await visitor.open(`${stage.origin}/fresh`)).url).toBe(`${stage.origin}/fresh`)
      expect((await visitor.ask(`${stage.origin}/fresh`)).status).toBe(200)
    }))

  attack('T130', 'is not answered by another person', () =>
    withAnna(async (visitor) => {
      const authorize = await begin(visitor, `${stage.origin}/gold`)
      const page = await visitor.open(`${authorize}&prompt=login`)
      // The provider ends Anna’s session by a form that sends itself.
      const form = await typeName(visitor, page, 'nobody')
      expectPage(await submit(visitor, form, {}), 403, 'other_person')
      expect((await visitor.ask(`${stage.origin}/x`)).status).toBe(200)
    }),
  )
})
