import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Stage, startStage } from '../stage.ts'
import { bytesOf, speak } from './wire.ts'

let stage: Stage

beforeAll(async () => {
  stage = await startStage()
})
afterAll(() => stage.close())

// What paths, hosts and methods can be made to mean is tried in tests/attacks/request-target.test.ts.
describe('the gate and paths', () => {
  for (const [length, status] of [
    [8_192, 200],
    [8_193, 414],
    [15_000, 414],
    [17_000, 431],
  ] as const) {
    test(`answers a path of ${length} bytes with ${status} (T88)`, async () => {
      const path = `/public/${'a'.repeat(length - '/public/'.length)}`
      expect((await speak(stage.origin, bytesOf(stage.origin, `GET ${path}`)))?.status).toBe(status)
    })
  }
})
