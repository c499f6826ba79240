/** `npm run bench`: what the gateway costs beside a bare proxy, measured in one run on this machine. */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { coldStart } from './cold-start.ts'
import type { Letter } from './contestants.ts'
import { createLoad } from './load.ts'
import { measureOnce, measureRounds } from './measure.ts'
import { createCrew } from './processes.ts'
import { profileOptions, profileTable } from './profile.ts'
import { countRedisCommands } from './redis-commands.ts'
import { doubts, type Figures, goalsOf, goalsTable, printed, signInGoals, tenantsTable } from './report.ts'
import { measureRevalidations } from './revalidations.ts'
import { type Place, withScene } from './scene.ts'
import { measureSignIns } from './sign-ins.ts'
import { measureTenants } from './tenants.ts'

const help = `npm run bench -- [options]
  --seconds <n>    of load per measurement (2)
  --rounds <n>     measurements of each contestant (5)
  --json           print the figures as JSON
  --tenants        only: what many tenants cost
  --sign-ins       only: what a sign-in costs
  --revalidations  also: what a revalidation costs
  --profile        instead: where the CPU goes in d beyond b, by file and function
`

interface Options {
  readonly seconds: number
  readonly rounds: number
  readonly json: boolean
  readonly profile: boolean
  readonly tenants: boolean
  readonly 'sign-ins': boolean
  readonly revalidations: boolean
}

const idleSessions = 20_000
const tenantCounts = [1, 1_000, 5_000]

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      tenants: { type: 'boolean', default: false },
      'sign-ins': { type: 'boolean', default: false },
      revalidations: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(help)
    process.exit(0)
  }
  const whole = (name: 'seconds' | 'rounds', most: number) => {
    const value = Number(values[name])
    if (!Number.isInteger(value) || value < 1 || value > most) throw new Error(`--${name}: a number from 1 to ${most}`)
    return value
  }
  return { ...values, seconds: whole('seconds', 60), rounds: whole('rounds', 50) }
}

const progress = (text: string) => process.stderr.write(`${text}\n`)

async function bench(place: Place, options: Options): Promise<void> {
  const { crew, folder } = place
  const { rounds, seconds } = options
  const [cpu] = cpus()
  const machine = {
    ...{ cores: availableParallelism(), model: cpu?.model.trim() ?? 'unknown', node: process.version },
    loadAverage: loadavg()[0] ?? 0,
  }
  progress('memory of idle sessions')
  const { message: memory } = await crew.own('memory.ts', [String(idleSessions)], ['--expose-gc'])
  progress('cold start')
  const coldStartSeconds = await coldStart(crew, folder)
  const tenants = await measureTenants(crew, folder, tenantCounts, progress)
  const signIns = await signInFigures(place, options)
  const load = createLoad(crew)
  const measured = await withScene(
    { ...place, onProgress: progress },
    ['a', 'b', 'c', 'd', 'e'],
    async ({ contestants, upstreamPid, redis }) => {
      const commands = redis === null ? null : countRedisCommands(redis.client, 'd')
      const around = commands?.around
      const parts = { contestants, upstreamPid, load, rounds, seconds, onProgress: progress }
      const results = await measureRounds({ ...parts, ...(around === undefined ? {} : { around }) })
      return { results, redisCommandsPerRequest: commands?.perRequest() ?? null }
    },
  )
  const known = {
    ...{ machine, load: load.name, rounds, seconds, contestants: measured.results, coldStartSeconds },
    redisCommandsPerRequest: measured.redisCommandsPerRequest,
    ...{ tenants, ...signIns },
    bytesPerIdleSession: memory.bytesPerSession ?? Number.NaN,
    residentBytesPerIdleSession: memory.residentBytesPerSession ?? Number.NaN,
  }
  const figures: Figures = { ...known, warnings: doubts(known) }
  process.stdout.write(
    options.json ? `${JSON.stringify({ ...figures, goals: goalsOf(figures) }, null, 2)}\n` : `\n${printed(figures)}`,
  )
}

async function tenantsOnly({ crew, folder }: Place, { json }: Options): Promise<void> {
  const figures = await measureTenants(crew, folder, tenantCounts, progress)
  process.stdout.write(json ? `${JSON.stringify(figures, null, 2)}\n` : `${tenantsTable(figures)}\n`)
}

async function signInFigures(place: Place, { revalidations }: Options) {
  progress('sign-ins')
  const signInMilliseconds = await measureSignIns(place)
  if (!revalidations) return { signInMilliseconds, revalidationMilliseconds: null }
  progress('revalidations')
  return { signInMilliseconds, revalidationMilliseconds: await measureRevalidations(place) }
}

async function signInsOnly(place: Place, options: Options): Promise<void> {
  const figures = await signInFigures(place, options)
  const goals = signInGoals(figures)
  process.stdout.write(options.json ? `${JSON.stringify(goals, null, 2)}\n` : `${goalsTable(goals)}\n`)
}

/** Both under a profiler, one after the other. The profiler costs as well: what counts is the difference. */
async function profile(place: Place, options: Options): Promise<void> {
  const load = createLoad(place.crew)
  const { rounds, seconds } = options
  const nodeOptions = (letter: Letter) => profileOptions(place.folder, letter)
  const requests = await withScene(
    { ...place, onProgress: progress, nodeOptions },
    ['b', 'd'],
    async ({ contestants, upstreamPid }) => {
      const sent: Partial<Record<Letter, number>> = {}
      for (const contestant of contestants) {
        progress(`profile  ${contestant.letter}  ${contestant.label}`)
        const sample = await measureOnce({ load, upstreamPid }, contestant, rounds * seconds)
        sent[contestant.letter] = sample.requests
      }
      await place.crew.end()
      return sent
    },
  )
  process.stdout.write(profileTable(place.folder, requests))
}

const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
const crew = createCrew()
let told = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    told = true
    progress(`${signal}: ending everything`)
    crew.end().finally(() => process.exit(130))
  })
}
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
try {
  const options = readOptions()
  const only = options.tenants ? tenantsOnly : options['sign-ins'] ? signInsOnly : bench
  const work = options.profile ? profile : only
  await work({ crew, folder }, options)
} catch (error) {
  // Told to end, what is in the middle of its work fails: that is no news.
  if (!told) progress(`bench: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
} finally {
  await crew.end()
}
