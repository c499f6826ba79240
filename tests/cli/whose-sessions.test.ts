import { expect, test } from 'vitest'
import { whoseOf } from '../../src/cli/whose-sessions.ts'

const written = { providers: [], tenants: [] }

test('whoseOf takes a person as `sessions list` shows them', () => {
  const [directoryId, objectId] = ['0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30', '3c6e0a94-8d1b-4b57-9f20-5e7a1c4d8b36']
  for (const [person, whose] of [
    [`${directoryId}/${objectId}`, { of: 'person', directoryId, objectId }],
    [objectId, { of: 'object', objectId }],
    ['break-glass/break-glass:anna', { of: 'person', directoryId: 'break-glass', objectId: 'break-glass:anna' }],
    ['break-glass:anna', { of: 'object', objectId: 'break-glass:anna' }],
  ] as const) {
    expect(whoseOf({ person }, written)).toEqual(whose)
  }
})
