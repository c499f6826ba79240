import assert from 'node:assert/strict'
import { test } from 'vitest'
import { createHealth } from '../../src/ops/health.ts'

test('report is not ready until what it awaits is there, and then whatever becomes of it', () => {
  let there = false
  const health = createHealth(() => 0)
  health.awaits(() => there)
  assert.deepEqual(health.report(), { ready: false, detail: { gateway: 'starting' } })
  there = true
  assert.deepEqual(health.report(), { ready: true, detail: { gateway: 'serving' } })
  there = false
  assert.deepEqual(health.report(), { ready: true, detail: { gateway: 'serving' } })
})

test('report does not wait for ever: public routes need no store', () => {
  let now = 0
  const health = createHealth(() => now)
  health.awaits(() => false)
  now = 10_000
  assert.equal(health.report().ready, false)
  now = 10_001
  assert.equal(health.report().ready, true)
})

test('report is never ready again once it drains', () => {
  const health = createHealth(() => 0)
  health.drain()
  assert.deepEqual(health.report(), { ready: false, detail: { gateway: 'draining' } })
})
