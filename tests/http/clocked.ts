/** A gateway whose clock the test puts forward: lifetimes end without anybody waiting for them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../src/config/load.ts'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { createGate } from '../../src/http/gate.ts'
import { listen } from '../../src/http/listen.ts'
import { createUpgradeGate } from '../../src/http/upgrade.ts'
import { createLog } from '../../src/ops/log.ts'
import { createParts } from '../../src/parts.ts'
import { freePort, stageYaml, startUpstream } from '../stage.ts'

export interface ClockedStage {
  readonly origin: string
  forward(seconds: number): void
  /** What Prometheus would read. */
  metrics(): Promise<string>
  close(): Promise<void>
}

/** @param session YAML of the key `session`. @param routes YAML of the tenant's routes, if not the usual ones. */
export async function startClockedStage(session: string, routes?: string): Promise<ClockedStage> {
  const [emulator, upstream, port] = await Promise.all([startEmulator({ port: 0 }), startUpstream(), freePort()])
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-clocked-'))
  const file = join(folder, 'sallyport.yaml')
  writeFileSync(
    file,
    stageYaml({
      port,
      session,
      ...(routes === undefined ? {} : { routes }),
      authority: emulator.origin,
      upstream: upstream.origin,
    }),
  )
  const gateway = loadConfig(file, { env: {} })
  let ahead = 0
  const log = createLog({ level: 'error', destination: { write: () => undefined } })
  const parts = createParts(gateway, log, () => Date.now() / 1_000 + ahead)
  const main = await listen({
    address: gateway.server.listen,
    gate: createGate(parts),
    upgrade: createUpgradeGate(parts).take,
    current: parts.current,
    answers: parts.answers,
    metrics: parts.metrics,
    log,
  })
  return {
    origin: `http://localhost:${main.port}`,
    forward(seconds) {
      ahead += seconds
    },
    metrics: async () => (await parts.metrics.text()).body,
    async close() {
      await main.drain(0)
      await parts.close()
      await upstream.close()
      await emulator.close()
      rmSync(folder, { recursive: true })
    },
  }
}
