/** Sign-ins at a provider that is none of ours, so that the flow is fitted to the protocol and not to our pretend Entra. */
import { generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attack } from '../attacks/attack.ts'
import { begin, expectPage, givesSession, parameter, sid, visit, withParameter } from '../http/scene.ts'
import {
  type Exchange,
  type PlainProvider,
  type PlainProviderOptions,
  plainClient,
  startPlainProvider,
} from '../plain-provider.ts'
import { type PlainStage, type PlainStageOptions, signInAs, startPlainStage, submit, typeName } from '../plain-stage.ts'
import { until } from '../redis.ts'
import { freePort } from '../stage.ts'
import { createVisitor, navigation, type Reply, type Visitor } from '../visitor.ts'

const anna = 'auth0|anna'
const ben = 'CN=Ben Bit,O=Example'

let shared: PlainStage
beforeAll(async () => {
  shared = await startPlainStage()
})
afterAll(() => shared.close())

async function withVisitor(work: (visitor: Visitor) => Promise<void>): Promise<void> {
  const visitor = createVisitor()
  try {
    await work(visitor)
  } finally {
    visitor.close()
  }
}

async function onStage(options: PlainStageOptions, work: (stage: PlainStage, visitor: Visitor) => Promise<void>) {
  const stage = await startPlainStage(options)
  try {
    await withVisitor((visitor) => work(stage, visitor))
  } finally {
    await stage.close()
  }
}

/** What the application saw of the visitor's next request. */
async function seenBy(stage: PlainStage, visitor: Visitor, path = '/x'): Promise<Record<string, unknown>> {
  expect((await visitor.ask(stage.origin + path)).status).toBe(200)
  return stage.upstream.seen.at(-1)?.headers ?? {}
}

/** Signs in up to the callback's address, which is not yet opened. */
async function cameBack(stage: PlainStage, visitor: Visitor, sub: string): Promise<string> {
  const page = await visitor.open(await begin(visitor, `${stage.origin}/deep?x=1`))
  const unfollowing: Visitor = { ...visitor, open: visitor.ask }
  const resume = (await typeName(unfollowing, page, sub)).location
  return (await visit(visitor, resume)).location
}

/** A sign-in of Anna with an answer of the provider changed on its way; whoever tries it is nobody afterwards. */
async function withAnswer(stage: PlainStage, path: string, change: (exchange: Exchange) => unknown): Promise<Reply> {
  const visitor = createVisitor()
  const answer = await cameBack(stage, visitor, anna)
  stage.provider.tamper(path, change)
  const reply = await visit(visitor, answer)
  stage.provider.tamper(path, null)
  if (reply.status !== 302) await expectNobody(stage, visitor)
  visitor.close()
  return reply
}

async function expectNobody(stage: PlainStage, visitor: Visitor): Promise<void> {
  expect(visitor.cookie(stage.origin, sid)).toBeUndefined()
  expect((await visitor.ask(`${stage.origin}/x`)).status).toBe(401)
}

/** A provider that has changed in the configuration is discovered anew. */
function askAnew(stage: PlainStage): void {
  stage.edit((yaml) => yaml.replace('name: example', 'name: other').replace('[example]', '[other]'))
}

const say = (status: number, body: unknown) => (exchange: Exchange) => {
  exchange.status = status
  exchange.body = body
}

describe('people of a plain provider', () => {
  test('readIdToken tells the application who they are, with groups and app roles letter by letter', () =>
    withVisitor(async (visitor) => {
      const reply = await signInAs(visitor, `${shared.origin}/deep?x=1`, anna)
      expect(reply.url).toBe(`${shared.origin}/deep?x=1`)
      expect(await seenBy(shared, visitor, '/admin')).toMatchObject({
        'x-forwarded-user': anna,
        'x-forwarded-preferred-username': 'anna',
        'x-forwarded-email': 'anna@example.org',
        'x-forwarded-groups': 'Payroll Admins',
        'x-forwarded-roles': 'admin,approver',
        'x-issuer': shared.provider.issuer,
      })
      expect(JSON.parse((await visitor.ask(`${shared.origin}/.auth/me`)).body)).toMatchObject({
        directoryId: shared.provider.issuer,
        objectId: anna,
        roles: ['admin', 'approver'],
      })
      expect(shared.logText()).not.toContain(plainClient.secret)
    }))

  test('readIdToken gives another person their own roles, and the one without a claim no header', () =>
    withVisitor(async (visitor) => {
      expect((await signInAs(visitor, `${shared.origin}/x`, ben)).status).toBe(200)
      const headers = await seenBy(shared, visitor)
      expect(headers).toMatchObject({ 'x-forwarded-user': ben, 'x-forwarded-roles': 'user' })
      expect(headers['x-forwarded-email']).toBeUndefined()
      expect((await visitor.ask(`${shared.origin}/admin`)).status).toBe(403)
    }))

  test('readIdToken leaves a person without groups without access', () =>
    withVisitor(async (visitor) => {
      expectPage(await signInAs(visitor, `${shared.origin}/x`, 'nobody'), 403, 'no_role')
    }))

  test('readIdToken refuses a person whose subject no header could carry', () =>
    withVisitor(async (visitor) => {
      expectPage(await signInAs(visitor, `${shared.origin}/x`, 'Zoë Björk'), 403, 'identity_refused')
      expect(shared.log().findLast((line) => line.event === 'identity_refused')).toMatchObject({ detail: 'sub-unfit' })
    }))

  test('callback says so when the person cancels', () =>
    withVisitor(async (visitor) => {
      const page = await visitor.open(`${shared.origin}/x`)
      expectPage(await submit(visitor, page, { cancel: 'yes' }), 403, 'login_cancelled')
    }))
})

describe('authorizationUrl for a plain provider', () => {
  attack(
    ['T43', 'T47'],
    'asks for the configured scopes with PKCE, state and nonce, and leaves out what only Entra knows',
    () =>
      withVisitor(async (visitor) => {
        const login = `${shared.origin}/.auth/login?prompt=login&domain_hint=example.org&login_hint=anna`
        const address = await begin(visitor, login)
        expect(address.startsWith(`${shared.provider.issuer}/auth?`)).toBe(true)
        expect(parameter(address, 'scope')).toBe('openid profile email groups')
        expect(parameter(address, 'code_challenge_method')).toBe('S256')
        expect(parameter(address, 'login_hint')).toBe('anna')
        for (const name of ['state', 'nonce', 'code_challenge']) expect(parameter(address, name)).not.toBe('')
        expect(new URL(address).searchParams.has('domain_hint')).toBe(false)
      }),
  )

  test('asks to sign in anew where the provider does not say that it can ask for the account', () =>
    withVisitor(async (visitor) => {
      await signInAs(visitor, `${shared.origin}/x`, ben)
      const page = await visitor.open(`${shared.origin}/.auth/login?prompt=select_account&return_to=/y`)
      expect(page.body).toContain('Asked for: login')
      expect((await typeName(visitor, page, ben)).url).toBe(`${shared.origin}/y`)
    }))

  test('asks for the account where the provider says that it can', () =>
    onStage({ selectAccount: true }, async (stage, visitor) => {
      const page = await visitor.open(`${stage.origin}/.auth/login?prompt=select_account`)
      expect(page.body).toContain('Asked for: select_account')
    }))
})

describe('discover and the ways of plain providers', () => {
  const ways: readonly (readonly [string, Partial<PlainProviderOptions>, 'basic' | 'post'])[] = [
    ['basic, the only one announced', { authMethod: 'client_secret_basic' }, 'basic'],
    ['post, the only one announced', { authMethod: 'client_secret_post' }, 'post'],
    ['basic, where nothing is announced', { authMethod: 'client_secret_basic', announced: null }, 'basic'],
    [
      'post, where both are announced',
      { authMethod: 'client_secret_post', announced: ['client_secret_basic', 'client_secret_post'] },
      'post',
    ],
  ]
  for (const [what, options, expected] of ways) {
    test(`redeem sends the secret as ${what}`, () =>
      onStage(options, async (stage, visitor) => {
        let used = ''
        stage.provider.tamper('/token', ({ req }) => {
          used = req.headers.authorization?.startsWith('Basic ') === true ? 'basic' : 'post'
        })
        expect((await signInAs(visitor, `${stage.origin}/x`, anna)).status).toBe(200)
        expect(used).toBe(expected)
      }))

    test(`redeem takes a wrong secret for the gateway’s own fault, sent as ${what}`, () =>
      onStage({ ...options, secret: 'a wrong secret' }, async (stage, visitor) => {
        expectPage(await signInAs(visitor, `${stage.origin}/x`, anna), 502, 'client_refused')
        await expectNobody(stage, visitor)
        expect(stage.log().findLast((line) => line.event === 'sign_in_failed')).toMatchObject({ level: 'error' })
        expect(stage.logText()).not.toContain('a wrong secret')
      }))
  }

  for (const signing of ['RS256', 'PS256', 'ES256', 'Ed25519'] as const) {
    test(`redeem checks signatures by ${signing} without being told`, () =>
      onStage({ signing }, async (stage, visitor) => {
        expect((await signInAs(visitor, `${stage.origin}/x`, anna)).status).toBe(200)
      }))
  }

  for (const path of ['/realms/staff', '/realms/staff/', '/']) {
    test(`discover finds an issuer with the path ${path}, as it writes itself`, () =>
      onStage({ path }, async (stage, visitor) => {
        expect((await signInAs(visitor, `${stage.origin}/x`, anna)).status).toBe(200)
        expect(await seenBy(stage, visitor)).toMatchObject({ 'x-issuer': stage.provider.issuer })
      }))
  }

  const documents: readonly (readonly [string, Record<string, unknown>, string])[] = [
    ['of an issuer with a slash more', { issuer: 'SAME/' }, 'names another issuer'],
    ['of another issuer', { issuer: 'https://evil.example' }, 'names another issuer'],
    ['without a token endpoint', { token_endpoint: undefined }, 'no usable token_endpoint'],
    ['with a token endpoint in the open', { token_endpoint: 'http://login.example/token' }, 'no usable token_endpoint'],
    ['with a key set that is a file', { jwks_uri: 'file:///etc/passwd' }, 'no usable jwks_uri'],
    ['with a sign-in page that is a script', { authorization_endpoint: 'javascript:x' }, 'no usable authorization'],
    ['with claims in the open', { userinfo_endpoint: 'http://login.example/me' }, 'userinfo_endpoint of the'],
    ['with a sign-out that is a script', { end_session_endpoint: 'javascript:x' }, 'end_session_endpoint of the'],
    ['that has no end', { padding: 'x'.repeat(2_000_000) }, 'too long'],
  ]
  for (const [what, change, cause] of documents) {
    attack(['T88', 'T107'], `discover takes no document ${what}`, () =>
      onStage({}, async (stage, visitor) => {
        const { issuer } = stage.provider
        stage.provider.tamper('/.well-known/openid-configuration', (exchange) => {
          const changed = { ...(exchange.body as object), ...change }
          exchange.body = JSON.parse(JSON.stringify(changed).replace('SAME', issuer))
        })
        askAnew(stage)
        expectPage(await visit(visitor, `${stage.origin}/x`), 503, 'provider_unreachable')
        const failed = stage.log().findLast((line) => line.event === 'provider_unreachable')
        expect(JSON.stringify(failed)).toContain(cause)
      }),
    )
  }
})

describe('redeem and what a plain provider says', () => {
  test('takes what the ID token says over what is told at the userinfo endpoint', () =>
    onStage({ claimsIn: 'id-token' }, async (stage) => {
      const told = { sub: anna, groups: ['staff'], name: 'Somebody', department: 'Payroll' }
      const visitor = createVisitor()
      const answer = await cameBack(stage, visitor, anna)
      stage.provider.tamper('/me', say(200, told))
      expect(givesSession(await visit(visitor, answer))).toBe(true)
      const headers = await seenBy(stage, visitor)
      expect(headers).toMatchObject({ 'x-forwarded-groups': 'Payroll Admins', 'x-forwarded-roles': 'admin,approver' })
      visitor.close()
    }))

  test('takes what the ID token says where there is no userinfo endpoint', () =>
    onStage({ claimsIn: 'id-token' }, async (stage, visitor) => {
      stage.provider.tamper('/.well-known/openid-configuration', (exchange) => {
        exchange.body = { ...(exchange.body as object), userinfo_endpoint: undefined }
      })
      askAnew(stage)
      expect((await signInAs(visitor, `${stage.origin}/admin`, anna)).status).toBe(200)
      expect(stage.provider.asked('/me')).toBe(0)
    }))

  for (const [what, change, code] of [
    ['an error', say(500, 'no'), 'provider_unreachable'],
    ['being busy', say(429, 'no'), 'provider_unreachable'],
    ['a refusal', say(403, { error: 'insufficient_scope' }), 'provider_fault'],
    ['another person', say(200, { sub: 'CN=Ben Bit,O=Example', groups: ['staff'] }), 'provider_fault'],
    ['nobody', say(200, { groups: ['Payroll Admins'] }), 'provider_fault'],
    ['garbage', say(200, '<p>please sign in to the proxy'), 'provider_fault'],
    ['no end of claims', say(200, { sub: 'auth0|anna', more: 'x'.repeat(2_000_000) }), 'provider_fault'],
  ] as const) {
    attack('T88', `redeem signs nobody in when the userinfo endpoint answers with ${what}`, async () => {
      const reply = await withAnswer(shared, '/me', change)
      expectPage(reply, code === 'provider_fault' ? 502 : 503, code)
    })
  }

  test('redeem takes a challenge of the userinfo endpoint for the provider’s fault, not for a wrong secret', async () => {
    const reply = await withAnswer(shared, '/me', (exchange) => {
      exchange.res.setHeader('WWW-Authenticate', 'Bearer error="invalid_token"')
      say(401, { error: 'invalid_token' })(exchange)
    })
    expectPage(reply, 502, 'provider_fault')
  })

  for (const [what, told] of [
    ['one text', { groups: 'Payroll Admins' }],
    ['an object', { groups: { 'Payroll Admins': true } }],
    ['a list with other things', { groups: ['Payroll Admins', { name: 'staff' }] }],
    [
      'a place elsewhere',
      { _claim_names: { groups: 'src' }, _claim_sources: { src: { endpoint: 'http://localhost' } } },
    ],
  ] as const) {
    attack(['T109', 'T110'], `readIdToken does not guess groups from ${what}`, async () => {
      expectPage(await withAnswer(shared, '/me', say(200, { sub: anna, ...told })), 403, 'groups_unknown')
    })
  }

  const now = () => Math.floor(Date.now() / 1_000)
  const genuine = (nonce: unknown): JWTPayload => ({
    ...{ iss: shared.provider.issuer, sub: anna, aud: plainClient.id, iat: now(), exp: now() + 60 },
    nonce: nonce as string,
  })
  const forgeries: readonly (readonly [string, (claims: JWTPayload) => Promise<string> | string])[] = [
    ['of another issuer', (claims) => shared.provider.sign({ ...claims, iss: 'https://evil.example' })],
    ['of the issuer with a slash', (claims) => shared.provider.sign({ ...claims, iss: `${claims.iss}/` })],
    ['for another application', (claims) => shared.provider.sign({ ...claims, aud: 'another' })],
    [
      'for several, asked by another',
      (claims) => shared.provider.sign({ ...claims, aud: [plainClient.id, 'x'], azp: 'x' }),
    ],
    ['of another sign-in', (claims) => shared.provider.sign({ ...claims, nonce: 'another' })],
    ['that has expired', (claims) => shared.provider.sign({ ...claims, exp: now() - 60 })],
    ['signed by nobody', (claims) => new UnsecuredJWT(claims).encode()],
    [
      'signed with the secret',
      (claims) =>
        new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(plainClient.secret.padEnd(32))),
    ],
    [
      'signed by a key that is not published',
      async (claims) => {
        const { privateKey } = await generateKeyPair('RS256')
        return await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'key-1' }).sign(privateKey)
      },
    ],
    [
      'signed over other bytes',
      async (claims) => {
        const [header, , signature] = (await shared.provider.sign(claims)).split('.')
        const other = Buffer.from(JSON.stringify({ ...claims, acr: 'high' })).toString('base64url')
        return `${header}.${other}.${signature}`
      },
    ],
  ]
  /** The nonce travels in the genuine token. */
  const nonceOf = (token: unknown) =>
    (JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString()) as JWTPayload).nonce

  const forging = (forge: (claims: JWTPayload) => Promise<string> | string) => async (exchange: Exchange) => {
    const answer = exchange.body as { id_token: string }
    exchange.body = { ...answer, id_token: await forge(genuine(nonceOf(answer.id_token))) }
  }

  test('redeem accepts an ID token that is made anew without a fault, or the rest of these would prove nothing', async () => {
    expect(
      givesSession(
        await withAnswer(
          shared,
          '/token',
          forging((claims) => shared.provider.sign(claims)),
        ),
      ),
    ).toBe(true)
  })

  for (const [what, forge] of forgeries) {
    attack(['T58', 'T61'], `redeem refuses an ID token ${what}`, async () => {
      expectPage(await withAnswer(shared, '/token', forging(forge)), 502, 'provider_fault')
    })
  }
})

describe('a mix-up of providers', () => {
  for (const [what, iss] of [
    ['names another issuer', 'https://evil.example'],
    ['names none, although the provider says that it always does', null],
  ] as const) {
    test(`redeem hands no code on when the answer ${what} (RFC 9207)`, () =>
      withVisitor(async (visitor) => {
        const answer = await cameBack(shared, visitor, anna)
        expect(parameter(answer, 'iss')).toBe(shared.provider.issuer)
        const before = shared.provider.asked('/token')
        expectPage(await visit(visitor, withParameter(answer, 'iss', iss)), 502, 'provider_fault')
        expect(shared.provider.asked('/token')).toBe(before)
        await expectNobody(shared, visitor)
      }))
  }

  /** A second provider, which the tenant is moved to. */
  async function moved(
    work: (stage: PlainStage, visitor: Visitor, to: { readonly second: PlainProvider; move(): void }) => Promise<void>,
  ): Promise<void> {
    await onStage({}, async (stage, visitor) => {
      const second = await startPlainProvider({ port: await freePort(), origins: [stage.origin] })
      try {
        const move = () => stage.edit((yaml) => yaml.replace(stage.provider.issuer, second.issuer))
        await work(stage, visitor, { second, move })
      } finally {
        await second.close()
      }
    })
  }

  test('callback begins anew when the tenant has another provider by now, and tells it no code of the old one', () =>
    moved(async (stage, visitor, { second, move }) => {
      const answer = await cameBack(stage, visitor, anna)
      move()
      const reply = await visit(visitor, answer)
      expect(reply.status).toBe(302)
      expect(new URL(reply.location).origin).toBe(second.issuer)
      expect(parameter(reply.location, 'code_challenge')).not.toBe('')
      expect(givesSession(reply)).toBe(false)
      expect([stage.provider.asked('/token'), second.asked('/token')]).toEqual([0, 0])
    }))

  attack('T126', 'isVouchedFor takes a session of the old provider for none, although the name is the same', () =>
    moved(async (stage, visitor, { move }) => {
      expect((await signInAs(visitor, `${stage.origin}/admin`, anna)).status).toBe(200)
      move()
      expect((await visitor.ask(`${stage.origin}/admin`)).status).toBe(401)
      expect((await visitor.ask(`${stage.origin}/.auth/me`)).status).toBe(401)
      expect((await signInAs(visitor, `${stage.origin}/x`, ben)).status).toBe(200)
      expect(await seenBy(stage, visitor)).toMatchObject({ 'x-forwarded-user': ben })
    }),
  )
})

describe('logout at a plain provider', () => {
  const fromHere = { ...navigation, 'sec-fetch-site': 'same-origin' }

  async function left(visitor: Visitor): Promise<Reply> {
    await signInAs(visitor, `${shared.origin}/x`, anna)
    const reply = await visitor.ask(`${shared.origin}/.auth/logout`, { headers: fromHere })
    expect(reply.status).toBe(302)
    expect((await visitor.ask(`${shared.origin}/x`)).status).toBe(401)
    return reply
  }

  attack('T40', 'goes on there with the client’s id and the way back, and with no token', () =>
    withVisitor(async (visitor) => {
      const { location } = await left(visitor)
      expect(location.startsWith(`${shared.provider.issuer}/session/end?`)).toBe(true)
      expect([...new URL(location).searchParams].sort()).toEqual([
        ['client_id', plainClient.id],
        ['post_logout_redirect_uri', `${shared.origin}/.auth/signed-out`],
      ])
    }),
  )

  for (const [what, answer, knownThere] of [
    ['agrees', { logout: 'yes' }, false],
    ['prefers to stay signed in there', {}, true],
  ] as const) {
    test(`says no more than it knows when the person ${what}`, () =>
      withVisitor(async (visitor) => {
        const asks = await visitor.open((await left(visitor)).location)
        expect(asks.body).toContain('Do you want to sign out of Example?')
        const page = await submit(visitor, asks, answer)
        expect(page.url).toBe(`${shared.origin}/.auth/signed-out`)
        expect(page.body).toContain('the sign-in service may still know you')
        const again = await visitor.open(`${shared.origin}/x`)
        expect(again.url === `${shared.origin}/x`).toBe(knownThere)
      }))
  }

  test('asks on a page whose policy lets the form go to where the provider signs people out', () =>
    onStage({}, async (stage, visitor) => {
      const policy = async () =>
        String((await visit(visitor, `${stage.origin}/.auth/logout`)).headers['content-security-policy'])
      await signInAs(visitor, `${stage.origin}/x`, anna)
      expect(await policy()).toContain(stage.provider.issuer)
      stage.provider.tamper('/.well-known/openid-configuration', (exchange) => {
        exchange.body = { ...(exchange.body as object), end_session_endpoint: 'https://sign-out.example/bye' }
      })
      askAnew(stage)
      // The provider still knows who it is.
      expect((await visitor.open(`${stage.origin}/x`)).status).toBe(200)
      expect(await policy()).toContain("form-action 'self' https: https://sign-out.example;")
      const { location } = await visitor.ask(`${stage.origin}/.auth/logout`, { headers: fromHere })
      expect(location.startsWith('https://sign-out.example/bye?')).toBe(true)
    }))

  test('ends here where the provider has no sign-out', () =>
    onStage({}, async (stage, visitor) => {
      stage.provider.tamper('/.well-known/openid-configuration', (exchange) => {
        exchange.body = { ...(exchange.body as object), end_session_endpoint: undefined }
      })
      askAnew(stage)
      await signInAs(visitor, `${stage.origin}/x`, anna)
      const asks = await visit(visitor, `${stage.origin}/.auth/logout`)
      expect(asks.headers['content-security-policy']).toContain("form-action 'self';")
      const reply = await visitor.ask(`${stage.origin}/.auth/logout`, { headers: fromHere })
      expect(reply.location).toBe(`${stage.origin}/.auth/signed-out?only=here`)
    }))
})

describe('a plain provider that is away', () => {
  attack(
    'T98',
    'is no reason not to start, is found when it is back, and disturbs nobody who is signed in',
    async () => {
      const stage = await startPlainStage()
      const { issuer } = stage.provider
      const port = Number(new URL(issuer).port)
      await withVisitor(async (visitor) => {
        await signInAs(visitor, `${stage.origin}/x`, anna)
        const stranger = createVisitor()
        const answer = await cameBack(stage, stranger, ben)
        await stage.provider.close()
        expectPage(await visit(stranger, answer), 503, 'provider_unreachable')
        stranger.close()
        expect((await visitor.ask(`${stage.origin}/x`)).status).toBe(200)
        askAnew(stage)
        expectPage(await visit(visitor, `${stage.origin}/x`), 503, 'provider_unreachable')
        const back = await startPlainProvider({ port, origins: [stage.origin] })
        await until('it is found', async () => (await visit(visitor, `${stage.origin}/x`)).status === 302)
        expect((await signInAs(visitor, `${stage.origin}/x`, anna)).status).toBe(200)
        await back.close()
      })
      await stage.close()
    },
  )
})
