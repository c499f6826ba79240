import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attack } from '../attacks/attack.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, navigation, type Reply, signIn, type Visitor } from '../visitor.ts'
import { reconfigure } from './pages-of-entra.ts'
import { expectPage, givesSession, sid } from './scene.ts'

let stage: Stage
beforeAll(async () => {
  stage = await startStage({
    people: [
      {
        username: 'mimi@contoso.example',
        name: 'Mimi Mimic',
        mail: 'ada@contoso.example',
        identityProvider: 'mail',
        appRoles: ['Payroll.Reader'],
      },
      {
        username: 'vera@contoso.example',
        name: 'Vera Verified',
        mail: 'vera@fabrikam.example',
        identityProvider: 'live.com',
        mailVerified: '1',
        appRoles: ['Payroll.Reader'],
      },
      { username: 'odd@contoso.example', name: 'Odd', mail: 'odd@contoso.example', appRoles: ['Payroll.Reader'] },
    ],
  })
})
afterAll(() => stage.close())

const [uwe, zoe] = ['uwe@contoso.example', 'zoë@fabrikam.example']
const lastLog = (event: string) => stage.log().findLast(({ event: name }) => name === event)

async function arriving(username: string, rules: string, work: (reply: Reply, visitor: Visitor) => Promise<void>) {
  reconfigure(stage, { tenant: rules })
  const visitor = createVisitor()
  try {
    await work(await signIn(visitor, `${stage.origin}/x`, username), visitor)
  } finally {
    visitor.close()
    reconfigure(stage, {})
  }
}

describe('who may sign in', () => {
  for (const [who, username, rules, code] of [
    ['a guest', zoe, 'guests: deny', 'guest_refused'],
    ['a guest without a directory', 'vera@contoso.example', 'guests: deny', 'guest_refused'],
    ['whoever is of another domain', uwe, 'require: { emailDomains: [fabrikam.example] }', 'email_refused'],
    ['whoever has no address', 'nora@contoso.example', 'require: { emailDomains: [contoso.example] }', 'email_refused'],
    [
      'a guest with the address of somebody else (T108, T113)',
      'mimi@contoso.example',
      'require: { emailDomains: [contoso.example] }',
      'email_refused',
    ],
    ['whoever lacks a claim', uwe, 'require: { claims: [email, employeeid] }', 'profile_incomplete'],
  ] as const) {
    test(`refuses ${who}, without a session`, () =>
      arriving(username, rules, async (reply, visitor) => {
        expectPage(reply, 403, code)
        expect(visitor.cookie(stage.origin, sid)).toBeUndefined()
        expect(lastLog('sign_in_refused')).toMatchObject({ reason: code })
        expect(stage.logText()).not.toContain('mimi@contoso.example')
      }))
  }

  for (const [who, username, rules] of [
    ['a guest where guests are allowed', zoe, 'guests: allow'],
    ['a member where they are not', uwe, 'guests: deny'],
    ['a member of the domain', uwe, 'require: { emailDomains: [contoso.example] }'],
    ['a guest whose address was verified', 'vera@contoso.example', 'require: { emailDomains: [fabrikam.example] }'],
    ['whoever has all claims', uwe, 'require: { claims: [email, name] }'],
  ] as const) {
    test(`lets in ${who}`, () => arriving(username, rules, async (reply) => expect(reply.status).toBe(200)))
  }

  test('names what is missing, in words, and to programs as it is called', () =>
    arriving(uwe, '', async (_, visitor) => {
      reconfigure(stage, { tenant: 'require: { claims: [employeeid, department, email] }' })
      const page = await visitor.ask(`${stage.origin}/x`, { headers: navigation })
      expectPage(page, 403, 'profile_incomplete')
      expect(page.body).toContain('Missing: employee number, department.')
      const { code, missing } = JSON.parse((await visitor.ask(`${stage.origin}/x`)).body)
      expect([code, missing]).toEqual(['profile_incomplete', ['employeeid', 'department']])
    }))

  attack('T126', 'is decided anew for whoever is signed in already, as soon as the rules change', () =>
    arriving(zoe, '', async (_, visitor) => {
      const status = async () => (await visitor.ask(`${stage.origin}/x`)).status
      expect(await status()).toBe(200)
      reconfigure(stage, { tenant: 'guests: deny' })
      expect(await status()).toBe(403)
      // Nobody in particular, where everybody is welcome.
      expect((await visitor.ask(`${stage.origin}/optional`)).status).toBe(200)
      expect(stage.upstream.seen.at(-1)?.headers['x-forwarded-user']).toBeUndefined()
      reconfigure(stage, { tenant: 'require: { emailDomains: [contoso.example] }' })
      expect(await status()).toBe(403)
      reconfigure(stage, {})
      expect(await status()).toBe(200)
    }),
  )

  test('leaves whoever is signed in as they are when somebody else is refused in the same browser', () =>
    arriving(uwe, 'guests: deny', async (_, visitor) => {
      const before = visitor.cookie(stage.origin, sid)
      const refused = await signIn(visitor, `${stage.origin}/.auth/login?prompt=select_account`, zoe)
      expectPage(refused, 403, 'guest_refused')
      expect([givesSession(refused), visitor.cookie(stage.origin, sid)]).toEqual([false, before])
      expect((await visitor.ask(`${stage.origin}/x`)).status).toBe(200)
    }))

  attack('T113', 'refuses a token whose sign of a guest cannot be kept', async () => {
    stage.emulator.control.forgeNextIdToken({ set: { idp: { at: 'https://evil.example' } } })
    await arriving(uwe, 'guests: deny', async (reply) => expectPage(reply, 403, 'identity_refused'))
    expect(lastLog('identity_refused')).toMatchObject({ detail: 'guest-sign-unreadable' })
  })

  attack('T113', 'does not lose the sign of a guest among many other claims', async () => {
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`a${at}`, 'x'.repeat(200)]))
    stage.emulator.control.forgeNextIdToken({ set: { ...many, acct: 1 } })
    await arriving(uwe, 'guests: deny', async (reply) => expectPage(reply, 403, 'guest_refused'))
  })
})

describe('the e-mail header of a preset', () => {
  for (const [what, username, expected] of [
    ['says the address of a member', uwe, 'uwe.mueller@contoso.example'],
    ['says nothing of a guest whose address nobody verified (T108)', 'mimi@contoso.example', undefined],
    ['says the verified address of a guest', 'vera@contoso.example', 'vera@fabrikam.example'],
  ] as const) {
    test(what, () =>
      arriving(username, '', async (_, visitor) => {
        expect((await visitor.ask(`${stage.origin}/x`)).status).toBe(200)
        expect(stage.upstream.seen.at(-1)?.headers['x-forwarded-email']).toBe(expected)
      }),
    )
  }

  test('says nothing of an address that the directory calls unverified', async () => {
    stage.emulator.control.forgeNextIdToken({ set: { xms_edov: false } })
    await arriving('odd@contoso.example', '', async (_, visitor) => {
      await visitor.ask(`${stage.origin}/x`)
      expect(stage.upstream.seen.at(-1)?.headers['x-forwarded-email']).toBeUndefined()
    })
  })
})
