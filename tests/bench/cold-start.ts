/** From nothing to ready: the gateway is started from its sources while the sign-in service is away. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../stage.ts'
import { benchYaml } from './configuration.ts'
import { untilReady } from './contestants.ts'
import { median } from './measure.ts'
import type { Crew } from './processes.ts'

const times = 3

/** @returns seconds from the start of the process to the first 200 on /readyz, the median of three. */
export async function coldStart(crew: Crew, folder: string): Promise<number> {
  const seconds: number[] = []
  for (let time = 0; time < times; time += 1) {
    const [port, managementPort, nobody] = [await freePort(), await freePort(), await freePort()]
    const file = join(folder, 'cold-start.yaml')
    const away = { upstream: `http://127.0.0.1:${nobody}`, authority: `http://localhost:${nobody}` }
    writeFileSync(file, benchYaml({ port, managementPort, ...away, store: '{ type: memory }' }))
    const startedAt = performance.now()
    const member = crew.gateway(file)
    await untilReady(`http://127.0.0.1:${managementPort}/readyz`, member.lastWords)
    seconds.push((performance.now() - startedAt) / 1_000)
    await member.end()
  }
  return median(seconds)
}
