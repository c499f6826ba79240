import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { readPhoto } from '../../src/oidc/graph-photo.ts'
import { ask, at, type Impostor, impostor, tokenOf } from './graph-scene.ts'

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

describe('readPhoto', () => {
  for (const size of [48, 96, 240] as const) {
    test(`readPhoto gives the picture of ${size} pixels`, async () => {
      expect(await readPhoto(ask, await tokenOf(emulator, greta), size)).toEqual({ type: 'image/jpeg', bytes: jpeg })
    })
  }

  test('readPhoto gives none for somebody who has none', async () => {
    expect(await readPhoto(ask, await tokenOf(emulator, 'uwe@contoso.example'), 48)).toBe(null)
  })

  test('readPhoto gives none without the permission, and whatever Graph answers but a picture', async () => {
    expect(await readPhoto(ask, await tokenOf(emulator, greta, 'openid'), 48)).toBe(null)
    const token = await tokenOf(emulator, greta)
    for (const failure of [{ kind: 'status', status: 503 }, { kind: 'close' }, { kind: 'garbage' }] as const) {
      emulator.control.fail('graph', failure)
      expect(await readPhoto(ask, token, 48)).toBe(null)
    }
    expect(await readPhoto(ask, at('http://127.0.0.1:1'), 48)).toBe(null)
  })

  for (const [what, type, body, given] of [
    ['a PNG', 'image/png', png, true],
    ['a type with parameters', 'IMAGE/JPEG; q=1', jpeg, true],
    ['a page that says it is a picture', 'image/png', Buffer.from('<script>alert(1)</script>'), false],
    ['a picture that says it is a page', 'text/html', jpeg, false],
    ['a drawing, which could hold a script', 'image/svg+xml', Buffer.from('<svg/>'), false],
    ['nothing', 'image/jpeg', Buffer.alloc(0), false],
    ['one type that says it is the other', 'image/png', jpeg, false],
    ['too large a picture (T88)', 'image/jpeg', Buffer.concat([jpeg, Buffer.alloc(300_000)]), false],
  ] as const) {
    test(`readPhoto ${given ? 'takes' : 'gives none for'} ${what}`, async () => {
      server = await impostor((_request, response) => void response.writeHead(200, { 'content-type': type }).end(body))
      const photo = await readPhoto(ask, at(server.origin), 48)
      if (given) expect(photo).toEqual({ type: type.split(';')[0]?.toLowerCase(), bytes: body })
      else expect(photo).toBe(null)
    })
  }
})
