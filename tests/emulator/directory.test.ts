import { expect, test } from 'vitest'
import * as directory from '../../src/emulator/directory.ts'

test('createDirectory is made of the ids that configurations of the demo repeat', () => {
  expect(directory).toMatchObject({
    directoryId: '0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30',
    clientId: '6d1f0c52-3b7e-4a98-8c15-f0e2d4b6a791',
    clientSecret: 'pretend-secret-for-the-demo-only',
    payrollAdministrators: '4f9d2b6a-1c83-4e57-b0a9-7d6e5c4b3a21',
    payrollStaff: '8e2c7a10-5d4f-4b96-a3e8-1f0d9c8b7a65',
    allEmployees: 'c7b1e3f5-9a2d-4068-8f4c-6e5d3b2a1908',
    administratorRole: 'Payroll.Admin',
    readerRole: 'Payroll.Reader',
  })
})

test('createDirectory holds an administrator, a clerk, somebody without groups and a guest', () => {
  const { payrollAdministrators, payrollStaff, allEmployees, readerRole } = directory
  const held = directory
    .createDirectory()
    .people()
    .map(({ username, groups, appRoles }) => [username, groups, appRoles])
  expect(held).toEqual([
    ['ada@contoso.example', [payrollAdministrators, payrollStaff, allEmployees], []],
    ['uwe@contoso.example', [payrollStaff, allEmployees], []],
    ['nora@contoso.example', [], []],
    ['zoë@fabrikam.example', [], [readerRole]],
  ])
})

test('createDirectory adds people, whose object ids stay the same from start to start', () => {
  const person = { username: 'new@contoso.example', name: 'New' }
  const ids = [1, 2].map(() => directory.createDirectory([person]).byName('NEW@contoso.example')?.id)
  expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(ids[0]).toBe(ids[1])
})

test('byName finds a guest by each of the names', () => {
  const { byName } = directory.createDirectory()
  const names = ['zoë@fabrikam.example', 'zoe@fabrikam.example', 'zoë_fabrikam.example#ext#@contoso.example']
  expect(names.map((name) => byName(name)?.username)).toEqual(Array(3).fill('zoë@fabrikam.example'))
  expect(byName('nobody@contoso.example')).toBeNull()
})
