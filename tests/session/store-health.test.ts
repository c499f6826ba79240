import assert from 'node:assert/strict'
import { test } from 'vitest'
import { createStoreHealth } from '../../src/session/store-health.ts'

/** A store's health with a clock that is moved by hand, in milliseconds, and the events that it logged. */
function watched() {
  const events: string[] = []
  const note = (event: string) => void events.push(event)
  let now = 0
  const health = createStoreHealth({ info: note, warn: note, error: note }, () => now)
  return {
    events,
    health,
    answer: () => health.answered(async () => 'PONG'),
    fail: () => health.failed(new Error('Connection is closed.')),
    pass: (milliseconds: number) => {
      now += milliseconds
    },
  }
}

test('createStoreHealth takes a store for there again when nothing has failed for a second', async () => {
  const { events, health, answer, fail, pass } = watched()
  await answer()
  fail()
  pass(999)
  await answer()
  assert.equal(health.isUp(), false)
  pass(1)
  await answer()
  assert.equal(health.isUp(), true)
  assert.deepEqual(events, ['session_store_down', 'session_store_up'])
})

test('createStoreHealth says of a store that answers and fails by turns that it is down, and not time and again', async () => {
  const { events, health, answer, fail, pass } = watched()
  await answer()
  for (let i = 0; i < 600; i += 1) {
    if (i % 4 === 0) fail()
    pass(500)
    await answer()
  }
  assert.equal(health.isUp(), false)
  assert.deepEqual(events, [
    'session_store_down',
    'session_store_up',
    'session_store_down',
    'session_store_up',
    'session_store_down',
  ])
})

test('createStoreHealth believes a store at once again that has been well for a while', async () => {
  const { health, answer, fail, pass } = watched()
  for (const rest of [10, 20, 10_000]) {
    fail()
    pass(4_000)
    await answer()
    pass(rest)
  }
  fail()
  pass(1_000)
  await answer()
  assert.equal(health.isUp(), true)
})
