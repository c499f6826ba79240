/** Whose people get in, over the wire: one directory, a domain, several, personal accounts; and who tries all the same. */
import { describe, expect, test } from 'vitest'
import type { EntraProvider } from '../../src/core/gateway.ts'
import { personas } from '../../src/emulator/people.ts'
import { directoryNamed } from '../../src/oidc/directories.ts'
import { attack } from '../attacks/attack.ts'
import { contoso as provider } from '../core/build.ts'
import { cameBack, expectPage, givesSession, visit } from '../http/scene.ts'
import { type Stage, type StageOptions, startStage } from '../stage.ts'
import { createVisitor, type Reply, type Visitor } from '../visitor.ts'

const contoso = '0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30'
const fabrikam = 'd94e1c37-6a5b-4f02-8e71-b3c0a9d85f16'
const personal = '9188040d-6c67-4c5b-b112-36a304b66dad'
const [uwe, felix, paula] = ['uwe@contoso.example', 'felix@fabrikam.example', 'paula@live.example']

async function onStage(options: StageOptions, work: (stage: Stage, visitor: Visitor) => Promise<void>): Promise<void> {
  const stage = await startStage({ people: personas, tenant: 'noRole: allow', ...options })
  const visitor = createVisitor()
  try {
    await work(stage, visitor)
  } finally {
    visitor.close()
    await stage.close()
  }
}

/** The answer of the callback to somebody who has come back. */
async function arrive({ origin }: Stage, visitor: Visitor, username: string): Promise<Reply> {
  return await visit(visitor, await cameBack(visitor, `${origin}/deep?x=1`, username))
}

async function directoryOf({ origin }: Stage, visitor: Visitor): Promise<unknown> {
  return (JSON.parse((await visitor.ask(`${origin}/.auth/me`)).body) as { directoryId?: unknown }).directoryId
}

for (const [what, directory, audience, username, from] of [
  ['a directory by its id', `tenantId: ${contoso}`, 'contoso', uwe, contoso],
  ['a directory by its domain', 'tenantId: contoso.example', 'contoso', uwe, contoso],
  ['a domain that is pinned', `tenantId: Contoso.Example\nallowedTenantIds: [${contoso}]`, 'contoso', uwe, contoso],
  [
    'organizations',
    `tenantId: organizations\nallowedTenantIds: [${contoso}, ${fabrikam}]`,
    'organizations',
    felix,
    fabrikam,
  ],
  [
    'organizations, the other',
    `tenantId: organizations\nallowedTenantIds: [${contoso}]`,
    'organizations',
    uwe,
    contoso,
  ],
  ['common', `tenantId: common\nallowedTenantIds: [${fabrikam}]`, 'common', felix, fabrikam],
] as const) {
  test(`a sign-in by ${what} is one of its own directory`, () =>
    onStage({ directory, application: { audience } }, async (stage, visitor) => {
      const reply = await arrive(stage, visitor, username)
      expect([reply.status, reply.location, givesSession(reply)]).toEqual([302, `${stage.origin}/deep?x=1`, true])
      expect(await directoryOf(stage, visitor)).toBe(from)
      expect(stage.emulator.control.requests('token')).toBe(1)
    }))
}

for (const [what, directory, audience, username, from] of [
  ['organizations', `tenantId: organizations\nallowedTenantIds: [${contoso}]`, 'organizations', felix, fabrikam],
  ['common', `tenantId: common\nallowedTenantIds: [${contoso}]`, 'common', paula, personal],
] as const) {
  attack('T106', `somebody of a directory that is not allowed stays outside, by ${what}`, () =>
    onStage({ directory, application: { audience } }, async (stage, visitor) => {
      const reply = await arrive(stage, visitor, username)
      expectPage(reply, 403, 'identity_refused')
      const refused = stage.log().find(({ event }) => event === 'identity_refused')
      expect(refused).toMatchObject({ provider: 'contoso', detail: 'tid-of-another-directory', directoryId: from })
      expect(reply.body).toContain('prompt=select_account')
      expect((await visit(visitor, `${stage.origin}/x`)).status).toBe(302)
    }),
  )
}

test('a domain that stands for another directory than it is pinned to signs nobody in', () =>
  onStage({ directory: `tenantId: contoso.example\nallowedTenantIds: [${fabrikam}]` }, async (stage, visitor) => {
    expectPage(await visit(visitor, `${stage.origin}/x`), 503, 'provider_unreachable')
    expect(stage.logText()).toContain('names another issuer')
  }))

describe('with several directories, an ID token', () => {
  const several = {
    directory: `tenantId: common\nallowedTenantIds: [${contoso}, ${fabrikam}]`,
    application: { audience: 'common' },
  } as const
  const issuer = ({ emulator }: Stage, id: string) => `${emulator.origin}/${id}/v2.0`

  for (const [what, forge, status, code] of [
    ['of one directory that names another', () => ({ set: { tid: fabrikam } }), 502, 'provider_fault'],
    [
      'whose issuer is another allowed directory',
      (stage: Stage) => ({ set: { iss: issuer(stage, fabrikam) } }),
      502,
      'provider_fault',
    ],
    ['without a directory', () => ({ remove: ['tid'] }), 403, 'identity_refused'],
    ['of a directory that is no GUID', () => ({ set: { tid: '{tenantid}' } }), 403, 'identity_refused'],
    ['of the template', (stage: Stage) => ({ set: { iss: issuer(stage, '{tenantid}') } }), 502, 'provider_fault'],
    ['of nobody that is allowed', () => ({ set: { tid: personal } }), 403, 'identity_refused'],
    ['signed by the key of personal accounts', () => ({ signedBy: 'consumers-key' }), 502, 'provider_fault'],
    ['signed by a key that is not published', () => ({ signedBy: 'unpublished-key' }), 502, 'provider_fault'],
    ['signed by nobody', () => ({ signedBy: 'nobody' }), 502, 'provider_fault'],
    ['with another nonce', () => ({ set: { nonce: 'other' } }), 502, 'provider_fault'],
    ['for another application', () => ({ set: { aud: contoso } }), 502, 'provider_fault'],
  ] as const) {
    attack(['T58', 'T106', 'T107'], `${what} signs nobody in`, () =>
      onStage(several, async (stage, visitor) => {
        const answer = await cameBack(visitor, `${stage.origin}/deep`, uwe)
        stage.emulator.control.forgeNextIdToken(forge(stage) as never)
        expectPage(await visit(visitor, answer), status, code)
        expect(stage.emulator.control.requests('token')).toBe(1)
      }),
    )
  }
})

test('keys that are replaced in an emergency fail no sign-in, with one directory and with several', async () => {
  for (const directory of [`tenantId: ${contoso}`, `tenantId: organizations\nallowedTenantIds: [${contoso}]`]) {
    await onStage({ directory, application: { audience: 'organizations' } }, async (stage) => {
      const { control } = stage.emulator
      const round = async () => {
        const people = Array.from({ length: 12 }, () => createVisitor())
        const replies = await Promise.all(people.map((visitor) => arrive(stage, visitor, uwe)))
        for (const visitor of people) visitor.close()
        return replies.map((reply) => `${reply.status} ${givesSession(reply)}`)
      }
      expect(new Set(await round())).toEqual(new Set(['302 true']))
      const before = control.requests('keys')
      const under = [round(), control.keys.emergency().then(round), round()]
      expect(new Set((await Promise.all(under)).flat())).toEqual(new Set(['302 true']))
      expect(control.requests('keys') - before).toBeLessThanOrEqual(2)
    })
  }
})

describe('directoryNamed', () => {
  const at = (also: Partial<EntraProvider>): EntraProvider => ({ ...provider, ...also })
  const of = (id: string) => `https://login.example/${id}/v2.0`

  test('reads the directory that a domain stands for, and keeps to it', () => {
    const domain = at({ tenantId: 'contoso.example' })
    expect(directoryNamed(domain, of(contoso), null)).toBe(contoso)
    expect(directoryNamed(domain, of(contoso), contoso)).toBe(contoso)
    expect(() => directoryNamed(domain, of(fabrikam), contoso)).toThrow(/names another issuer/)
    for (const issuer of [
      of('contoso.example'),
      of(personal),
      of('{tenantid}'),
      `${of(contoso)}/`,
      `https://evil.example/${contoso}/v2.0`,
    ])
      expect(() => directoryNamed(domain, issuer, null)).toThrow(/names another issuer/)
  })

  test('wants the template of several directories, and the one of personal accounts', () => {
    const common = at({ tenantId: 'common', allowedTenantIds: [contoso] })
    expect(directoryNamed(common, of('{tenantid}'), null)).toBeNull()
    expect(() => directoryNamed(common, of(contoso), null)).toThrow(/names another issuer/)
    expect(directoryNamed(at({ tenantId: 'consumers' }), of(personal), null)).toBe(personal)
    expect(() => directoryNamed(at({ tenantId: 'consumers' }), of(contoso), null)).toThrow(/names another issuer/)
  })
})
