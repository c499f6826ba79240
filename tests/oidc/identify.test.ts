import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { payrollStaff } from '../../src/emulator/directory.ts'
import { payrollAdministrators } from '../../src/emulator/groups.ts'
import { personas } from '../../src/emulator/people.ts'
import { attack } from '../attacks/attack.ts'
import { begin, parameter } from '../http/scene.ts'
import { type Stage, type StageOptions, startStage } from '../stage.ts'
import { createVisitor, type Reply, signIn } from '../visitor.ts'
import { strangers } from './graph-scene.ts'

const contoso = 'tenantId: 0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30'

/** Signs in, and what the application, the log and Graph saw of it. */
async function signedIn(stage: Stage, username: string) {
  const { control } = stage.emulator
  const [calls, entries] = [control.requests('graph'), control.requests('graph-batch-entry')]
  const visitor = createVisitor()
  const reply = await signIn(visitor, `${stage.origin}/x`, username)
  const line = stage.log().findLast(({ event }) => event === 'signed_in')
  const asked = { calls: control.requests('graph') - calls, entries: control.requests('graph-batch-entry') - entries }
  return { reply, visitor, line, asked, headers: headersOf(reply) }
}

function headersOf(reply: Reply): Record<string, string> {
  return reply.status === 200 ? JSON.parse(reply.body).headers : {}
}

async function onStage(options: StageOptions, work: (stage: Stage) => Promise<void>): Promise<void> {
  const stage = await startStage({ people: personas, routes: '- { path: /, access: signed-in }', ...options })
  try {
    await work(stage)
  } finally {
    await stage.close()
  }
}

describe('createIdentify', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await startStage({ people: personas })
  })
  afterEach(() => {
    stage.emulator.control.recover()
    stage.emulator.control.changeApplication({ overage: 'azure-ad-graph', groupClaims: 'SecurityGroup' })
  })
  afterAll(() => stage.close())

  for (const [username, status, calls, unnamedGroups] of [
    ['nora@contoso.example', 403, 0, 0],
    ['groups1@contoso.example', 200, 0, 0],
    ['nick@contoso.example', 200, 0, 1],
    ['groups150@contoso.example', 200, 0, 149],
    ['groups200@contoso.example', 200, 0, 199],
    ['groups201@contoso.example', 200, 1, null],
    ['groups500@contoso.example', 200, 1, null],
  ] as const) {
    test(`createIdentify finds the role of ${username}, and asks Graph ${calls === 0 ? 'nothing' : 'once'} (T109)`, async () => {
      const { reply, line, asked, headers, visitor } = await signedIn(stage, username)
      expect(reply.status).toBe(status)
      expect(asked.calls).toBe(calls)
      expect(line).toMatchObject({ roles: status === 200 ? ['user'] : [] })
      expect([line?.unnamedGroups ?? null, line?.groupsFrom]).toEqual([
        unnamedGroups,
        calls === 0 ? undefined : 'graph',
      ])
      if (status === 200) expect(headers['x-forwarded-groups']).toBe(payrollStaff)
      visitor.close()
    })
  }

  for (const overage of ['azure-ad-graph', 'microsoft-graph', 'hasgroups', 'flattened'] as const) {
    test(`createIdentify reads overage as ${overage} says it`, async () => {
      stage.emulator.control.changeApplication({ overage })
      const { asked, headers, visitor } = await signedIn(stage, 'groups500@contoso.example')
      expect(headers).toMatchObject({ 'x-forwarded-roles': 'user', 'x-forwarded-groups': payrollStaff })
      expect(asked.calls).toBe(1)
      visitor.close()
    })
  }

  test('createIdentify asks Graph at the sign-in only, never while somebody waits for a page', async () => {
    const { visitor } = await signedIn(stage, 'groups500@contoso.example')
    const before = stage.emulator.control.requests('graph')
    for (let round = 0; round < 20; round += 1) await visitor.ask(`${stage.origin}/x`)
    expect(stage.emulator.control.requests('graph')).toBe(before)
    visitor.close()
  })

  test('createIdentify sees at the next sign-in what has changed, in either direction (T68)', async () => {
    const username = 'groups201@contoso.example'
    const person = personas.find((each) => each.username === username)
    const groups = person?.groups ?? []
    stage.emulator.control.changePerson(username, { groups: [...strangers(1), ...groups.slice(0, 200)] })
    expect((await signedIn(stage, username)).reply.status).toBe(403)
    stage.emulator.control.changePerson(username, { groups: [...groups, payrollAdministrators] })
    expect((await signedIn(stage, username)).line).toMatchObject({ roles: ['admin', 'user'] })
  })

  test('createIdentify leaves no token behind, in the log or in what the application gets (T94)', async () => {
    const { reply, visitor } = await signedIn(stage, 'groups500@contoso.example')
    expect(stage.logText() + reply.body).not.toMatch(/eyJ|access_token/)
    visitor.close()
  })
})

describe('createIdentify and many groups in the configuration', () => {
  for (const [count, entries] of [
    [20, 0],
    [40, 2],
  ] as const) {
    test(`createIdentify asks Graph at most twice for ${count} groups`, () =>
      onStage(
        { roles: `- { name: user, groups: [${[...strangers(count - 1), payrollStaff].join(', ')}] }` },
        async (stage) => {
          const { asked, headers, visitor } = await signedIn(stage, 'groups500@contoso.example')
          expect(headers['x-forwarded-roles']).toBe('user')
          expect(asked).toEqual({ calls: 1, entries })
          visitor.close()
        },
      ))
  }
})

describe('createIdentify and what a provider says of groups', () => {
  test('createIdentify refuses too many groups where Graph may not be asked, and asks for no permission', () =>
    onStage({ directory: `${contoso}\noverage: refuse` }, async (stage) => {
      const visitor = createVisitor()
      expect(parameter(await begin(visitor, `${stage.origin}/x`), 'scope')).toBe('openid profile email offline_access')
      const { reply, asked } = await signedIn(stage, 'groups500@contoso.example')
      expect(reply.body).toContain('groups_unknown')
      expect([reply.status, asked.calls]).toEqual([403, 0])
      visitor.close()
    }))

  test('createIdentify reads names where they are emitted, and refuses too many of them (T112)', () =>
    onStage(
      {
        directory: `${contoso}\ngroupNames: emitted`,
        roles: '- { name: user, groups: [payroll-staff] }\n- { name: other, groups: [payroll-admins] }',
      },
      async (stage) => {
        stage.emulator.control.changeApplication({ groupFormat: 'sam_account_name' })
        expect((await signedIn(stage, 'uwe@contoso.example')).line).toMatchObject({ roles: ['user'] })
        stage.emulator.control.changeApplication({ groupFormat: 'cloud_displayname' })
        expect((await signedIn(stage, 'groups201@contoso.example')).reply.body).toContain('groups_unknown')
      },
    ))

  attack('T112', 'a name stands for no id: whose groups arrive as names has no role of any', () =>
    onStage({}, async (stage) => {
      for (const groupFormat of ['sam_account_name', 'cloud_displayname'] as const) {
        stage.emulator.control.changeApplication({ groupFormat })
        const { reply, line, visitor } = await signedIn(stage, 'uwe@contoso.example')
        expect([reply.status, line?.roles]).toEqual([403, []])
        visitor.close()
      }
    }),
  )

  test('createIdentify reads groups that are sent as roles, also where there are too many', () =>
    onStage({ roles: `- { name: user, appRoles: [${payrollStaff}] }` }, async (stage) => {
      for (const overage of ['azure-ad-graph', 'hasgroups', 'flattened'] as const) {
        stage.emulator.control.changeApplication({ groupsAsRoles: true, overage })
        for (const username of ['uwe@contoso.example', 'groups500@contoso.example']) {
          expect((await signedIn(stage, username)).line).toMatchObject({ roles: ['user'] })
        }
      }
    }))

  test('createIdentify gives roles by directory role, by person and by claim', () =>
    onStage(
      {
        roles: `- { name: operator, directoryRoles: [62E90394-69f5-4237-9190-012177145e10] }
- { name: ada, people: [3c6e0a94-8d1b-4b57-9f20-5e7a1c4d8b36] }
- { name: guest, claims: { idp: 'https://sts.windows.net/5d2f8a61-0c47-4e39-b8f2-91a3c6d7e054/' } }`,
      },
      async (stage) => {
        stage.emulator.control.changeApplication({ groupClaims: 'All' })
        expect((await signedIn(stage, 'olga@contoso.example')).line).toMatchObject({
          matched: [{ role: 'operator', by: 'directory-role', value: '62e90394-69f5-4237-9190-012177145e10' }],
        })
        expect((await signedIn(stage, 'ada@contoso.example')).line).toMatchObject({ roles: ['ada'] })
        expect((await signedIn(stage, 'uwe@contoso.example')).reply.status).toBe(403)
      },
    ))
})

describe('createIdentify and personal accounts', () => {
  const personal = '9188040d-6c67-4c5b-b112-36a304b66dad'
  const paula = '00000000-0000-0000-3f1d-5b7a9c2e4d60'
  const people = personas.map((each) => (each.username === 'paula@live.example' ? { ...each, id: paula } : each))
  const options = (named: string): StageOptions => ({
    ...{ people, application: { audience: 'common' } },
    directory: `tenantId: common\nallowedTenantIds: [0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30, ${personal}]`,
    roles: `- { name: friend, people: [${personal}/${named}] }`,
    tenant: 'noRole: allow',
  })

  test('createIdentify lets one in that a role names', () =>
    onStage(options(paula), async (stage) => {
      const { reply, line } = await signedIn(stage, 'paula@live.example')
      expect(reply.status).toBe(200)
      expect(line).toMatchObject({ directoryId: personal, roles: ['friend'] })
    }))

  test('createIdentify gives no session to any other, whatever noRole says', () =>
    onStage(options('00000000-0000-0000-3f1d-5b7a9c2e4d61'), async (stage) => {
      const { reply, line, visitor } = await signedIn(stage, 'paula@live.example')
      expect(reply.body).toContain('identity_refused')
      expect([reply.status, line]).toEqual([403, undefined])
      expect(visitor.cookie(stage.origin, '__Host-sid')).toBe(undefined)
      // What an operator has to write down, to let the person in.
      const refused = stage.log().find(({ event }) => event === 'identity_refused')
      expect(refused).toMatchObject({ detail: 'personal-account-not-named', directoryId: personal, objectId: paula })
      // What noRole says still holds for people of the directory.
      expect((await signedIn(stage, 'uwe@contoso.example')).reply.status).toBe(200)
    }))
})

describe('createIdentify and values of Graph', () => {
  const options: StageOptions = {
    roles: '- { name: user, appRoles: [x] }',
    tenant: 'noRole: allow',
    headers: `presets: [x-forwarded]
user: '{graph.onPremisesSamAccountName}'
set:
  X-Account: 'CORP\\{graph.onPremisesSamAccountName}'
  X-Department: '{graph.department}'
  X-Cost: '{graph.onPremisesExtensionAttributes.extensionAttribute1}'`,
  }

  test('createIdentify sends what legacy applications key on, read by one call at the sign-in', () =>
    onStage(options, async (stage) => {
      const onPremisesExtensionAttributes = { extensionAttribute1: 'K7' }
      const username = 'uwe@contoso.example'
      const properties = { department: 'Lohnbüro', onPremisesSamAccountName: 'umueller', onPremisesExtensionAttributes }
      stage.emulator.control.changePerson(username, { properties })
      const { headers, asked, visitor } = await signedIn(stage, username)
      expect(headers).toMatchObject({
        'x-forwarded-user': 'umueller',
        'x-account': 'CORP\\umueller',
        'x-department': Buffer.from('Lohnbüro').toString('latin1'),
        'x-cost': 'K7',
      })
      expect(asked.calls).toBe(1)
      expect(parameter(await begin(createVisitor(), `${stage.origin}/x`), 'scope')).toBe(
        'openid profile email offline_access User.Read',
      )
      visitor.close()
    }))

  test('createIdentify sends no header for a value that the person does not have, and none of the caller (T25)', () =>
    onStage(options, async (stage) => {
      const { visitor } = await signedIn(stage, 'nora@contoso.example')
      const reply = await visitor.ask(`${stage.origin}/x`, {
        headers: { 'x-account': 'CORP\\admin', X_Department: 'x' },
      })
      const names = Object.keys(headersOf(reply))
      for (const name of ['x-account', 'x-department', 'x_department', 'x-forwarded-user'])
        expect(names).not.toContain(name)
      visitor.close()
    }))

  for (const [what, status, code] of [
    ['is away', 503, 'graph_unreachable'],
    ['refuses', 403, 'graph_refused'],
  ] as const) {
    test(`createIdentify lets nobody in without the values while Graph ${what}`, () =>
      onStage(options, async (stage) => {
        stage.emulator.control.fail('graph', { kind: 'status', status }, Number.POSITIVE_INFINITY)
        expect((await signedIn(stage, 'uwe@contoso.example')).reply.body).toContain(code)
      }))
  }
})
