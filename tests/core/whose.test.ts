import { expect, test } from 'vitest'
import { groupsOf, isEndedByProviders, textOfGroup, type Whose } from '../../src/core/identity/whose.ts'

const session = {
  ...{ tenant: 'payroll', provider: 'contoso', registration: 'https://login.example client' },
  ...{ directoryId: 'directory', objectId: 'object', sid: 'sid' },
}

test('groupsOf puts a session into every kind of group once, and into none of a sid that it has not', () => {
  const kinds = groupsOf(session).map(({ of }) => of)
  expect(kinds).toEqual(['everybody', 'tenant', 'provider', 'person', 'object', 'subject', 'sid'])
  expect(groupsOf({ ...session, sid: null }).map(({ of }) => of)).toEqual(kinds.slice(0, -1))
})

test('textOfGroup tells groups apart however their values are cut (T56)', () => {
  const groups: readonly Whose[] = [
    ...groupsOf(session),
    { of: 'tenant', tenant: 'contoso' },
    { of: 'provider', provider: 'payroll' },
    { of: 'person', directoryId: 'directoryo', objectId: 'bject' },
    { of: 'person', directoryId: 'directory"', objectId: ',"object' },
    { of: 'person', directoryId: 'object', objectId: 'directory' },
    { of: 'subject', registration: 'https://login.example clientobject', objectId: '' },
    { of: 'subject', registration: 'sid', objectId: 'https://login.example client' },
    { of: 'sid', registration: 'https://login.example', sid: 'client sid' },
  ]
  expect(new Set(groups.map(textOfGroup)).size).toBe(groups.length)
})

test('isEndedByProviders is so for what providers name, and not for what operators do', () => {
  const theirs = groupsOf(session).filter(isEndedByProviders)
  expect(theirs.map(({ of }) => of)).toEqual(['subject', 'sid'])
})
