/** Somebody whose account has been switched off, or taken away, on every way that is still open to them. */
import { afterEach, expect } from 'vitest'
import { type ClockedStage, startClockedStage } from '../http/clocked.ts'
import { answerFor, begin, givesSession, sid, visit } from '../http/scene.ts'
import { bytesOf, handshake, speak } from '../http/wire.ts'
import { createVisitor, navigation, signIn, type Visitor } from '../visitor.ts'
import { attack } from './attack.ts'

const uwe = 'uwe@contoso.example'
const interval = 600
let stage: ClockedStage
const visitors: Visitor[] = []
afterEach(async () => {
  for (const each of visitors.splice(0)) each.close()
  await stage.close()
})
const visitor = (): Visitor => {
  const made = createVisitor()
  visitors.push(made)
  return made
}

for (const [what, happens] of [
  ['is switched off', () => stage.emulator.control.changePerson(uwe, { enabled: false })],
  ['is deleted', () => stage.emulator.control.removePerson(uwe)],
  ['has no role any more', () => stage.emulator.control.changePerson(uwe, { groups: [], appRoles: [] })],
] as const) {
  attack('T83', `does not, on any of the ways, once the account ${what}`, async () => {
    stage = await startClockedStage('revalidate: 10m', {
      provider: () => '\n    authContexts: { seen: c2 }',
      application: { loopLimit: null },
      routes: '- { path: /seen, access: signed-in, authContext: seen }\n- { path: /, access: signed-in }',
    })
    const at = (path: string) => stage.origin + path
    // One session for each way: the first to be asked about would end the only one.
    const ways: Readonly<Record<string, (one: Visitor, cookie: string) => Promise<number | undefined>>> = {
      'a program': async (one) => (await one.ask(at('/x'))).status,
      'a page': async (one) => (await visit(one, at('/x'))).status,
      'a form': async (one) => {
        const headers = { origin: stage.origin, 'content-type': 'application/x-www-form-urlencoded' }
        return (await one.ask(at('/x'), { method: 'POST', headers, body: 'a=b' })).status
      },
      'a HEAD': async (one) => (await one.ask(at('/x'), { method: 'HEAD' })).status,
      'a frame': async (one) =>
        (
          await one.ask(at('/x'), {
            headers: { ...navigation, 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'same-origin' },
          })
        ).status,
      'a WebSocket': async (_, cookie) =>
        (await speak(stage.origin, bytesOf(stage.origin, 'GET /x', [...handshake(stage.origin), `Cookie: ${cookie}`])))
          ?.status,
      'a route that asks for more': async (one) => (await visit(one, at('/seen/x'))).status,
      'a request with a token of the same person': async (one) =>
        (await one.ask(at('/x'), { headers: { authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.' } })).status,
    }
    const sessions = await Promise.all(
      Object.entries(ways).map(async ([way, go]) => {
        const one = visitor()
        expect((await signIn(one, at('/x'), uwe)).status).toBe(200)
        return { way, go, one, cookie: `${sid}=${one.cookie(stage.origin, sid)}` }
      }),
    )
    const underWay = visitor()
    const back = await answerFor(underWay, await begin(underWay, at('/late')), uwe)
    happens()
    stage.forward(interval)
    const before = stage.upstream.seen.length
    for (const { way, go, one, cookie } of sessions) {
      const status = await go(one, cookie)
      expect([way, status === 200 || status === 101 || status === 502]).toEqual([way, false])
      expect([way, (await one.ask(at('/x'))).status === 200]).toEqual([way, false])
      // Not at once by another way either, with the same cookie.
      const again = await visitor().ask(at('/x'), { headers: { cookie } })
      expect([401, 403], way).toContain(again.status)
    }
    // Nor by the sign-in that was under way.
    const arrived = await visit(underWay, back)
    if (givesSession(arrived)) expect((await underWay.ask(at('/x'))).status).toBe(403)
    expect(stage.upstream.seen.length).toBe(before)
  })
}
