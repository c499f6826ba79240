import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRounds } from '../../src/http/rounds.ts'
import { fakeClock } from '../session/people.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, type Reply, signIn, type Visitor } from '../visitor.ts'
import { expectPage, sid, visit } from './scene.ts'

describe('goesRound', () => {
  function setUp() {
    const clock = fakeClock()
    return { clock, rounds: createRounds(clock) }
  }

  test('goesRound says so when a browser comes round for the third time (T52)', () => {
    const { rounds } = setUp()
    const seen = [1, 2, 3].map(() => {
      rounds.finished('browser', '/x#part')
      return rounds.goesRound('browser', '/x')
    })
    expect(seen).toEqual([false, false, true])
    expect(rounds.goesRound('browser', '/x')).toBe(true)
  })

  test('goesRound tells browsers and addresses apart', () => {
    const { rounds } = setUp()
    const long = `/${'x'.repeat(8_000)}`
    const addresses = ['/a', '/b', `${long}c`, `${long}d`, `${long}e`]
    for (const address of addresses) {
      rounds.finished('browser', address)
      expect(rounds.goesRound('browser', address)).toBe(false)
      rounds.finished(address, '/a')
      expect(rounds.goesRound(address, '/a')).toBe(false)
    }
    for (const address of addresses) expect(rounds.goesRound('browser', address)).toBe(false)
  })

  test('goesRound takes twenty tabs at one address for one round (T45)', () => {
    const { rounds } = setUp()
    for (let tab = 0; tab < 20; tab += 1) rounds.finished('browser', '/x')
    expect(rounds.goesRound('browser', '/x')).toBe(false)
  })

  test('goesRound does not count whoever signs out in between', () => {
    const { rounds } = setUp()
    for (let round = 0; round < 10; round += 1) {
      rounds.finished('browser', '/x')
      rounds.left('browser')
      expect(rounds.goesRound('browser', '/x')).toBe(false)
    }
  })

  test('goesRound forgets after a minute', () => {
    const { rounds, clock } = setUp()
    for (let round = 0; round < 3; round += 1) {
      rounds.finished('browser', '/x')
      rounds.goesRound('browser', '/x')
    }
    clock.forward(61)
    expect(rounds.goesRound('browser', '/x')).toBe(false)
  })
})

describe('a browser that does not keep the session', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await startStage()
  })
  afterAll(() => stage.close())

  /** Follows redirects to the end; before each request the cookie is what the test wants. */
  async function follow(visitor: Visitor, url: string, spoil: () => void): Promise<Reply> {
    let reply = await visit(visitor, url)
    for (let hops = 0; reply.location !== ''; hops += 1) {
      expect(hops).toBeLessThan(20)
      spoil()
      reply = await visit(visitor, reply.location)
    }
    return reply
  }

  for (const [what, spoilt] of [
    ['forgets it', () => null],
    ['has a second one of the same name (T78)', (value: string | undefined) => `planted; ${sid}=${value ?? ''}`],
  ] as const) {
    test(`a browser that ${what} is told so after three rounds, not sent a fourth time (T52)`, async () => {
      const visitor = createVisitor()
      await signIn(visitor, `${stage.origin}/`, 'uwe@contoso.example')
      const spoil = () => visitor.setCookie(stage.origin, sid, spoilt(visitor.cookie(stage.origin, sid)))
      spoil()
      const before = stage.emulator.control.requests('authorize')
      const reply = await follow(visitor, `${stage.origin}/deep?x=1`, spoil)
      expectPage(reply, 400, 'login_loop')
      expect(stage.emulator.control.requests('authorize') - before).toBe(3)
      expect(reply.body).toContain('return_to=%2Fdeep%3Fx%3D1')
      visitor.close()
    })
  }
})
