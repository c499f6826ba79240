import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { type Photos, readPhotos } from '../../src/oidc/graph-photo.ts'
import { ask, at, type Impostor, impostor, json, tokenOf } from './graph-scene.ts'

const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3])
const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 1])
const greta = 'greta@contoso.example'

let emulator: Emulator
let server: Impostor | undefined
beforeAll(async () => {
  const photo = jpeg.toString('base64')
  emulator = await startEmulator({ people: [{ username: greta, name: 'Greta', photo }] })
})
afterEach(() => {
  emulator.control.recover()
  server?.close()
  server = undefined
})
afterAll(() => emulator.close())

/** A Graph whose batch says of each size what is said here. */
async function saying(entries: Readonly<Record<string, object>>): Promise<Photos> {
  server = await impostor((_request, response) => {
    const responses = Object.entries(entries).map(([id, entry]) => ({ id, ...entry }))
    json(response, { responses: responses.reverse() })
  })
  return await readPhotos(ask, at(server.origin))
}

function picture(bytes: Buffer, type = 'image/jpeg') {
  return { status: 200, headers: { 'Content-Type': type }, body: bytes.toString('base64') }
}

const missing = { status: 404, headers: {}, body: { error: { code: 'ImageNotFound' } } }

describe('readPhotos', () => {
  test('readPhotos gives the picture in every size, by one call', async () => {
    const token = await tokenOf(emulator, greta)
    const before = emulator.control.requests('graph')
    const photo = { type: 'image/jpeg', bytes: jpeg }
    expect([...(await readPhotos(ask, token))]).toEqual([
      [48, photo],
      [96, photo],
      [240, photo],
    ])
    expect(emulator.control.requests('graph') - before).toBe(1)
  })

  test('readPhotos gives none for somebody who has none', async () => {
    expect((await readPhotos(ask, await tokenOf(emulator, 'uwe@contoso.example'))).size).toBe(0)
  })

  test('readPhotos says where nobody knows, and asks once', async () => {
    await expect(readPhotos(ask, await tokenOf(emulator, greta, 'openid'))).rejects.toMatchObject({
      code: 'graph_refused',
    })
    const token = await tokenOf(emulator, greta)
    const before = emulator.control.requests('graph')
    for (const [failure, code] of [
      [{ kind: 'status', status: 503 }, 'graph_unreachable'],
      [{ kind: 'status', status: 429, headers: { 'Retry-After': '1' } }, 'graph_unreachable'],
      [{ kind: 'status', status: 401, challenge: true }, 'graph_refused'],
      [{ kind: 'close' }, 'graph_unreachable'],
      [{ kind: 'garbage' }, 'graph_unreachable'],
    ] as const) {
      emulator.control.fail('graph', failure)
      await expect(readPhotos(ask, token)).rejects.toMatchObject({ code })
    }
    expect(emulator.control.requests('graph') - before).toBe(5)
    await expect(readPhotos(ask, at('http://127.0.0.1:1'))).rejects.toMatchObject({ code: 'graph_unreachable' })
  })

  test('readPhotos says where every size was throttled, and takes those that were not', async () => {
    const token = await tokenOf(emulator, greta)
    emulator.control.fail('graph-batch-entry', { kind: 'status', status: 429 }, 3)
    await expect(readPhotos(ask, token)).rejects.toMatchObject({ code: 'graph_unreachable' })
    emulator.control.fail('graph-batch-entry', { kind: 'status', status: 429 }, 2)
    expect((await readPhotos(ask, token)).size).toBe(1)
  })

  test('readPhotos says where an answer is missing, and no more of a refusal than its code (T94)', async () => {
    await expect(saying({ 48: missing, 96: missing })).rejects.toMatchObject({ code: 'graph_unreachable' })
    const denied = {
      status: 403,
      headers: {},
      body: { error: { code: 'Authorization_RequestDenied', message: 'Uwe' } },
    }
    const refused = saying({ 48: denied, 96: denied, 240: denied })
    await expect(refused).rejects.toMatchObject({ code: 'graph_refused' })
    const { cause } = (await refused.catch((error: unknown) => error)) as Error
    expect(String(cause)).toContain('photos: 403 Authorization_RequestDenied')
    expect(String(cause)).not.toContain('Uwe')
  })

  for (const [what, entry, given] of [
    ['a PNG', picture(png, 'image/png'), true],
    ['a type with parameters', picture(jpeg, 'IMAGE/JPEG; q=1'), true],
    ['base64 as URLs have it', { ...picture(jpeg), body: jpeg.toString('base64url') }, true],
    ['a page that says it is a picture', picture(Buffer.from('<script>alert(1)</script>'), 'image/png'), false],
    ['a picture that says it is a page', picture(jpeg, 'text/html'), false],
    ['a drawing, which could hold a script', picture(Buffer.from('<svg/>'), 'image/svg+xml'), false],
    ['nothing', picture(Buffer.alloc(0)), false],
    ['one type that says it is the other', picture(jpeg, 'image/png'), false],
    ['an object', { ...picture(jpeg), body: {} }, false],
    ['no type', { ...picture(jpeg), headers: {} }, false],
    ['too large a picture (T88)', picture(Buffer.concat([jpeg, Buffer.alloc(300_000)])), false],
  ] as const) {
    test(`readPhotos ${given ? 'takes' : 'gives none for'} ${what}`, async () => {
      expect([...(await saying({ 48: missing, 96: entry, 240: missing })).keys()]).toEqual(given ? [96] : [])
    })
  }

  test('readPhotos breaks off an answer without end (T88)', async () => {
    server = await impostor((_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, 32)));
      }
      response.on('drain', more)
      more()
    })
    await expect(readPhotos(ask, at(server.origin))).rejects.toMatchObject({ code: 'graph_unreachable' })
  })
})
