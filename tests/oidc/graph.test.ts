import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { payrollStaff } from '../../src/emulator/directory.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { at, findings, type Impostor, impostor, json, tokenOf } from './graph-scene.ts'

let emulator: Emulator
let server: Impostor | undefined
beforeAll(async () => {
  const properties = {
    department: 'Förderung',
    onPremisesExtensionAttributes: { extensionAttribute1: 'K7', extensionAttribute2: null },
    otherMails: ['a@contoso.example', 'b@contoso.example'],
  }
  emulator = await startEmulator({ people: [{ username: 'greta@contoso.example', name: 'Greta', properties }] })
})
afterEach(() => {
  emulator.control.recover()
  server?.close()
  server = undefined
})
afterAll(() => emulator.close())

const greta = 'greta@contoso.example'
const always = Number.POSITIVE_INFINITY

describe('createGraph', () => {
  test('createGraph reads exactly the properties that are asked for, in one call, parts of one too', async () => {
    const token = await tokenOf(emulator, greta)
    const before = emulator.control.requests('graph')
    const properties = [
      ...['department', 'employeeId', 'otherMails', 'onPremisesExtensionAttributes.extensionAttribute1'],
      ...['onPremisesExtensionAttributes.extensionAttribute2', 'onPremisesExtensionAttributes.toString'],
    ]
    expect(await findings(token, { properties })).toEqual({
      memberships: null,
      properties: {
        department: 'Förderung',
        employeeId: null,
        otherMails: ['a@contoso.example', 'b@contoso.example'],
        'onPremisesExtensionAttributes.extensionAttribute1': 'K7',
        'onPremisesExtensionAttributes.extensionAttribute2': null,
        'onPremisesExtensionAttributes.toString': null,
      },
    })
    expect(emulator.control.requests('graph') - before).toBe(1)
  })

  test('createGraph asks with the token, in the language of Graph, and nothing else', async () => {
    server = await impostor((request, response) => {
      const { authorization, accept, 'client-request-id': id } = request.headers
      json(response, { department: [authorization, accept, /^[0-9a-f-]{36}$/.test(String(id))].join() })
    })
    const found = await findings(at(server.origin, 'the-token'), {
      properties: ['department', 'employeeOrgData.division'],
    })
    expect(found).toMatchObject({ properties: { department: 'Bearer the-token,application/json,true' } })
    expect(server.asked).toEqual(['GET /v1.0/me?$select=department,employeeOrgData'])
  })

  test('createGraph asks nobody where there is no question', async () => {
    server = await impostor((_request, response) => json(response, {}))
    expect(await findings(at(server.origin), {})).toEqual({ memberships: null, properties: {} })
    expect(server.asked).toEqual([])
  })

  test('createGraph ends in graph_refused for a property that Graph does not have', async () => {
    const found = await findings(await tokenOf(emulator, greta), { properties: ['shoeSize'] })
    expect(found).toEqual({ fault: 'graph_refused', cause: expect.stringMatching(/me: 400 Request_BadRequest/) })
  })

  test('createGraph ends in graph_refused without the permission to read the profile', async () => {
    const found = await findings(await tokenOf(emulator, greta, 'openid'), { properties: ['department'] })
    expect(found).toMatchObject({ fault: 'graph_refused', cause: expect.stringContaining('403') })
  })

  for (const [what, failure, times] of [
    ['says nothing', { kind: 'hang' }, always],
    ['is too slow', { kind: 'delay', milliseconds: 2_000 }, always],
    ['breaks off', { kind: 'close' }, always],
    ['talks nonsense', { kind: 'garbage' }, 1],
    ['answers with a page', { kind: 'garbage', body: '<p>Sorry', contentType: 'text/html' }, 1],
    ['answers with a list', { kind: 'garbage', body: '"x"' }, 1],
  ] as const) {
    test(`createGraph ends in graph_unreachable when Graph ${what} (T109)`, async () => {
      const token = await tokenOf(emulator, greta)
      emulator.control.fail('graph', failure, times)
      const begun = performance.now()
      const found = await findings(token, { properties: ['department'], memberships: [payrollStaff] }, 1_000)
      expect(found).toMatchObject({ fault: 'graph_unreachable' })
      expect(performance.now() - begun).toBeLessThan(5_000)
    })
  }

  test('createGraph ends in graph_unreachable for an answer without end (T88)', async () => {
    const piece = Buffer.alloc(65_536, 'x')
    server = await impostor((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const more = (): void => void (response.destroyed || response.write(piece, () => setImmediate(more)))
      more()
    })
    const found = await findings(at(server.origin), { properties: ['department'] })
    expect(found).toMatchObject({ fault: 'graph_unreachable' })
  })
})
