import { generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, expect } from 'vitest'
import { mostRetries } from '../../src/oidc/retry.ts'
import { begin, parameter, visit } from '../http/scene.ts'
import { plainClient } from '../plain-provider.ts'
import { type PlainStage, signInAs, startPlainStage } from '../plain-stage.ts'
import { createVisitor, type Reply } from '../visitor.ts'
import { attack } from './attack.ts'

let stage: PlainStage
let unknownKey: CryptoKey

beforeAll(async () => {
  stage = await startPlainStage({ claimsIn: 'id-token' })
  // What limits callers is out of the way: it is not what holds here.
  stage.edit((yaml) => yaml.replace('drain: 5s', 'drain: 5s, limits: { failures: 0, signIns: { perCaller: 0 } }'))
  unknownKey = (await generateKeyPair('RS256')).privateKey
})
afterAll(() => stage.close())

/** One look every five seconds, from the first on; a connection that breaks meanwhile is tried again. */
const looksSince = (began: number) => 1 + mostRetries + Math.ceil((performance.now() - began) / 5_000)

const now = () => Math.floor(Date.now() / 1_000)

/** Right in everything but the key, which is named as no other token names it. */
function signedByNobody(claims: Readonly<Record<string, unknown>>, kid: string): Promise<string> {
  const right = { iss: stage.provider.issuer, aud: plainClient.id, sub: 'auth0|anna', iat: now(), exp: now() + 300 }
  return new SignJWT({ ...right, ...claims }).setProtectedHeader({ alg: 'RS256', kid }).sign(unknownKey)
}

async function inTurns(count: number, at: (n: number) => Promise<Reply>): Promise<readonly Reply[]> {
  const replies: Reply[] = []
  for (let from = 0; from < count; from += 100) {
    replies.push(...(await Promise.all(Array.from({ length: 100 }, (_, n) => at(from + n)))))
  }
  return replies
}

/** What the log gives as reasons of failed sign-ins. */
const causes = () =>
  stage
    .log()
    .filter(({ event }) => event === 'sign_in_failed')
    .map(({ error }) => JSON.stringify(error))

attack('T59', 'had a thousand ID tokens refused, for a look at the keys every five seconds', async () => {
  const visitor = createVisitor()
  await begin(visitor, `${stage.origin}/x`)
  let n = 0
  stage.provider.tamper('/token', async (exchange) => {
    n += 1
    exchange.status = 200
    // The code is the nonce: who forges tokens knows that too.
    const { code } = (exchange as unknown as { readonly oidc: { readonly body: { readonly code: string } } }).oidc.body
    const id_token = await signedByNobody({ nonce: code }, `nobody-${n}`)
    exchange.body = { access_token: 'x', token_type: 'Bearer', expires_in: 300, id_token }
  })
  const [before, began] = [stage.provider.asked('/jwks'), performance.now()]
  const replies = await inTurns(1_000, async () => {
    const { location } = await visit(visitor, `${stage.origin}/x`)
    const [state, code] = [parameter(location, 'state'), parameter(location, 'nonce')]
    const query = new URLSearchParams({ code, state, iss: stage.provider.issuer })
    return await visit(visitor, `${stage.origin}/.auth/callback?${query}`)
  })
  stage.provider.tamper('/token', null)
  expect(n).toBe(1_000)
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([502]))
  expect(causes().filter((cause) => cause.includes('no applicable keys found'))).toHaveLength(1_000)
  expect(replies.some(({ headers }) => String(headers['set-cookie']).includes('__Host-sid='))).toBe(false)
  expect(stage.provider.asked('/jwks') - before).toBeLessThanOrEqual(looksSince(began))
  expect((await signInAs(createVisitor(), `${stage.origin}/x`, 'auth0|anna')).status).toBe(200)
  visitor.close()
})

attack('T59', 'had a thousand log-out tokens refused, for a look at the keys now and then', async () => {
  const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
  const poster = createVisitor()
  const send = (token: string) =>
    poster.ask(`${stage.origin}/.auth/backchannel-logout/example`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ logout_token: token }).toString(),
    })
  const [before, began] = [stage.provider.asked('/jwks'), performance.now()]
  const replies = await inTurns(
    1_000,
    async (n) => await send(await signedByNobody({ events, jti: `${n}` }, `no-${n}`)),
  )
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([400]))
  expect(stage.provider.asked('/jwks') - before).toBeLessThanOrEqual(looksSince(began))
  const right = { iss: stage.provider.issuer, aud: plainClient.id, iat: now(), exp: now() + 120, jti: 'right' }
  const token = await stage.provider.sign({ ...right, sub: 'auth0|anna', events }, { typ: 'logout+jwt' })
  expect((await send(token)).status).toBe(200)
  poster.close()
})

attack('T59', 'was heard once a second while the keys could not be had, whatever came in', async () => {
  const flood = await startPlainStage({ claimsIn: 'id-token' })
  flood.edit((yaml) => yaml.replace('drain: 5s', 'drain: 5s, limits: { failures: 0 }'))
  flood.provider.tamper('/jwks', (exchange) => {
    exchange.status = 500
    exchange.body = 'no'
  })
  const poster = createVisitor()
  const since = performance.now()
  const replies = await inTurns(500, async (n) =>
    poster.ask(`${flood.origin}/.auth/backchannel-logout/example`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `logout_token=${await signedByNobody({}, `no-${n}`)}`,
    }),
  )
  const seconds = Math.ceil((performance.now() - since) / 1_000)
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([503]))
  expect(flood.provider.asked('/jwks')).toBeLessThanOrEqual(seconds)
  poster.close()
  await flood.close()
})
