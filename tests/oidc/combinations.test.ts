/**
 * Account types, credentials and clouds, pairwise, under Microsoft's own host names: each pair of two of these that can be
 * together is together in one of the sign-ins below.
 */
import { rmSync } from 'node:fs'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { personas } from '../../src/emulator/people.ts'
import { givesSession } from '../http/scene.ts'
import { createVisitor } from '../visitor.ts'
import { type CloudStage, startCloudStage } from './cloud-scene.ts'
import {
  type AccountName,
  accounts,
  type CloudName,
  type Credential,
  type CredentialName,
  clouds,
  credentials,
  folder,
  paulaId,
  personal,
} from './combination-factors.ts'

const people = personas.map((each) => (each.username === 'paula@live.example' ? { ...each, id: paulaId } : each))

/** Personal accounts are in the global cloud alone; an external tenant has a host of its own. */
function cloudsFor(account: AccountName): readonly CloudName[] {
  if (account === 'an external tenant') return ['a host of its own']
  const isGlobal = account === 'personal accounts' || account === 'several directories and personal accounts'
  return isGlobal ? ['global'] : ['global', 'us-gov', 'us-gov-dod', 'china']
}

type Combination = readonly [AccountName, CredentialName, CloudName]

const combinations: readonly Combination[] = (Object.keys(accounts) as AccountName[]).flatMap((account, row) =>
  (Object.keys(credentials) as CredentialName[]).map((credential, column): Combination => {
    const possible = cloudsFor(account)
    return [account, credential, possible[(row + column) % possible.length] ?? 'global']
  }),
)

afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => void vi.unstubAllEnvs())

async function startCombination([accountName, credentialName, cloud]: Combination): Promise<CloudStage> {
  const account = accounts[accountName]
  const { written, registered }: Credential = credentials[credentialName]
  const host = clouds[cloud]
  // Of personal accounts only people get in who are named.
  const isPersonal = account.from === personal
  const named = `, people: [${personal}/${paulaId}]`
  const isOwn = cloud === 'a host of its own'
  const started = await startCloudStage([host], {
    ...{ people, application: { audience: account.audience }, credential: written },
    directory: `${account.directory}${isOwn ? '' : `\ncloud: ${cloud}`}`,
    roles: `- { name: owner, groups: [4f9d2b6a-1c83-4e57-b0a9-7d6e5c4b3a21]${isPersonal ? named : ''} }`,
    ...(isOwn ? { authority: `https://${host}` } : {}),
    routes: '- { path: /, access: signed-in }',
    tenant: 'noRole: allow',
  })
  const { control } = started.stage.emulator
  control.changeApplication({ clientSecrets: [], ...(await registered(`https://${host}`, cloud, started.port)) })
  vi.stubEnv('IDENTITY_HEADER', 'proof')
  vi.stubEnv('IDENTITY_ENDPOINT', `http://localhost:${started.port}/metadata/identity/oauth2/token`)
  return started
}

describe('a sign-in', () => {
  for (const combination of combinations) {
    const [account, credential, cloud] = combination
    test(`of ${account}, with ${credential}, in the cloud ${cloud}`, async () => {
      const started = await startCombination(combination)
      const visitor = createVisitor()
      try {
        const reply = await started.signIn(visitor, accounts[account].username)
        expect([reply.status, givesSession(reply)]).toEqual([302, true])
        const me = JSON.parse((await visitor.ask(`${started.stage.origin}/.auth/me`)).body) as { directoryId: string }
        expect(me.directoryId).toBe(accounts[account].from)
        expect(new Set(started.asked)).toEqual(new Set([`${clouds[cloud]}:443`]))
      } finally {
        visitor.close()
        await started.close()
      }
    })
  }

  test('was tried with every pair of account, credential and cloud that can be together', () => {
    const pairs = new Set(combinations.flatMap(([a, b, c]) => [`${a}|${b}`, `${a}|${c}`, `${b}|${c}`]))
    for (const account of Object.keys(accounts) as AccountName[]) {
      for (const credential of Object.keys(credentials)) expect(pairs).toContain(`${account}|${credential}`)
      for (const cloud of cloudsFor(account)) expect(pairs).toContain(`${account}|${cloud}`)
    }
    for (const credential of Object.keys(credentials))
      for (const cloud of Object.keys(clouds)) expect(pairs).toContain(`${credential}|${cloud}`)
  })
})
