// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { createFiles } from '../../src/config/files.ts'
import { interpolate } from '../../src/config/references.ts'
import { tenantSurroundings, variablePrefix } from '../../src/config/tenant-secrets.ts'
import { folderWith, write } from './written.ts'

const own = 'only variables that begin with TENANT_PAYROLL_ can be named'

describe('tenantSurroundings', () => {
  for (const [name, because] of [
    ['TENANT_WIKI_SECRET', own],
    ['SESSION', own],
    ['HOME', own],
    ['TENANT_PAYROLL', own],
    ['TENANT_PAYROLLX', own],
    // Belongs to `payroll-eu`.
    ['TENANT_PAYROLL__EU_SECRET', own],
    ['tenant_payroll_secret', own],
  ] as const) {
    test(`refuses the variable ${name} (T125)`, () => {
      const env = { [name]: 'hunter2' }
      const found = interpolate(
        `\${env:${name}}`,
        tenantSurroundings('payroll', { env, folders: [], files: createFiles() }),
      )
      assert('problem' in found && found.problem.includes(because), JSON.stringify(found))
      const withDefault = `\${env:${name}:-mine}`
      assert(
        'problem' in
          interpolate(withDefault, tenantSurroundings('payroll', { env, folders: [], files: createFiles() })),
      )
    })
  }

  test('takes the variables of the tenant, also of one with hyphens in its name', () => {
    const env = { TENANT_PAYROLL_SECRET: 'one', TENANT_PAYROLL__EU_SECRET: 'two' }
    for (const [tenant, reference, text] of [
      ['payroll', '${env:TENANT_PAYROLL_SECRET}', 'one'],
      ['payroll', '${env:TENANT_PAYROLL_NONE:-else}', 'else'],
      ['payroll-eu', '${env:TENANT_PAYROLL__EU_SECRET}', 'two'],
    ] as const) {
      assert.deepEqual(interpolate(reference, tenantSurroundings(tenant, { env, folders: [], files: createFiles() })), {
        text,
      })
    }
  })

  test('lets no tenant name a variable of another, whatever their names are (T125)', () => {
    const names = ['a', 'a-', 'a--', 'a-b', 'a--b', 'a-b-c', 'ab', 'a0', 'b']
    for (const tenant of names) {
      const { variable } = tenantSurroundings(tenant, { env: {}, folders: [], files: createFiles() })
      for (const other of names) {
        for (const rest of ['X', 'B_X', '0']) {
          const found = variable(`${variablePrefix(other)}${rest}`)
          // What two could name would belong to both.
          assert.equal('value' in found, tenant === other, `${tenant} names ${variablePrefix(other)}${rest}`)
        }
      }
    }
  })
})

/** A reference to a file, as `payroll` writes it. */
function read(path: string, folders: readonly string[]) {
  return interpolate(`\${file:${path}}`, tenantSurroundings('payroll', { env: {}, folders, files: createFiles() }))
}

const root = folderWith({
  'secrets/payroll/client-secret': 'mine\n',
  'secrets/payroll/deep/key': 'deep',
  'secrets/wiki/client-secret': 'hunter2',
  'secrets/payroll-eu/client-secret': 'hunter2',
  'flat/payroll.client-secret': 'flat',
  'flat/payroll-eu.client-secret': 'hunter2',
  'flat/wiki.client-secret': 'hunter2',
  'flat/session': 'hunter2',
  session: 'hunter2',
})
const [nested, flat] = [join(root, 'secrets'), join(root, 'flat')]

describe('tenantSurroundings finds a file', () => {
  for (const [what, path, folders, text] of [
    ['in the folder of the tenant', 'client-secret', [nested], 'mine'],
    ['in a folder below it', 'deep/key', [nested], 'deep'],
    ['as a flat key, as Kubernetes has it', 'client-secret', [flat], 'flat'],
    ['in the first of several folders that has it', 'client-secret', [flat, nested], 'flat'],
    ['in the second, where the first has nothing', 'deep/key', [flat, nested], 'deep'],
  ] as const) {
    test(what, () => assert.deepEqual(read(path, folders), { text }))
  }

  test('through the links of a mounted Secret, also when they are swapped', () => {
    const mounted = folderWith({})
    write(join(mounted, '..2026_1/payroll.client-secret'), 'first')
    symlinkSync('..2026_1', join(mounted, '..data'))
    symlinkSync('..data/payroll.client-secret', join(mounted, 'payroll.client-secret'))
    assert.deepEqual(read('client-secret', [mounted]), { text: 'first' })
    write(join(mounted, '..2026_2/payroll.client-secret'), 'second')
    symlinkSync('..2026_2', join(mounted, '..data_tmp'))
    renameSync(join(mounted, '..data_tmp'), join(mounted, '..data'))
    rmSync(join(mounted, '..2026_1'), { recursive: true })
    assert.deepEqual(read('client-secret', [mounted]), { text: 'second' })
  })

  test('through the links of a Secret that is mounted for one tenant', () => {
    const mounted = folderWith({})
    write(join(mounted, 'payroll/..2026_1/client-secret'), 'linked')
    symlinkSync('..2026_1', join(mounted, 'payroll/..data'))
    symlinkSync('..data/client-secret', join(mounted, 'payroll/client-secret'))
    assert.deepEqual(read('client-secret', [mounted]), { text: 'linked' })
  })

  test('in a folder that is itself a link of the operator', () => {
    const linked = folderWith({})
    symlinkSync(join(nested, 'payroll'), join(linked, 'payroll'))
    assert.deepEqual(read('client-secret', [linked]), { text: 'mine' })
  })
})

describe('tenantSurroundings refuses a file', () => {
  for (const path of [
    join(root, 'session'),
    '/etc/passwd',
    '../session',
    '../wiki/client-secret',
    'deep/../../wiki/client-secret',
    './client-secret',
    'deep//key',
    'deep/',
    '..',
    '.',
  ]) {
    test(`named ${path.replace(root, '')} (T125)`, () => {
      const found = read(path, [nested, flat])
      assert('problem' in found && found.problem.includes('only the tenant’s own secrets'), JSON.stringify(found))
    })
  }

  for (const [what, place, target, path] of [
    ['that is a link to the secret of another tenant', 'payroll/stolen', '../wiki/client-secret', 'stolen'],
    ['that is an absolute link', 'payroll/absolute', '/etc/passwd', 'absolute'],
    ['below a link to a folder elsewhere', 'payroll/away', '../wiki', 'away/client-secret'],
    ['in a folder whose name only begins with that of the tenant', 'payroll/eu', '../payroll-eu/client-secret', 'eu'],
  ] as const) {
    test(`${what} (T125)`, () => {
      const folder = folderWith({ 'wiki/client-secret': 'hunter2', 'payroll-eu/client-secret': 'hunter2' })
      mkdirSync(join(folder, 'payroll'))
      symlinkSync(target, join(folder, place))
      const found = read(path, [folder])
      assert('problem' in found && found.problem.includes('leads out of'), JSON.stringify(found))
    })
  }

  test('that is a flat link to a key of another tenant (T125)', () => {
    const folder = folderWith({ 'wiki.client-secret': 'hunter2' })
    symlinkSync('wiki.client-secret', join(folder, 'payroll.client-secret'))
    const found = read('client-secret', [folder])
    assert('problem' in found && found.problem.includes('leads out of'), JSON.stringify(found))
  })

  test('where no folder of secrets is set', () => {
    const found = read('client-secret', [])
    assert('problem' in found && found.problem.includes('`tenantFiles.secrets` is not set'))
  })

  test('that is not there, and says so as of one that may come', () => {
    assert.deepEqual(read('nothing', [nested, flat]), {
      problem: `the file of the reference cannot be read (ENOENT); looked for as payroll/… and payroll.… in ${nested}, ${flat}`,
      missing: true,
    })
  })
})

test('tenantSurroundings notes every place that was looked at, so that a secret that comes later is noticed', () => {
  const folder = folderWith({})
  const files = createFiles()
  const surroundings = tenantSurroundings('payroll', { env: {}, folders: [folder], files })
  const { used } = files.watching(() => interpolate('${file:client-secret}', surroundings))
  const changed = () => used.some((each) => !each.isUnchanged())
  assert.equal(changed(), false)
  write(join(folder, 'payroll.client-secret'), 'now')
  assert.equal(changed(), true)
})
