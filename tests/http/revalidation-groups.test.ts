/** Groups that Entra leaves out, at each revalidation as at the sign-in. */
import { afterEach, expect } from 'vitest'
import { payrollStaff } from '../../src/emulator/directory.ts'
import { payrollAdministrators } from '../../src/emulator/groups.ts'
import { personas } from '../../src/emulator/people.ts'
import { attack } from '../attacks/attack.ts'
import { createVisitor, signIn } from '../visitor.ts'
import { startClockedStage } from './clocked.ts'

const username = 'groups500@contoso.example'
const greta = personas.filter((each) => each.username === username)
const groups = greta[0]?.groups ?? []
const interval = 600

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

async function setUp() {
  const stage = await startClockedStage('revalidate: 10m')
  const visitor = createVisitor()
  open.push(stage, visitor)
  for (const person of greta) stage.emulator.control.addPerson(person)
  await signIn(visitor, `${stage.origin}/`, username)
  return {
    ...stage,
    control: stage.emulator.control,
    status: async () => (await visitor.ask(`${stage.origin}/reports`)).status,
    visitor,
  }
}

attack(
  ['T68', 'T109'],
  'confirm asks Graph again for groups that were left out, and sees what has changed',
  async () => {
    const { control, status, forward, visitor, origin } = await setUp()
    expect((await visitor.ask(`${origin}/admin`)).status).toBe(403)
    control.changePerson(username, { groups: [...groups, payrollAdministrators] })
    const before = control.requests('graph')
    forward(interval)
    expect((await visitor.ask(`${origin}/admin`)).status).toBe(200)
    expect(control.requests('graph') - before).toBe(1)
    control.changePerson(username, { groups: groups.filter((group) => group !== payrollStaff) })
    forward(interval)
    expect(await status()).toBe(403)
  },
)

attack(
  'T109',
  'confirm takes a Graph that is away for no lost group, and keeps the last answer for a while',
  async () => {
    const { control, status, forward, log } = await setUp()
    control.fail('graph', { kind: 'status', status: 503 }, Number.POSITIVE_INFINITY)
    forward(interval)
    expect(await status()).toBe(200)
    expect(JSON.stringify(log())).toContain('graph_unreachable')
    control.recover()
    forward(interval)
    expect(await status()).toBe(200)
  },
)
