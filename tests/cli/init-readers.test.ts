import assert from 'node:assert/strict'
import { test } from 'vitest'
import { readRole } from '../../src/cli/init-readers.ts'

const group = 'aaaaaaaa-1111-2222-3333-444444444444'

test('readRole takes an id for a group, and anything else for an app role', () => {
  assert.deepEqual(readRole(` admin = ${group}`), { value: { roleGroup: [`admin=${group}`], roleAppRole: [] } })
  assert.deepEqual(readRole('admin=Payroll.Admin'), { value: { roleGroup: [], roleAppRole: ['admin=Payroll.Admin'] } })
  assert('problem' in readRole('admin'))
  assert('problem' in readRole('refuse=x'))
})
