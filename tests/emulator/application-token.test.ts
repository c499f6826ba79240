import { afterAll, beforeAll, expect, test } from 'vitest'
import { directoryId } from '../../src/emulator/directory.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { personas } from '../../src/emulator/people.ts'
import { askToken, payloadOf } from './client.ts'

const graph = 'https://graph.microsoft.com/.default'
let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator({
    people: personas,
    application: { audience: 'common', applicationPermissions: ['User.Read.All'] },
  })
})
afterAll(() => emulator.close())

const ask = (changes: Record<string, string | undefined> = {}) =>
  askToken(emulator.origin, { grant_type: 'client_credentials', scope: graph, ...changes })

async function look(path: string, token: unknown) {
  const answer = await fetch(`${emulator.origin}/v1.0${path}`, { headers: { authorization: `Bearer ${token}` } })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

test('applicationToken gives an access token for the application, and nothing else', async () => {
  const { status, body } = await ask()
  expect(status).toBe(200)
  expect(body).toStrictEqual({
    ...{ token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599, access_token: expect.any(String) },
  })
  expect(payloadOf(body.access_token)).toMatchObject({ idtyp: 'app', tid: directoryId, roles: ['User.Read.All'] })
})

test('applicationToken opens people of its directory at Graph, but is nobody’s own', async () => {
  const { access_token: token } = (await ask()).body
  expect(await look('/users/ada@contoso.example', token)).toMatchObject({
    status: 200,
    body: { displayName: 'Ada Lovelace' },
  })
  expect((await look('/users/felix@fabrikam.example', token)).status).toBe(404)
  expect((await look('/me', token)).status).toBe(400)
  expect((await look('/users/ada@contoso.example', 'another')).status).toBe(401)
})

test('applicationToken opens nothing that no administrator has consented to', async () => {
  emulator.control.changeApplication({ applicationPermissions: [] })
  const { access_token: token } = (await ask()).body
  emulator.control.changeApplication({ applicationPermissions: ['User.Read.All'] })
  expect(payloadOf(token)).not.toHaveProperty('roles')
  expect((await look('/users/ada@contoso.example', token)).status).toBe(403)
})

for (const [name, changes, error, code] of [
  ['single scopes', { scope: 'User.Read' }, 'invalid_scope', 1002012],
  ['scopes beside the default', { scope: `${graph} openid` }, 'invalid_scope', 1002012],
  ['no resource', { scope: '/.default' }, 'invalid_scope', 1002012],
  ['another resource', { scope: 'api://payroll/.default' }, 'invalid_resource', 500011],
  ['no scope', { scope: undefined }, 'invalid_request', 900144],
  ['no single directory', { authority: 'common' }, 'invalid_request', 9001023],
  ['the directory of personal accounts', { authority: 'consumers' }, 'invalid_request', 9001023],
  ['a wrong secret', { client_secret: 'wrong' }, 'invalid_client', 7000215],
] as const) {
  test(`applicationToken refuses ${name} with ${code}`, async () => {
    expect((await ask(changes)).body).toMatchObject({ error, error_codes: [code] })
  })
}
