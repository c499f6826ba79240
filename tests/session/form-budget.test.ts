import { expect, onTestFinished, test } from 'vitest'
import { createFormBudget } from '../../src/session/form-budget.ts'
import { createKeptForms, formSeconds } from '../../src/session/kept-forms.ts'
import { createMemoryStore } from '../../src/session/store-memory.ts'
import { readableLog, ring } from './people.ts'

const overhead = 4_096

function budget(most: number) {
  let now = 1_000
  const made = createFormBudget(
    () => most,
    () => now,
  )
  return { ...made, forward: (seconds: number) => (now += seconds) }
}

test('createFormBudget gives a caller a quarter, and nobody more than there is in all (T95)', () => {
  const { reserve } = budget(16 * overhead)
  for (let form = 0; form < 4; form += 1) expect(reserve('a', `a${form}`, 0)).not.toBeNull()
  expect(reserve('a', 'a5', 0)).toBeNull()
  for (const caller of ['b', 'c', 'd']) expect(reserve(caller, caller, 3 * overhead)).not.toBeNull()
  expect(reserve('e', 'e', 0)).toBeNull()
})

test('createFormBudget gives a browser twelve, however many callers it pretends to be', () => {
  const { reserve } = budget(1_000 * overhead)
  for (let form = 0; form < 12; form += 1) expect(reserve(`caller ${form}`, 'browser', 0)).not.toBeNull()
  expect(reserve('another', 'browser', 0)).toBeNull()
  expect(reserve('another', 'another', 0)).not.toBeNull()
})

test('createFormBudget takes room back that was freed, sent, or has expired, and once', () => {
  const { reserve, free, forward } = budget(4 * overhead)
  const first = reserve('a', 'a', 0)
  expect(reserve('a', 'a', 0)).toBeNull()
  first?.free()
  first?.free()
  const second = reserve('a', 'a', 0)
  second?.keep('second', 0, 60)
  // What is kept is not given back by whoever was done with reading it.
  second?.free()
  expect(reserve('a', 'a', 0)).toBeNull()
  free('nothing')
  free('second')
  free('second')
  reserve('a', 'a', 0)?.keep('third', 0, 60)
  expect(reserve('a', 'a', 0)).toBeNull()
  forward(61)
  expect(reserve('a', 'a', 0)).not.toBeNull()
  expect(reserve('a', 'a', 0)).toBeNull()
})

test('settle has a form that is given back take its room for as long as it is there once more', async () => {
  const { forward, ...made } = budget(4 * overhead)
  const store = createMemoryStore({ maxSessions: 1, clock: () => forward(0), log: readableLog() })
  onTestFinished(() => store.close())
  const forms = createKeptForms({ store, ring, budget: made })
  const place = { tenant: 'payroll', browser: 'b'.repeat(22), id: 'i'.repeat(22) }
  const note = { target: '/', contentType: 'text/plain', page: null, person: 'anna', is: 'kept' } as const
  const room = made.reserve('a', 'a', 0) ?? expect.fail('there is room')
  await forms.keep(place, { note, body: Buffer.from('text'), room })
  forward(formSeconds - 1)
  const body = await forms.take(place)
  await forms.settle(place, { ...note, is: 'tried' }, body)
  forward(formSeconds - 1)
  expect(made.reserve('a', 'a', 0)).toBeNull()
  expect((await forms.take(place))?.toString()).toBe('text')
  await forms.settle(place, { ...note, is: 'sent' }, null)
  expect(made.reserve('a', 'a', 0)).not.toBeNull()
})

test('createFormBudget counts what is kept, not what was made room for', () => {
  const { reserve } = budget(16 * overhead)
  reserve('a', 'a', 3 * overhead)?.keep('a', 0, 60)
  expect(reserve('a', 'a', 2 * overhead)).not.toBeNull()
  expect(reserve('a', 'a', 0)).toBeNull()
})
