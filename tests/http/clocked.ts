/** A gateway whose clock the test puts forward: lifetimes end without anybody waiting for them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLoader } from '../../src/config/loader.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { createGate } from '../../src/http/gate.ts'
import { listen } from '../../src/http/listen.ts'
import { createUpgradeGate } from '../../src/http/upgrade.ts'
import { createLog } from '../../src/ops/log.ts'
import { createParts } from '../../src/parts.ts'
import { freePort, type StageOptions, stageYaml, startUpstream, type Upstream } from '../stage.ts'

/** The gateway alone. */
export interface ClockedGateway {
  readonly origin: string
  /** The log so far, one object per line. */
  log(): readonly Record<string, unknown>[]
  forward(seconds: number): void
  /** As if the file had been edited; throws where it has issues. */
  edit(change: (yaml: string) => string): void
  /** Puts another configuration in force, as a reload would. */
  reload(yaml: string): void
  /** What Prometheus would read. */
  metrics(): Promise<string>
  close(): Promise<void>
}

export interface ClockedStage extends ClockedGateway {
  readonly emulator: Emulator
  readonly upstream: Upstream
}

/** @param session YAML of the key `session`. @param also of the configuration, where it is not the usual one. */
export async function startClockedStage(session: string, also: StageOptions = {}): Promise<ClockedStage> {
  const people = { people: also.people ?? [], application: also.application ?? {} }
  const [emulator, upstream, port] = await Promise.all([
    startEmulator({ port: 0, ...also.emulator, ...people }),
    startUpstream(),
    freePort(),
  ])
  const gateway = await startClockedGateway(
    stageYaml({
      port,
      session,
      ...also,
      authority: also.authority ?? emulator.origin,
      upstream: upstream.origin,
    }),
  )
  return {
    ...gateway,
    ...{ emulator, upstream },
    async close() {
      await gateway.close()
      await upstream.close()
      await emulator.close()
    },
  }
}

/** @param yaml the whole configuration. */
export async function startClockedGateway(yaml: string): Promise<ClockedGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-clocked-'))
  const file = join(folder, 'sallyport.yaml')
  writeFileSync(file, yaml)
  const loader = createLoader(file, { env: {} })
  const load = () => {
    const { gateway, issues } = loader.load()
    if (issues.length > 0) throw new Error(JSON.stringify(issues))
    return gateway
  }
  const gateway = load()
  let ahead = 0
  const lines: string[] = []
  const log = createLog({ level: 'debug', destination: { write: (line: string) => void lines.push(line) } })
  const parts = createParts(gateway, log, () => Date.now() / 1_000 + ahead)
  const upgrades = createUpgradeGate(parts)
  const main = await listen({
    address: gateway.server.listen,
    gate: createGate(parts),
    upgrade: upgrades.take,
    current: parts.current,
    answers: parts.answers,
    metrics: parts.metrics,
    lasting: parts.lasting,
    log,
  })
  function reload(text: string): void {
    writeFileSync(file, text)
    parts.replace(load())
    parts.lasting.reconsider()
  }
  return {
    origin: `http://localhost:${main.port}`,
    log: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    forward(seconds) {
      ahead += seconds
    },
    edit(change) {
      reload(change(readFileSync(file, 'utf8')))
    },
    reload,
    metrics: async () => (await parts.metrics.text()).body,
    async close() {
      await main.drain(0)
      await parts.close()
      rmSync(folder, { recursive: true })
    },
  }
}
