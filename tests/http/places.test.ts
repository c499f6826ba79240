import { expect, test } from 'vitest'
import { createPlaces } from '../../src/http/places.ts'
import { session } from '../core/build.ts'

const roles = { roles: [], matched: [], admitted: true } as const
const person = (objectId: string) => ({ session: session({ objectId }), roles })

test('take counts to the last place and back, however often a place is given back', () => {
  const places = createPlaces(() => ({ webSockets: 1_000, openPerPerson: 3 }))
  const given = [1, 2, 3].map(() => places.take('websocket', person('a')))
  expect(places.take('websocket', person('a'))).toEqual({ reason: 'too_many_open' })
  expect(places.take('stream', person('a'))).toEqual({ reason: 'too_many_open' })
  expect(places.take('websocket', person('b'))).toBeTypeOf('function')
  for (const each of [...given, ...given]) if (typeof each === 'function') each()
  expect([places.taken('websocket'), places.taken('stream')]).toEqual([1, 0])
  expect(places.take('stream', person('a'))).toBeTypeOf('function')
  expect([places.taken('websocket'), places.taken('stream')]).toEqual([1, 1])
})

test('take leaves half of the WebSockets to those who are signed in', () => {
  const places = createPlaces(() => ({ webSockets: 4, openPerPerson: 10 }))
  expect([1, 2, 3].map(() => typeof places.take('websocket', null))).toEqual(['function', 'function', 'object'])
  expect([1, 2, 3].map(() => typeof places.take('websocket', person('a')))).toEqual(['function', 'function', 'object'])
  expect(places.take('websocket', person('b'))).toEqual({ reason: 'websockets_full' })
  // Requests have the limit of connections.
  expect(places.take('stream', null)).toBeTypeOf('function')
})

test('take goes by the limits in force, also where more is open by then', () => {
  let limits = { webSockets: 10, openPerPerson: 5 }
  const places = createPlaces(() => limits)
  const given = [1, 2, 3].map(() => places.take('websocket', person('a')))
  limits = { webSockets: 10, openPerPerson: 2 }
  expect(places.take('websocket', person('a'))).toEqual({ reason: 'too_many_open' })
  for (const each of given.slice(0, 2)) if (typeof each === 'function') each()
  expect(places.take('websocket', person('a'))).toBeTypeOf('function')
})
