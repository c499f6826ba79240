/** Everything that a run needs beside the load: upstream, pretend Entra, Redis, and the contestants, signed in and warm. */
import { startEmulator } from '../../src/emulator/emulator.ts'
import { redisMissing, startRedis, type TestRedis } from '../redis.ts'
import { manyGroups, oneGroup } from './configuration.ts'
import { type Contestant, type Letter, startContestants } from './contestants.ts'
import { createLoad } from './load.ts'
import { warmUp } from './measure.ts'
import type { Crew } from './processes.ts'

export interface Place {
  readonly crew: Crew
  /** For files; whoever made it takes it away. */
  readonly folder: string
}

interface Wish extends Place {
  readonly onProgress: (text: string) => void
  readonly nodeOptions?: (letter: Letter) => readonly string[]
}

export interface Scene {
  readonly contestants: readonly Contestant[]
  readonly upstreamPid: number
  /** Null where there is no Redis on this machine; then nothing that needs it is among the contestants. */
  readonly redis: TestRedis | null
}

/** Sets the scene, hands it to the work, and clears it away, whatever happens. */
export async function withScene<Result>(
  { crew, folder, onProgress, nodeOptions }: Wish,
  wanted: readonly Letter[],
  work: (scene: Scene) => Promise<Result>,
): Promise<Result> {
  const upstream = await crew.own('upstream.ts')
  const emulator = await startEmulator({ port: 0, people: [manyGroups, oneGroup] })
  const redis = redisMissing() ? null : await startRedis()
  if (redis !== null) crew.alsoEnds(redis.stop)
  try {
    const contestants = await startContestants(
      {
        ...{ crew, folder, authority: emulator.origin, redisUrl: redis?.url ?? null },
        upstream: `http://127.0.0.1:${upstream.message.port}`,
        ...(nodeOptions === undefined ? {} : { nodeOptions }),
      },
      wanted,
    )
    const load = createLoad(crew)
    for (const contestant of contestants) {
      onProgress(`warm-up  ${contestant.letter}  ${contestant.label}`)
      await warmUp({ load, upstreamPid: upstream.pid }, contestant)
    }
    return await work({ contestants, upstreamPid: upstream.pid, redis })
  } finally {
    await redis?.stop()
    await emulator.close()
  }
}
