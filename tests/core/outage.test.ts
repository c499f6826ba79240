import { expect, test } from 'vitest'
import { backAfterSeconds, neverAsked, type Reach, reachAfter } from '../../src/core/identity/outage.ts'

const awayAfter = 300

/** Asked every 15 seconds, from zero on: `x` for silence, `o` for an answer. */
function asked(answers: string, from: Reach = neverAsked): readonly boolean[] {
  const away: boolean[] = []
  let reach = from
  for (const [index, answer] of [...answers].entries()) {
    reach = reachAfter(reach, answer === 'o', index * 15, awayAfter)
    away.push(reach.away)
  }
  return away
}

test('reachAfter takes a provider for away once it has been silent for so long, and not before', () => {
  const away = asked('o'.concat('x'.repeat(22)))
  expect(away.indexOf(true)).toBe(1 + awayAfter / 15)
})

test('reachAfter neither opens nor closes for a provider that flickers', () => {
  expect(asked('xxxxxxxxxxxxxxxxxxxo'.repeat(5))).not.toContain(true)
  const away: Reach = { silentSince: 0, answersSince: null, away: true }
  expect(asked('oooxoooxoooxooox', away)).not.toContain(false)
})

test('reachAfter takes it for back once every question was answered for a minute', () => {
  const away: Reach = { silentSince: 0, answersSince: null, away: true }
  expect(asked('oooooo', away).indexOf(false)).toBe(backAfterSeconds / 15)
})

test('reachAfter never takes the first silence for an outage, whatever the clock has done', () => {
  expect(reachAfter(neverAsked, false, 1e9, awayAfter).away).toBe(false)
  const answered = reachAfter(neverAsked, true, 0, awayAfter)
  expect(reachAfter(answered, false, 1e9, awayAfter).away).toBe(false)
})

test('reachAfter counts from anew where the clock was set back', () => {
  const day = 86_400
  let reach: Reach = { silentSince: null, answersSince: day, away: true }
  for (const at of [0, backAfterSeconds]) reach = reachAfter(reach, true, at, awayAfter)
  expect(reach.away).toBe(false)
  reach = { silentSince: day, answersSince: null, away: false }
  for (const at of [0, awayAfter]) reach = reachAfter(reach, false, at, awayAfter)
  expect(reach.away).toBe(true)
})
