import { afterAll, beforeAll, expect, test } from 'vitest'
import { attack } from '../attacks/attack.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, navigation, signIn, type Visitor } from '../visitor.ts'
import { setCookies } from './scene.ts'

let stage: Stage
let ada: Visitor
beforeAll(async () => {
  stage = await startStage()
  ada = createVisitor()
  await signIn(ada, `${stage.origin}/`, 'ada@contoso.example')
})
afterAll(async () => {
  ada.close()
  await stage.close()
})

attack(['T66', 'T79'], 'meAnswer says who is signed in, for this person alone to read', async () => {
  const reply = await ada.ask(`${stage.origin}/.auth/me`)
  expect(reply.headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' })
  expect(reply.headers['access-control-allow-origin']).toBeUndefined()
  expect(JSON.parse(reply.body)).toEqual({
    directoryId: '0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30',
    objectId: '3c6e0a94-8d1b-4b57-9f20-5e7a1c4d8b36',
    name: 'Ada Lovelace',
    username: 'ada@contoso.example',
    email: 'ada@contoso.example',
    roles: ['admin', 'user'],
    groups: ['4f9d2b6a-1c83-4e57-b0a9-7d6e5c4b3a21', '8e2c7a10-5d4f-4b96-a3e8-1f0d9c8b7a65'],
    signedInAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  })
})

attack(['T66', 'T90'], 'meAnswer shows neither tokens nor the cookie nor what serves the protocol alone', async () => {
  const { body } = await ada.ask(`${stage.origin}/.auth/me`)
  expect(body).not.toMatch(/eyJ|token|nonce|__Host|login_hint|"sid"|sub/)
  for (const pair of ada.cookies(stage.origin)) expect(body).not.toContain(pair.split('=')[1])
})

test('meAnswer tells a stranger where to sign in, and begins nothing, also in a window of its own', async () => {
  const stranger = createVisitor()
  for (const headers of [{}, navigation, { accept: 'text/html' }]) {
    const reply = await stranger.ask(`${stage.origin}/.auth/me`, { headers })
    expect(reply.status).toBe(401)
    expect(reply.headers['content-type']).toBe('application/problem+json')
    expect(JSON.parse(reply.body)).toMatchObject({
      code: 'login_required',
      loginUrl: `${stage.origin}/.auth/login`,
    })
    expect(setCookies(reply)).toEqual([])
  }
  stranger.close()
})

test('meAnswer writes names of every script as JSON', async () => {
  const zoe = createVisitor()
  await signIn(zoe, `${stage.origin}/`, 'zoë@fabrikam.example')
  expect(JSON.parse((await zoe.ask(`${stage.origin}/.auth/me`)).body)).toMatchObject({
    name: 'Zoë Björk-Łukasiewicz 山田',
    roles: ['user'],
  })
  zoe.close()
})

test('meAnswer is read only', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
    const reply = await ada.ask(`${stage.origin}/.auth/me`, { method })
    expect(reply.status).toBe(405)
    expect(reply.headers['access-control-allow-origin']).toBeUndefined()
  }
})
