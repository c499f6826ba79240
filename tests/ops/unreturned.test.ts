import { describe, expect, test } from 'vitest'
import { createUnreturned } from '../../src/ops/unreturned.ts'

/** A sign-in may take ten minutes here, and it is noon sharp. */
function setUp() {
  let now = 1_800_000_000 - (1_800_000_000 % 3_600)
  const unreturned = createUnreturned(600, () => now)
  const began = (tenant = 'payroll') => {
    unreturned.began(tenant, now)
    return now
  }
  const forward = (seconds: number) => {
    now += seconds
  }
  return { unreturned, began, forward }
}

describe('createUnreturned', () => {
  test('read counts a sign-in that never came back once it cannot come back any more, for an hour', () => {
    const { unreturned, began, forward } = setUp()
    began()
    began('canteen')
    forward(600)
    expect(unreturned.read()).toEqual([
      ['payroll', 0],
      ['canteen', 0],
    ])
    forward(60)
    expect(unreturned.read()).toEqual([
      ['payroll', 1],
      ['canteen', 1],
    ])
    forward(3_540)
    expect(unreturned.read()).toHaveLength(2)
    forward(60)
    expect(unreturned.read()).toEqual([])
  })

  test('read counts no sign-in that came back, however late within its time', () => {
    const { unreturned, began, forward } = setUp()
    const [first, , third] = [began(), began(), began()]
    unreturned.returned('payroll', first)
    forward(599)
    unreturned.returned('payroll', third)
    forward(600)
    expect(unreturned.read()).toEqual([['payroll', 1]])
  })

  test('read adds up over gateways, whichever of them a sign-in came back to', () => {
    const [here, there] = [setUp(), setUp()]
    const at = [here.began(), here.began(), here.began()]
    for (const each of at.slice(1)) there.unreturned.returned('payroll', each)
    here.forward(700)
    there.forward(700)
    const sum = [here, there].flatMap(({ unreturned }) => unreturned.read()).reduce((all, [, count]) => all + count, 0)
    expect(sum).toBe(1)
  })

  test('read forgets what is too old, and keeps no more than the minutes of its window', () => {
    const { unreturned, began, forward } = setUp()
    for (let minute = 0; minute < 500; minute += 1) {
      began()
      forward(60)
    }
    expect(unreturned.read()).toEqual([['payroll', 60]])
  })

  test('returned takes nothing that has left the window, and is no debt of the next one', () => {
    const { unreturned, began, forward } = setUp()
    const old = began()
    forward(7_200)
    unreturned.returned('payroll', old)
    expect(unreturned.read()).toEqual([])
  })
})
