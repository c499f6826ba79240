import { afterAll, beforeAll, expect } from 'vitest'
import { bytesOf, speak } from '../http/wire.ts'
import { type Stage, startStage } from '../stage.ts'
import { attack } from './attack.ts'

let stage: Stage

beforeAll(async () => {
  stage = await startStage()
})
afterAll(() => stage.close())

attack('T15', 'is told 421 for a host that nobody configured, and nothing about those that are', async () => {
  const answer = await speak(stage.origin, bytesOf(stage.origin, 'GET /public/x', ['Host: evil.example']))
  expect(answer?.status).toBe(421)
  expect(answer?.head).not.toMatch(/^set-cookie/im)
  expect(answer?.body).not.toContain('payroll')
  expect(answer?.body).not.toContain('Payroll')
  expect(stage.upstream.seen).toHaveLength(0)
})
