/** What many tenants cost: start, memory, the reload of one, and finding whose a request is. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ManyTenants, tenantFilesYaml, tenantName, writeTenant, writeTenants } from '../many-tenants.ts'
import { freePort } from '../stage.ts'
import { sessionSecret } from './configuration.ts'
import { untilReady } from './contestants.ts'
import { median } from './measure.ts'
import type { Crew, Member } from './processes.ts'

export interface TenantFigures {
  readonly tenants: number
  readonly startSeconds: number
  readonly residentMegabytes: number
  /** From the signal's arrival to the configuration in force, as the gateway itself logs it; median of five. */
  readonly reloadMilliseconds: number
  readonly lookUpNanoseconds: number
}

const reloads = 5

export async function measureTenants(
  crew: Crew,
  folder: string,
  counts: readonly number[],
  onProgress: (text: string) => void,
): Promise<readonly TenantFigures[]> {
  const figures: TenantFigures[] = []
  for (const count of counts) {
    onProgress(`${count} ${count === 1 ? 'tenant' : 'tenants'}`)
    figures.push(await measureOne(crew, join(folder, `tenants-${count}`), count))
  }
  return figures
}

async function measureOne(crew: Crew, folder: string, count: number): Promise<TenantFigures> {
  mkdirSync(folder)
  const [port, managementPort, nobody] = [await freePort(), await freePort(), await freePort()]
  const away = `http://127.0.0.1:${nobody}`
  const many: ManyTenants = { folder, count, port, upstream: away, authority: away }
  writeTenants(many)
  const file = join(folder, 'sallyport.yaml')
  writeFileSync(
    file,
    `version: 1
allowInlineSecrets: true
server: { listen: '127.0.0.1:${port}', management: '127.0.0.1:${managementPort}', log: { level: info } }
session: { secrets: [${sessionSecret}] }
${tenantFilesYaml}`,
  )
  const startedAt = performance.now()
  const member = crew.gateway(file)
  await untilReady(`http://127.0.0.1:${managementPort}/readyz`, member.lastWords)
  const startSeconds = (performance.now() - startedAt) / 1_000
  const residentMegabytes = residentOf(member.pid)
  const took: number[] = []
  for (let round = 1; round <= reloads; round++) {
    writeTenant(many, Math.floor(count / 2), `role-${round}`)
    took.push(await reloadedIn(member, round))
  }
  await member.end()
  const { message } = await crew.own('look-up.ts', [file, `${tenantName(count - 1)}.localhost:${port}`])
  return {
    ...{ tenants: count, startSeconds, residentMegabytes },
    reloadMilliseconds: median(took),
    lookUpNanoseconds: message.nanosecondsPerLookUp ?? Number.NaN,
  }
}

/** Waits for the gateway's own word; it notices the change by itself. */
async function reloadedIn(member: Member, round: number): Promise<number> {
  const deadline = performance.now() + 30_000
  for (;;) {
    const mine = member.events('reloaded')[round - 1]
    if (mine !== undefined) return Number(mine.milliseconds)
    if (performance.now() > deadline) throw new Error(`no reload: ${member.lastWords()}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** In MB (10^6 bytes), as the kernel counts it. */
function residentOf(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return (Number(kilobytes) * 1_024) / 1e6
}
