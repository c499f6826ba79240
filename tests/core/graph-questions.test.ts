import { describe, expect, test } from 'vitest'
import { questionsAbout } from '../../src/core/identity/entra.ts'
import { graphProperties, keepProperties, mayAskGraph } from '../../src/core/identity/graph-questions.ts'
import { admins, contoso, directoryId, objectId, role, route, staff, tenant, toUpstream } from './build.ts'

const sends = (...names: readonly string[]) => {
  const entries = names.map((graph, place) => ({ name: `X-${place}`, parts: [{ text: 'a' }, { graph }] }))
  return route('/', 'signed-in', { to: toUpstream({ headers: { entries, encoding: 'utf8', accessToken: null } }) })
}
const ids = { tid: directoryId, oid: objectId }
const personal = '9188040d-6c67-4c5b-b112-36a304b66dad'

describe('questionsAbout', () => {
  const at = tenant({
    roles: [
      role('admin', { groups: [admins] }),
      role('user', { groups: [staff, admins], appRoles: [staff.toUpperCase()] }),
    ],
    routes: [sends('department', 'employeeId'), sends('department')],
  })

  test('asks for each group and each property once', () => {
    const claims = { ...ids, _claim_names: { groups: 'src1', roles: 'src1' } }
    expect(questionsAbout(at, contoso, claims)).toEqual({
      memberships: [admins, staff],
      properties: ['department', 'employeeId'],
    })
  })

  test('asks for no group where the token lists them, and for no property that no header sends', () => {
    expect(questionsAbout(at, contoso, { ...ids, groups: [] }).memberships).toEqual([])
    expect(questionsAbout(tenant(), contoso, ids)).toEqual({ memberships: [], properties: [] })
  })

  test('asks nothing about who is refused anyway', () => {
    for (const refused of [{ tid: admins, oid: objectId }, { tid: directoryId }, { ...ids, ver: '1.0' }]) {
      expect(questionsAbout(at, contoso, { ...refused, hasgroups: true })).toEqual({ memberships: [], properties: [] })
    }
    const closed = { ...contoso, overage: 'refuse' } as const
    expect(questionsAbout(at, closed, { ...ids, hasgroups: true })).toEqual({ memberships: [], properties: [] })
  })

  test('asks no directory for properties of a personal account', () => {
    const people = [{ directoryId: personal, objectId }]
    const open = { ...contoso, tenantId: 'consumers' }
    const named = tenant({ roles: [role('user', { people })], routes: [sends('department')] })
    expect(questionsAbout(named, open, { tid: personal, oid: objectId }).properties).toEqual([])
  })
})

describe('mayAskGraph', () => {
  test('says yes for values in headers, and for groups; no where neither is there', () => {
    const roles = [role('user', { appRoles: ['x'] })]
    expect(mayAskGraph(tenant({ roles, routes: [sends('department')] }), { ...contoso, overage: 'refuse' })).toBe(true)
    expect(mayAskGraph(tenant(), contoso)).toBe(true)
    expect(mayAskGraph(tenant(), { ...contoso, overage: 'refuse' })).toBe(false)
    expect(mayAskGraph(tenant({ roles }), contoso)).toBe(false)
  })

  test('graphProperties remembers its answer for a compiled tenant', () => {
    const at = tenant({ routes: [sends('department')] })
    expect(graphProperties(at)).toBe(graphProperties(at))
  })
})

describe('keepProperties', () => {
  const keep = (value: unknown) => {
    const { kept, dropped } = keepProperties(['x'], { memberships: null, properties: { x: value } })
    return dropped.length > 0 ? dropped : (kept.x ?? null)
  }
  for (const [what, value, expected] of [
    ['a text', 'Lohnbüro', 'Lohnbüro'],
    ['a number', 42, '42'],
    ['a truth value', false, 'false'],
    ['a list of texts', ['a', 'b'], 'a,b'],
    ['null', null, null],
    ['nothing', undefined, null],
    ['an empty text', '', null],
    ['an empty list', [], null],
    ['an object', { a: 1 }, ['graph.x']],
    ['a list with a comma in an element (T29)', ['a,b'], ['graph.x']],
    ['a list of something else', [1], ['graph.x']],
    ['a text with a line break (T28)', 'a\r\nX-Role: admin', ['graph.x']],
    ['a list with a line break (T28)', ['a\n'], ['graph.x']],
    ['a text that is too long (T88)', 'x'.repeat(1_025), ['graph.x']],
  ] as const) {
    test(`keepProperties makes ${JSON.stringify(expected)?.slice(0, 40)} of ${what}`, () =>
      expect(keep(value)).toEqual(expected))
  }

  test('keepProperties keeps no more than a few kilobytes of all together (T88)', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    const properties = Object.fromEntries(names.map((name) => [name, 'x'.repeat(1_000)]))
    const { kept, dropped } = keepProperties(names, { memberships: null, properties })
    expect(Object.keys(kept)).toEqual(['a', 'b', 'c', 'd'])
    expect(dropped).toEqual(['graph.e', 'graph.f'])
  })

  test('keepProperties takes no property for a prototype, and none that was not asked for', () => {
    const properties = JSON.parse('{"__proto__": {"department": "x"}, "other": "y"}') as Record<string, unknown>
    expect(keepProperties(['department', 'toString'], { memberships: null, properties }).kept).toEqual({})
  })
})

test('keepProperties lets no value that it leaves out crowd out another (T88)', () => {
  const properties = { aboutMe: 'x'.repeat(5_000), department: 'Payroll' }
  expect(keepProperties(['aboutMe', 'department'], { memberships: null, properties })).toEqual({
    kept: { department: 'Payroll' },
    dropped: ['graph.aboutMe'],
  })
})
