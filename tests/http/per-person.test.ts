/** The limit of sessions per person over the wire: two gateways on one Redis. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { redisMissing } from '../redis.ts'
import { createVisitor } from '../visitor.ts'
import { startTwoGateways, type TwoGateways } from './two-gateways.ts'

describe.skipIf(redisMissing())('session.perPerson with two gateways', () => {
  let scene: TwoGateways
  beforeAll(async () => {
    scene = await startTwoGateways('payroll', 'perPerson: 2')
  })
  afterAll(async () => await scene.close())

  test('a sign-in too many ends the oldest session at this tenant, on both, and an ordinary sign-in follows', async () => {
    const visitors = [createVisitor(), createVisitor(), createVisitor()] as const
    const elsewhere = await scene.signIn(visitors[0], 'canteen', 'ada@contoso.example')
    const first = await scene.signIn(visitors[0], 'payroll', 'ada@contoso.example')
    const second = await scene.signIn(visitors[1], 'payroll', 'ada@contoso.example')
    const colleague = await scene.signIn(createVisitor(), 'payroll', 'uwe@contoso.example')
    expect(await scene.accepts('payroll', first)).toEqual([true, true])
    const third = await scene.signIn(visitors[2], 'payroll', 'ada@contoso.example')
    await scene.refused('payroll', first)
    for (const cookie of [second, third, colleague]) {
      expect(await scene.accepts('payroll', cookie)).toEqual([true, true])
    }
    expect(await scene.accepts('canteen', elsewhere)).toEqual([true, true])
    const said = scene.log().filter(({ event }) => event === 'sessions_over_limit')
    expect(said).toEqual([expect.objectContaining({ tenant: 'payroll', most: 2, ended: 1 })])
    // Whoever was signed out by it notices nothing but the way over the provider, who knows them.
    const again = await scene.signIn(visitors[0], 'payroll', 'ada@contoso.example')
    expect(await scene.accepts('payroll', again)).toEqual([true, true])
    await scene.refused('payroll', second)
  })
})
