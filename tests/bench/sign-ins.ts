/** What one sign-in costs the gateway: the redirect away, the callback with the code's redemption, and the new session. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { redisMissing, startRedis } from '../redis.ts'
import { freePort } from '../stage.ts'
import { createVisitor, navigation, signIn, type Visitor } from '../visitor.ts'
import { benchYaml, manyGroups } from './configuration.ts'
import { untilReady } from './contestants.ts'
import { median } from './measure.ts'
import { type Crew, cpuSeconds } from './processes.ts'
import type { Place } from './scene.ts'

/** A gateway with Redis and a pretend Entra, each in a process of its own, and somebody who is known at the latter. */
export interface SignInScene {
  /** `http://localhost:<port>` of the gateway. */
  readonly origin: string
  readonly pid: number
  readonly controlOrigin: string
  readonly visitor: Visitor
}

interface Wish extends Place {
  /** Further lines of `session`, each indented by two. */
  readonly session?: string
}

const [batches, signInsPerBatch, warmUpSignIns] = [12, 50, 150]

/**
 * @returns milliseconds of CPU per sign-in, all threads of the gateway's process: the median of batches, since the kernel
 * counts in hundredths of a second. Null where there is no Redis.
 */
export async function measureSignIns(place: Wish): Promise<number | null> {
  return await withSignInScene(place, async ({ origin, pid, visitor }) => {
    for (let count = 0; count < warmUpSignIns; count += 1) await signInAgain(visitor, origin)
    const costs: number[] = []
    for (let batch = 0; batch < batches; batch += 1) {
      const before = cpuSeconds(pid) ?? Number.NaN
      for (let count = 0; count < signInsPerBatch; count += 1) await signInAgain(visitor, origin)
      costs.push((((cpuSeconds(pid) ?? Number.NaN) - before) / signInsPerBatch) * 1_000)
    }
    return median(costs)
  })
}

/** Sets the scene, hands it to the work, and clears it away, whatever happens. */
export async function withSignInScene(
  { crew, folder, session }: Wish,
  work: (scene: SignInScene) => Promise<number>,
): Promise<number | null> {
  if (redisMissing()) return null
  const redis = await startRedis()
  crew.alsoEnds(redis.stop)
  const visitor = createVisitor()
  try {
    const { message: entra } = await crew.own('pretend-entra.ts')
    const started = await startGateway({ crew, folder, session }, entra.port ?? 0, redis.url)
    try {
      await signIn(visitor, `${started.origin}/look`, manyGroups.username)
      return await work({ ...started, visitor, controlOrigin: `http://localhost:${entra.controlPort}` })
    } finally {
      // Or it would look for its Redis while others are measured.
      await started.end()
    }
  } finally {
    visitor.close()
    await redis.stop()
  }
}

interface GatewayWish {
  readonly crew: Crew
  readonly folder: string
  readonly session: string | undefined
}

async function startGateway({ crew, folder, session }: GatewayWish, entra: number, redisUrl: string) {
  const { message: upstream } = await crew.own('upstream.ts')
  const [port, managementPort] = [await freePort(), await freePort()]
  const file = join(folder, `sign-ins-${port}.yaml`)
  const settings = {
    ...{ port, managementPort, upstream: `http://127.0.0.1:${upstream.port}`, authority: `http://localhost:${entra}` },
    ...{ store: `{ type: redis, url: '${redisUrl}' }`, ...(session === undefined ? {} : { session }) },
  }
  writeFileSync(file, benchYaml(settings))
  const { pid, lastWords, end } = crew.gateway(file)
  await untilReady(`http://127.0.0.1:${managementPort}/readyz`, lastWords)
  return { pid, end, origin: `http://localhost:${port}` }
}

const target = '/reports/today'

/** As a browser that has no cookie of ours, in which the person is still known at the provider. Ends before the application is asked. */
export async function signInAgain(visitor: Visitor, origin: string): Promise<void> {
  for (const pair of visitor.cookies(origin)) visitor.setCookie(origin, pair.slice(0, pair.indexOf('=')), null)
  let reply = await visitor.ask(`${origin}${target}`, { headers: navigation })
  while (reply.location !== '' && reply.location !== `${origin}${target}`) {
    reply = await visitor.ask(reply.location, { headers: navigation })
  }
  const cookie = visitor.cookie(origin, '__Host-sid')
  if (reply.location === '' || cookie === undefined) throw new Error(`no sign-in: ${reply.status} at ${reply.url}`)
}
