/** One application, two directories: who chooses how to sign in, what is remembered of it, and what a provider that is off means. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { personas } from '../../src/emulator/people.ts'
import { attack } from '../attacks/attack.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, type Visitor } from '../visitor.ts'
import { answerFor, givesSession, parameter, setCookies, sid, visit } from './scene.ts'

const contoso = '0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30'
const fabrikam = 'd94e1c37-6a5b-4f02-8e71-b3c0a9d85f16'
const [uwe, felix] = ['uwe@contoso.example', 'felix@fabrikam.example']

let stage: Stage
beforeAll(async () => {
  stage = await startStage({
    people: personas,
    application: { audience: 'organizations' },
    directory: `tenantId: ${contoso}\nlabel: Sign in as staff\nemailDomains: [contoso.example]`,
    providers: '[contoso, partners]',
    provider: ({ authority }) => `
  - name: partners
    label: Sign in as <partner>
    tenantId: ${fabrikam}
    clientId: 6d1f0c52-3b7e-4a98-8c15-f0e2d4b6a791
    credential: { secret: pretend-secret-for-the-demo-only }
    authority: ${authority}
    emailDomains: [fabrikam.example]`,
    tenant: 'noRole: allow',
  })
})
afterAll(() => stage.close())

async function asVisitor(work: (visitor: Visitor) => Promise<void>): Promise<void> {
  const visitor = createVisitor()
  try {
    await work(visitor)
  } finally {
    visitor.close()
  }
}

const login = (query: string) => `${stage.origin}/.auth/login?${query}`
const directoryAsked = (address: string) => new URL(address).pathname.split('/')[1]
const me = async (visitor: Visitor) => JSON.parse((await visitor.ask(`${stage.origin}/.auth/me`)).body)

describe('an application with two providers', () => {
  test('shows the ways to sign in to whoever has not chosen, and loses nothing on the way', () =>
    asVisitor(async (visitor) => {
      const sent = await visit(visitor, `${stage.origin}/deep?x=1&y=%20`)
      expect([sent.status, sent.location]).toEqual([302, login('return_to=%2Fdeep%3Fx%3D1%26y%3D%2520')])
      const page = await visit(visitor, sent.location)
      expect([page.status, page.headers['cache-control']]).toEqual([200, 'no-store'])
      expect(setCookies(page)).toEqual([])
      expect(page.body).toContain('Sign in as staff')
      expect(page.body).toContain('Sign in as &lt;partner&gt;')
      const ways = [...page.body.matchAll(/<a class="button" href="([^"]*)"/g)].map(([, href = '']) =>
        href.replaceAll('&amp;', '&'),
      )
      expect(ways.map((href) => parameter(stage.origin + href, 'return_to'))).toEqual([
        '/deep?x=1&y=%20',
        '/deep?x=1&y=%20',
      ])
      const answer = await visit(
        visitor,
        await answerFor(visitor, (await visit(visitor, stage.origin + ways[1])).location, felix),
      )
      expect([answer.location, givesSession(answer)]).toEqual([`${stage.origin}/deep?x=1&y=%20`, true])
      expect(await me(visitor)).toMatchObject({ directoryId: fabrikam })
    }))

  test('goes straight to what this browser chose last, until another account is wanted', () =>
    asVisitor(async (visitor) => {
      const first = await visit(visitor, login('provider=partners&return_to=/a'))
      expect(directoryAsked(first.location)).toBe(fabrikam)
      expect(setCookies(first).find((line) => line.startsWith('__Host-provider='))).toMatch(
        /^__Host-provider=partners; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      )
      expect(directoryAsked((await visit(visitor, `${stage.origin}/b`)).location)).toBe(fabrikam)
      const again = await visit(visitor, login('prompt=select_account&return_to=/b'))
      expect(again.status).toBe(200)
      expect(again.body).toContain('prompt=select_account&amp;provider=contoso')
      const other = await visit(visitor, login('prompt=select_account&provider=contoso'))
      expect([directoryAsked(other.location), parameter(other.location, 'prompt')]).toEqual([contoso, 'select_account'])
      expect(directoryAsked((await visit(visitor, `${stage.origin}/b`)).location)).toBe(contoso)
    }))

  for (const [what, query, directory, hint] of [
    ['an address that was typed', 'email=felix%40Fabrikam.example', fabrikam, 'felix@Fabrikam.example'],
    ['the hint of a link', 'login_hint=uwe%40contoso.example', contoso, 'uwe@contoso.example'],
    ['a domain that a link hints at', 'domain_hint=fabrikam.example', fabrikam, ''],
  ] as const) {
    test(`finds the provider by ${what}`, () =>
      asVisitor(async (visitor) => {
        const { location } = await visit(visitor, login(query))
        expect([directoryAsked(location), parameter(location, 'login_hint')]).toEqual([directory, hint])
      }))
  }

  attack('T91', 'says that an address is nobody’s, and repeats nothing of it', () =>
    asVisitor(async (visitor) => {
      for (const email of ['a@b.example', '', '<script>alert(1)</script>@x', 'x'.repeat(5_000)]) {
        const page = await visit(visitor, login(`email=${encodeURIComponent(email)}`))
        expect([page.status, page.location]).toEqual([200, ''])
        expect(page.body).toContain('not known here')
        if (email !== '') expect(page.body).not.toContain(email)
      }
      expect((await visit(visitor, login('provider=contoso&provider=partners'))).status).toBe(400)
    }),
  )

  attack('T44', 'takes a code back only to the provider that the sign-in began with', () =>
    asVisitor(async (visitor) => {
      const begun = await visit(visitor, login('provider=contoso&return_to=/a'))
      const answer = await answerFor(visitor, begun.location, uwe)
      expect(givesSession(await visit(visitor, answer))).toBe(true)
      expect(await me(visitor)).toMatchObject({ directoryId: contoso })
      // Whoever is signed in by one may go to the other, and stays signed in until that has worked.
      expect((await visit(visitor, login('provider=contoso&return_to=/a'))).location).toBe(`${stage.origin}/a`)
      const other = await visit(visitor, login('provider=partners&return_to=/a'))
      expect(directoryAsked(other.location)).toBe(fabrikam)
      expect(await me(visitor)).toMatchObject({ directoryId: contoso })
      expect(givesSession(await visit(visitor, await answerFor(visitor, other.location, felix)))).toBe(true)
      expect(await me(visitor)).toMatchObject({ directoryId: fabrikam })
    }),
  )

  attack('T126', 'takes a provider that is switched off for none: its sessions end, the others stay', async () => {
    const [one, other] = [createVisitor(), createVisitor()]
    for (const [visitor, provider, username] of [
      [one, 'contoso', uwe],
      [other, 'partners', felix],
    ] as const) {
      const begun = await visit(visitor, login(`provider=${provider}&return_to=/a`))
      await visit(visitor, await answerFor(visitor, begun.location, username))
    }
    stage.edit((yaml) => yaml.replace('- name: partners', '- name: partners\n    enabled: false'))
    expect((await visit(one, `${stage.origin}/x`)).status).toBe(200)
    const sent = await visit(other, `${stage.origin}/x`)
    // One is left: nobody is asked.
    expect([sent.status, directoryAsked(sent.location)]).toEqual([302, contoso])
    expect(directoryAsked((await visit(other, login('provider=partners'))).location)).toBe(contoso)
    expect(other.cookie(stage.origin, sid)).toBeDefined()
    one.close()
    other.close()
  })
})
