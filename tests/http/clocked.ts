/** A gateway whose clock the test puts forward: lifetimes end without anybody waiting for them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../src/config/load.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { createGate } from '../../src/http/gate.ts'
import { listen } from '../../src/http/listen.ts'
import { createUpgradeGate } from '../../src/http/upgrade.ts'
import { createLog } from '../../src/ops/log.ts'
import { createParts } from '../../src/parts.ts'
import { freePort, type StageOptions, stageYaml, startUpstream } from '../stage.ts'

export interface ClockedStage {
  readonly origin: string
  readonly emulator: Emulator
  forward(seconds: number): void
  /** What Prometheus would read. */
  metrics(): Promise<string>
  close(): Promise<void>
}

/** @param session YAML of the key `session`. @param parts of the configuration, where it is not the usual one. */
export async function startClockedStage(session: string, parts: StageOptions = {}): Promise<ClockedStage> {
  const [emulator, upstream, port] = await Promise.all([startEmulator({ port: 0 }), startUpstream(), freePort()])
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-clocked-'))
  const file = join(folder, 'sallyport.yaml')
  writeFileSync(
    file,
    stageYaml({
      port,
      session,
      ...parts,
      authority: emulator.origin,
      upstream: upstream.origin,
    }),
  )
  const gateway = loadConfig(file, { env: {} })
  let ahead = 0
  const log = createLog({ level: 'error', destination: { write: () => undefined } })
  const made = createParts(gateway, log, () => Date.now() / 1_000 + ahead)
  const main = await listen({
    address: gateway.server.listen,
    gate: createGate(made),
    upgrade: createUpgradeGate(made).take,
    current: made.current,
    answers: made.answers,
    metrics: made.metrics,
    log,
  })
  return {
    origin: `http://localhost:${main.port}`,
    emulator,
    forward(seconds) {
      ahead += seconds
    },
    metrics: async () => (await made.metrics.text()).body,
    async close() {
      await main.drain(0)
      await made.close()
      await upstream.close()
      await emulator.close()
      rmSync(folder, { recursive: true })
    },
  }
}
