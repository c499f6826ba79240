import { afterAll, beforeAll, expect, test } from 'vitest'
import { outcomes } from '../../src/core/answer/outcomes.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, navigation } from '../visitor.ts'

let stage: Stage
beforeAll(async () => {
  stage = await startStage()
})
afterAll(() => stage.close())

const elsewhere = { ...navigation, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }

for (const [what, code, path, ask] of [
  ['a sign-out by another site', 'cross_site_refused', '/.auth/logout', { method: 'POST', headers: elsewhere }],
  ['a sign-in with two return addresses', 'request_malformed', '/.auth/login?return_to=/a&return_to=/b', {}],
  ['a sign-in that a script begins', 'login_required', '/.auth/login?return_to=/planted', {}],
  ['the question who is signed in', 'login_required', '/.auth/me?planted', { headers: navigation }],
] as const) {
  test(`refuse logs ${what}, by the request id that the answer shows, and never the query`, async () => {
    const visitor = createVisitor()
    const reply = await visitor.ask(stage.origin + path, ask)
    visitor.close()
    expect(reply.status).toBe(outcomes[code].status)
    const [requestId] = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(reply.body) ?? []
    expect(stage.log().filter((line) => line.requestId === requestId)).toMatchObject([
      { event: 'request_refused', reason: code, level: outcomes[code].level, path: path.split('?')[0] },
    ])
    expect(stage.logText()).not.toMatch(/planted|return_to|evil/)
  })
}
