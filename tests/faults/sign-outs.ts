/** Sign-outs under load, of sessions that were made before; and whoever kept a copy of the cookie, who must not get in with it. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Kind } from './ordinary.ts'
import { type Place, people } from './place.ts'
import { type Answer, ownForm, send } from './steady-load.ts'

const [pool, breath] = [30, 300]
/** What another gateway still accepts, as long as it has not heard of the end: a second while the store lives. */
const hearsay = 1_000

export async function startSignOuts(place: Place, judge: (answer: Answer, kind: Kind) => void) {
  let over = false
  const sessions: string[] = []
  for (let n = 0; n < pool; n += 1) {
    const cookie = await place.signIn(people[n % people.length]?.username ?? '')
    // Every gateway knows it, as in the middle of a day's work.
    for (const { port } of place.gateways) await send(place, false, { path: '/x', cookie, port })
    sessions.push(cookie)
  }
  /** Signed out, as the person was told; `told`: by an answer that promised it for everywhere. */
  const gone: { readonly cookie: string; readonly told: boolean }[] = []
  const checks: Promise<void>[] = []

  async function check(cookie: string): Promise<void> {
    for (const { port } of place.gateways) {
      judge(await send(place, false, { path: '/x', cookie, port }), 'signed out')
    }
  }

  async function signOut(cookie: string): Promise<void> {
    const answer = await send(place, false, { path: '/.auth/logout', method: 'POST', cookie, ...ownForm(place) })
    judge(answer, 'sign-out')
    const told = answer.ended === '302'
    if (told || answer.ended === '503 sign_out_unfinished') gone.push({ cookie, told })
    else sessions.push(cookie)
    if (told) checks.push(pause(hearsay).then(() => check(cookie)))
  }

  async function loop(): Promise<void> {
    while (!over) {
      const cookie = sessions.shift()
      if (cookie !== undefined) await signOut(cookie)
      await pause(breath)
    }
    await Promise.all(checks)
    // All is well again: now nobody who signed out gets in anywhere, whatever they were told then.
    for (const { cookie } of gone) await check(cookie)
  }
  const running = loop()
  return {
    async stop() {
      over = true
      await running
    },
  }
}
