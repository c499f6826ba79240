/** What one revalidation costs the gateway: asking the provider again for a session, and working out anew who that is. */
import { setTimeout as pause } from 'node:timers/promises'
import { createVisitor, navigation } from '../visitor.ts'
import { manyGroups } from './configuration.ts'
import { median } from './measure.ts'
import { cpuSeconds } from './processes.ts'
import type { Place } from './scene.ts'
import { type SignInScene, signInAgain, withSignInScene } from './sign-ins.ts'

/** The shortest that may be configured. */
const intervalSeconds = 60
const [batches, sessions] = [2, 300]

/**
 * @returns milliseconds of CPU per revalidation beyond those of the request that brings it about: the median of batches. Null
 * where there is no Redis. Throws where the gateway has asked the provider for another number of sessions than there are.
 */
export async function measureRevalidations(place: Place): Promise<number | null> {
  return await withSignInScene({ ...place, session: `  revalidate: ${intervalSeconds}s\n` }, async (scene) => {
    const cookies: string[] = []
    for (let count = 0; count < sessions; count += 1) {
      await signInAgain(scene.visitor, scene.origin)
      cookies.push(`__Host-sid=${scene.visitor.cookie(scene.origin, '__Host-sid')}`)
    }
    const costs: number[] = []
    for (let batch = 0; batch < batches; batch += 1) {
      await pause(intervalSeconds * 1_000)
      const asked = await tokenRequests(scene)
      const stale = await costOf(scene, cookies)
      const renewed = (await tokenRequests(scene)) - asked
      if (renewed !== sessions) throw new Error(`${renewed} of ${sessions} sessions were revalidated`)
      costs.push(((stale - (await costOf(scene, cookies))) / sessions) * 1_000)
    }
    return median(costs)
  })
}

/** Seconds of CPU for one request of each session. */
async function costOf({ origin, pid }: SignInScene, cookies: readonly string[]): Promise<number> {
  const visitor = createVisitor()
  const before = cpuSeconds(pid) ?? Number.NaN
  for (const cookie of cookies) {
    const { status } = await visitor.ask(`${origin}/reports/today`, { headers: { ...navigation, cookie } })
    if (status !== 200) throw new Error(`${manyGroups.username} was answered with ${status}`)
  }
  const spent = (cpuSeconds(pid) ?? Number.NaN) - before
  visitor.close()
  return spent
}

async function tokenRequests({ controlOrigin }: SignInScene): Promise<number> {
  const state = (await (await fetch(`${controlOrigin}/state`)).json()) as { requests: { token: number } }
  return state.requests.token
}
