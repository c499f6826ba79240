import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { startCommand } from '../cli/command.ts'
import { reconfigure } from '../http/pages-of-entra.ts'
import { expectPage, sid } from '../http/scene.ts'
import { bytesOf, speak } from '../http/wire.ts'
import { freePort, type Stage, type StageOptions, stageYaml, startStage } from '../stage.ts'
import { createVisitor, navigation, type Reply, signIn, type Visitor } from '../visitor.ts'
import { attack } from './attack.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-robustness-'))
let stage: Stage
beforeAll(async () => {
  const people = [
    'a@evil@contoso.example',
    '"x@contoso.example"@evil.example',
    'x@contoso.example.',
    'X@CONTOSO.EXAMPLE',
  ]
  stage = await startStage({
    people: [
      { username: 'mail0@fabrikam.example', name: 'No Mail', mail: null },
      ...[...people, 'x@sub.contoso.example', 'x@contoso.example.evil.example', 'x@c\u043entoso.example'].map(
        (mail, at) => ({ username: `mail${at + 1}@fabrikam.example`, name: `Mail ${at + 1}`, mail }),
      ),
    ].map((person) => ({ ...person, appRoles: ['Payroll.Reader'] })),
  })
})
afterAll(async () => {
  await stage.close()
  rmSync(folder, { recursive: true })
})

/** What somebody meets who signs in while these rules are in force. */
async function arriving(
  username: string,
  rules: StageOptions,
  work: (reply: Reply, visitor: Visitor) => Promise<void>,
) {
  reconfigure(stage, rules)
  const visitor = createVisitor()
  try {
    await work(await signIn(visitor, `${stage.origin}/x`, username), visitor)
  } finally {
    visitor.close()
    reconfigure(stage, {})
  }
}

const [uwe, nora, zoe] = ['uwe@contoso.example', 'nora@contoso.example', 'zoë@fabrikam.example']
for (const [option, username, rules] of [
  ['roles', nora, {}],
  [
    'roles by people',
    uwe,
    { roles: '- { name: user, people: [0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30/3c6e0a94-8d1b-4b57-9f20-5e7a1c4d8b36] }' },
  ],
  ['roles by claims', uwe, { roles: '- { name: user, claims: { department: [Finance] } }' }],
  ['roles by app roles', uwe, { roles: '- { name: user, appRoles: [Payroll.Admin] }' }],
  ['guests: deny', zoe, { tenant: 'guests: deny' }],
  ['require.emailDomains', uwe, { tenant: 'require: { emailDomains: [fabrikam.example] }' }],
  ['require.claims', uwe, { tenant: 'require: { claims: [employeeid] }' }],
] as const) {
  attack('T51', `is not possible with ${option}: whoever is no member gets 403, and no further`, () =>
    arriving(
      username,
      { ...rules, ...(`${option}`.startsWith('roles by') ? { routes: '- { path: /, access: signed-in }' } : {}) },
      async (reply, visitor) => {
        expect(reply.status).toBe(403)
        const before = stage.upstream.seen.length
        for (const path of ['/x', '/admin', '/reports']) {
          expect([401, 403], path).toContain((await visitor.ask(stage.origin + path)).status)
        }
        expect(stage.upstream.seen.length).toBe(before)
        if (!option.startsWith('roles')) expect(visitor.cookie(stage.origin, sid)).toBeUndefined()
      },
    ),
  )
}

attack(
  'T51',
  'is not possible by a misspelt option: the gateway does not start with a key that it does not know',
  () => {
    const parts = { port: 1, upstream: 'http://127.0.0.1:9', authority: 'http://127.0.0.1:9' }
    for (const tenant of [
      'guest: deny',
      'allowedGroups: [x]',
      'require: { emailDomain: [x] }',
      'Roles: []',
      'noroles: refuse',
    ]) {
      const file = join(folder, 'misspelt.yaml')
      writeFileSync(file, stageYaml({ ...parts, tenant }))
      expect(() => loadConfig(file, { env: {} }), tenant).toThrow(/this key is not known/)
    }
  },
)

attack(
  'T84',
  'opens nothing: the gateway does not start without a secret, a certificate or its authority',
  async () => {
    const [port, managementPort] = [await freePort(), await freePort()]
    const parts = { port, managementPort, upstream: 'http://127.0.0.1:9', authority: 'http://127.0.0.1:9' }
    const missing = join(folder, 'no-such-file')
    const empty = join(folder, 'empty')
    writeFileSync(empty, '')
    for (const [what, text] of [
      ['client secret', stageYaml({ ...parts, credential: `{ secret: '\${file:${missing}}' }` })],
      ['empty client secret', stageYaml({ ...parts, credential: `{ secret: '\${file:${empty}}' }` })],
      [
        'session secret',
        stageYaml(parts).replace('a-session-secret-of-the-tests-0123456789abcdef', `'\${file:${missing}}'`),
      ],
      ['short session secret', stageYaml(parts).replace('a-session-secret-of-the-tests-0123456789abcdef', 'short')],
      ['authority of egress', stageYaml({ ...parts, server: `, egress: { ca: '${missing}' }` })],
      ['empty authority of egress', stageYaml({ ...parts, server: `, egress: { ca: '${empty}' }` })],
      ['certificate', stageYaml({ ...parts, server: `, tls: { cert: '${missing}', key: '${missing}' }` })],
      ['certificate of nothing', stageYaml({ ...parts, server: `, tls: { cert: '${empty}', key: '${empty}' }` })],
    ] as const) {
      const file = join(folder, 'broken.yaml')
      writeFileSync(file, text)
      const command = startCommand(['serve', '--config', file])
      const { code } = await command.ended
      expect(code, `${what}: ${command.stderr()}`).toBe(2)
      await expect(fetch(`http://127.0.0.1:${port}/`), what).rejects.toThrow()
    }
  },
)

attack('T85', 'never opens a route: whatever stands in place of a cookie, nobody is let in', async () => {
  const odd = [
    '',
    '=',
    ';',
    '; ;',
    '%',
    '\x80\xff',
    's%3A',
    `s%3A${'A'.repeat(22)}.${'A'.repeat(43)}`,
    'a'.repeat(8_000),
  ]
  for (const value of odd) {
    for (const name of ['__Host-sid', '__Host-login', '__Host-provider', ' __Host-sid ', '__Host-sid=__Host-sid']) {
      const before = stage.upstream.seen.length
      const answer = await speak(stage.origin, bytesOf(stage.origin, 'GET /x', [`Cookie: ${name}=${value}`]))
      expect(answer?.status, `${name}=${value.slice(0, 20)}`).toBe(401)
      expect(stage.upstream.seen.length).toBe(before)
    }
  }
})

attack('T87', 'is never read as leave: what is not decided for is refused, in every kind of request', async () => {
  const undecided = '- { path: /public, access: public }\n- { path: /reports, access: [admin], methods: [GET] }'
  reconfigure(stage, { routes: undecided })
  const before = stage.upstream.seen.length
  for (const [line, status] of [
    ['GET /', 404],
    ['GET /x', 404],
    ['GET /publicity', 404],
    ['GET /reports', 401],
    ['POST /reports', 405],
    ['OPTIONS /reports', 405],
    ['HEAD /', 404],
    ['PROPFIND /', 404],
    ['GET /.auth/unknown', 404],
    ['GET /.auth/check/nginx', 404],
  ] as const) {
    const answer = await speak(stage.origin, bytesOf(stage.origin, line, ['Content-Length: 0']))
    expect(answer?.status, line).toBe(status)
  }
  expect(stage.upstream.seen.length).toBe(before)
  reconfigure(stage, {})
})

attack(
  'T89',
  'stays data: patterns, keys of stores, formats and templates in what callers send are never run',
  async () => {
    const visitor = createVisitor()
    const hostile = [
      '(a+)+$',
      '%s%s%n%d',
      '${jndi:ldap://evil/x}',
      '{{7*7}}',
      '<%= 7*7 %>',
      '__proto__',
      '*',
      '\\u0000',
      '$where',
      '../../x',
    ]
    for (const text of hostile) {
      const encoded = encodeURIComponent(text)
      for (const path of [
        `/.auth/help/${encoded}`,
        `/.auth/login?login_hint=${encoded}&return_to=/${encoded}`,
        `/.auth/explain?path=/${encoded}`,
        `/x?${encoded}=${encoded}`,
        `/.auth/callback?state=${encoded}&error=${encoded}&error_description=${encoded}`,
      ]) {
        const reply = await visitor.ask(stage.origin + path, {
          headers: { ...navigation, 'user-agent': text.replaceAll(/[^\x20-\x7e]/g, '') },
        })
        expect(reply.status, path).toBeLessThan(500)
        expect(reply.body, path).not.toMatch(/\b49\b(?!\d)|\[object|undefined/)
        expect(reply.body, path).not.toContain(text.startsWith('<') ? text : '<%=')
      }
    }
    visitor.close()
    for (const line of stage.log()) expect(String(line.event)).toMatch(/^[a-z_]+$/)
  },
)

attack(
  'T92',
  'never lets an address pass by its looks: one @, the exact domain, and somebody who vouches for it',
  async () => {
    const rules = { tenant: 'require: { emailDomains: [contoso.example] }' }
    const lettingIn: string[] = []
    for (let at = 0; at <= 7; at += 1) {
      const username = `mail${at}@fabrikam.example`
      await arriving(username, rules, async (reply, visitor) => {
        if (reply.status === 200) lettingIn.push(username)
        else {
          expectPage(reply, 403, 'email_refused')
          expect(visitor.cookie(stage.origin, sid)).toBeUndefined()
        }
      })
    }
    // Letters are the same in either case; that is the one that is Contoso's.
    expect(lettingIn).toEqual(['mail4@fabrikam.example'])
  },
)
