/** Sign-ins under load, one after the other, each by a browser of its own, and used at once. */
import { setTimeout as pause } from 'node:timers/promises'
import { createVisitor, type Reply, signIn } from '../visitor.ts'
import { type Place, people } from './place.ts'
import { type Answer, echoOf } from './steady-load.ts'

const breath = 150
/** Longer than the gateway waits for a provider at any step. */
const patience = 15_000

/** @param begin is told of each attempt, and gives who judges it. */
export function startSignIns(place: Place, begin: (user: string) => (answer: Answer) => void) {
  let over = false

  async function attempt(username: string): Promise<void> {
    const visitor = createVisitor()
    const judge = begin(username)
    try {
      const reply = await Promise.race([signIn(visitor, `${place.origin}/x`, username), pause(patience, null)])
      judge(reply === null ? { ended: 'no answer', echo: null, clears: false } : answerOf(reply))
    } catch (error) {
      judge({ ended: wordOf(error), echo: null, clears: false })
    } finally {
      visitor.close()
    }
  }

  async function loop(): Promise<void> {
    for (let n = 0; !over; n += 1) {
      await attempt(people[n % people.length]?.username ?? '')
      await pause(breath)
    }
  }
  const running = loop()
  return {
    async stop() {
      over = true
      await running
    },
  }
}

function answerOf({ status, body }: Reply): Answer {
  return { ended: String(status), echo: echoOf(body), clears: false }
}

/** The status of the page where the picker was expected, or the code of a broken connection. */
function wordOf(error: unknown): string {
  if (!(error instanceof Error)) return 'failed'
  const status = /no tile for \S+ at \S+ (\d{3})$/.exec(error.message)?.[1]
  return status ?? String((error as NodeJS.ErrnoException).code ?? error.message.slice(0, 40))
}
