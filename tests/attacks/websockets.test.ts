import { afterAll, beforeAll, expect } from 'vitest'
import { until } from '../redis.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, signIn, type Visitor } from '../visitor.ts'
import { attack } from './attack.ts'
import { createOpenings, type Openings } from './open.ts'

let stage: Stage
let openings: Openings
let uwe: Visitor
const cookieLine = (visitor: Visitor) => `Cookie: ${visitor.cookies(stage.origin).join('; ')}`

beforeAll(async () => {
  stage = await startStage()
  openings = createOpenings(stage.upstream)
  uwe = createVisitor()
  await signIn(uwe, `${stage.origin}/`, 'uwe@contoso.example')
})
afterAll(async () => {
  uwe.close()
  openings.end()
  await stage.close()
})

attack('T101', 'was cut with all that it had open within a second of the sign-out, and nobody else was', async () => {
  const ada = createVisitor()
  await signIn(ada, `${stage.origin}/`, 'ada@contoso.example')
  const at = { origin: stage.origin }
  const [hers, his, nobodys] = [
    await openings.openAll(at, [cookieLine(ada)]),
    await openings.openAll(at, [cookieLine(uwe)]),
    await openings.openAll({ ...at, folder: '/public/' }),
  ]
  await ada.ask(`${stage.origin}/.auth/logout`, { method: 'POST', headers: { origin: stage.origin }, body: '' })
  await until('the cut', () => hers.every((each) => each.isOver()), 2_000)
  for (const each of [...his, ...nobodys]) expect([each.kind, each.isOpen()]).toEqual([each.kind, true])
  ada.close()
})
