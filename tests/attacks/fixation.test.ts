/** Every way in, with a session that somebody else has planted in the browser: a live one, validly signed, of their own. */
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { type ClockedGateway, startClockedGateway } from '../http/clocked.ts'
import { type GlassScene, password, startGlass, submit, toForm } from '../http/glass-scene.ts'
import { answerFor, begin, binding, givesSession, parameter, sid, visit } from '../http/scene.ts'
import { type PlainProvider, startPlainProvider } from '../plain-provider.ts'
import { plainYaml, signInAs } from '../plain-stage.ts'
import { freePort, type Stage, startStage, startUpstream, type Upstream } from '../stage.ts'
import { createVisitor, signIn, type Visitor } from '../visitor.ts'
import { attack } from './attack.ts'

const [mallory, ada] = ['uwe@contoso.example', 'ada@contoso.example']
const visitors: Visitor[] = []
const visitor = (): Visitor => {
  const made = createVisitor()
  visitors.push(made)
  return made
}
afterEach(() => {
  for (const each of visitors.splice(0)) each.close()
})

/** Whom the application sees behind this cookie; null for nobody. */
async function seenAs(origin: string, header: string, value: string): Promise<string | null> {
  const reply = await visitor().ask(`${origin}/x`, { headers: { cookie: `${sid}=${value}` } })
  if (reply.status !== 200) return null
  const told = (JSON.parse(reply.body) as { headers: Record<string, unknown> }).headers[header]
  return Buffer.from(String(told), 'latin1').toString('utf8')
}

describe('at Entra', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await startStage({
      provider: () => '\n    authContexts: { seen: c2 }',
      application: { loopLimit: null },
      routes: '- { path: /seen, access: signed-in, authContext: seen }\n- { path: /, access: signed-in }',
    })
  })
  afterAll(() => stage.close())

  const who = (value: string) => seenAs(stage.origin, 'x-forwarded-name', value)
  const at = (path: string) => stage.origin + path

  async function planted(): Promise<string> {
    const attacker = visitor()
    await signIn(attacker, at('/x'), mallory)
    return attacker.cookie(stage.origin, sid) ?? ''
  }

  const ways = {
    'a deep link': '/deep?x=1',
    'the sign-in': '/.auth/login?return_to=/deep',
    'a choice of accounts': '/.auth/login?prompt=select_account&return_to=/deep',
    'a step-up': '/.auth/login?auth_context=seen&return_to=/seen',
    'a route that asks for one': '/seen/x',
  } as const

  for (const [way, path] of Object.entries(ways)) {
    attack('T42', `is of no use when it was planted before ${way} begins, or before it comes back`, async () => {
      for (const moment of ['before', 'between'] as const) {
        const value = await planted()
        const victim = visitor()
        if (moment === 'before') victim.setCookie(stage.origin, sid, value)
        const first = await visit(victim, at(path))
        if (first.location === '') {
          // Whoever comes with a session is in it, as its owner: nothing of the victim is in there.
          expect([way, first.status, await who(value)]).toEqual([way, 200, 'Uwe Müller'])
          continue
        }
        if (!first.location.startsWith(stage.emulator.origin)) {
          expect([way, await who(value)]).toEqual([way, 'Uwe Müller'])
          continue
        }
        const back = await answerFor(victim, first.location, ada)
        victim.setCookie(stage.origin, sid, value)
        const arrived = await visit(victim, back)
        const own = victim.cookie(stage.origin, sid) ?? ''
        // Only where it was begun with the attacker's session does it ask for the attacker: nobody else may answer then.
        expect([way, givesSession(arrived)]).toEqual([way, moment === 'between' || !path.includes('seen')])
        if (givesSession(arrived)) {
          expect(own).not.toBe(value)
          expect(await who(own)).toBe('Ada Lovelace')
          // What the attacker still holds has ended.
          expect(await who(value)).toBeNull()
        } else {
          // A step-up of the attacker's session, answered by somebody else, changes nothing.
          expect([way, own, await who(value)]).toEqual([way, value, 'Uwe Müller'])
        }
      }
    })
  }

  attack('T42', 'is of no use as a binding either: who planted that gets nothing of the sign-in', async () => {
    const [attacker, victim] = [visitor(), visitor()]
    await begin(attacker, at('/x'))
    const shared = attacker.cookie(stage.origin, binding) ?? ''
    victim.setCookie(stage.origin, binding, shared)
    const back = await answerFor(victim, await begin(victim, at('/deep')), ada)
    expect(givesSession(await visit(victim, back))).toBe(true)
    const own = victim.cookie(stage.origin, sid) ?? ''
    expect(await who(own)).toBe('Ada Lovelace')
    // With the address and the same binding: it has been used.
    attacker.setCookie(stage.origin, binding, shared)
    expect(givesSession(await visit(attacker, back))).toBe(false)
    expect((await visit(attacker, at('/x'))).status).toBe(302)
  })

  attack('T42', 'is not made anew under an id that has ended, nor under one of somebody’s choice', async () => {
    const victim = visitor()
    await signIn(victim, at('/x'), ada)
    const ended = victim.cookie(stage.origin, sid) ?? ''
    await victim.ask(at('/.auth/logout'), { method: 'POST', headers: { origin: stage.origin } })
    for (const value of [ended, `s%3A${'A'.repeat(22)}.${'A'.repeat(43)}`, 'x', '']) {
      victim.setCookie(stage.origin, sid, value)
      const back = await answerFor(victim, await begin(victim, at('/deep')), ada)
      victim.setCookie(stage.origin, sid, value)
      expect(givesSession(await visit(victim, back))).toBe(true)
      expect(victim.cookie(stage.origin, sid)).not.toBe(value)
      expect(await who(value)).toBeNull()
      await victim.ask(at('/.auth/logout'), { method: 'POST', headers: { origin: stage.origin } })
    }
  })
})

describe('by a sign-in that shows nothing', () => {
  let gateway: ClockedGateway
  let provider: PlainProvider
  let upstream: Upstream
  beforeAll(async () => {
    const [port, providerPort] = [await freePort(), await freePort()]
    upstream = await startUpstream()
    provider = await startPlainProvider({ port: providerPort, origins: [`http://localhost:${port}`] })
    gateway = await startClockedGateway(
      plainYaml({ port, issuer: provider.issuer, upstream: upstream.origin, session: 'revalidate: 10m' }),
    )
  })
  afterAll(async () => {
    await gateway.close()
    await upstream.close()
    await provider.close()
  })

  attack('T42', 'is of no use when it is planted while a silent sign-in is on its way', async () => {
    const { origin } = gateway
    const who = (value: string) => seenAs(origin, 'x-forwarded-user', value)
    const [attacker, victim] = [visitor(), visitor()]
    await signInAs(victim, `${origin}/x`, 'auth0|anna')
    const before = victim.cookie(origin, sid) ?? ''
    gateway.forward(600)
    await signInAs(attacker, `${origin}/x`, 'CN=Ben Bit,O=Example')
    const value = attacker.cookie(origin, sid) ?? ''
    const silent = await begin(victim, `${origin}/x`)
    expect(parameter(silent, 'prompt')).toBe('none')
    const { location } = await visit(victim, silent)
    expect(location.startsWith(`${origin}/.auth/callback`)).toBe(true)
    victim.setCookie(origin, sid, value)
    await visit(victim, location)
    // It is a sign-in like any other then: a new id, and the planted session has ended. The victim's own is still unconfirmed.
    const own = victim.cookie(origin, sid) ?? ''
    expect([value, before]).not.toContain(own)
    expect([await who(own), await who(value), await who(before)]).toEqual(['auth0|anna', null, null])
  })
})

describe('by the door for emergencies', () => {
  let scene: GlassScene
  beforeAll(async () => {
    scene = await startGlass()
    scene.open()
    await scene.isOpen(true)
  })
  afterAll(() => scene.close())

  attack('T42', 'is of no use when it was planted before somebody comes in by it, or while they type', async () => {
    for (const moment of ['before', 'between'] as const) {
      const [attacker, victim] = [visitor(), visitor()]
      const enter = async (browser: Visitor, name: string, value: string | null) => {
        if (moment === 'before' && value !== null) browser.setCookie(scene.origin, sid, value)
        const sent = await submit(browser, await toForm(browser, scene), { name, password })
        if (value !== null) browser.setCookie(scene.origin, sid, value)
        return await visit(browser, sent.location)
      }
      expect(givesSession(await enter(attacker, 'bert', null))).toBe(true)
      const value = attacker.cookie(scene.origin, sid) ?? ''
      expect(givesSession(await enter(victim, 'anna', value))).toBe(true)
      const own = victim.cookie(scene.origin, sid) ?? ''
      expect(own).not.toBe(value)
      const admin = (cookie: string) =>
        visitor().ask(`${scene.origin}/admin`, { headers: { cookie: `${sid}=${cookie}` } })
      expect([(await admin(own)).status, (await admin(value)).status]).toEqual([200, 401])
    }
  })
})
