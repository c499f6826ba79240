/** Replicas are exchanged one by one under load, behind a load balancer that asks for readiness: nobody notices. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { type Command, startCommand } from '../cli/command.ts'
import { type Backend, type Haproxy, haproxyMissing, startHaproxy } from '../haproxy.ts'
import { redisMissing, startRedis, type TestRedis, until } from '../redis.ts'
import { freePort, stageYaml, startUpstream, type Upstream } from '../stage.ts'
import { createVisitor, signIn } from '../visitor.ts'
import { type Load, startLoad } from './load.ts'

const chart = parse(readFileSync(new URL('../../helm/values.yaml', import.meta.url), 'utf8'))
const timings = {
  preStop: Number(chart.preStopSeconds),
  readiness: chart.probes.readiness as { readonly periodSeconds: number; readonly failureThreshold: number },
}

describe.skipIf(redisMissing() || haproxyMissing())('rolling update', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-rolling-'))
  const replicas = new Map<string, Command>()
  let redis: TestRedis
  let emulator: Emulator
  let upstream: Upstream
  let backends: readonly Backend[]
  let publicPort: number
  let haproxy: Haproxy

  beforeAll(async () => {
    redis = await startRedis()
    emulator = await startEmulator({ port: 0 })
    upstream = await startUpstream()
    const names = ['a', 'b', 'c', 'd']
    backends = await Promise.all(
      names.map(async (name) => ({ name, port: await freePort(), managementPort: await freePort() })),
    )
  })
  afterAll(async () => {
    for (const each of replicas.values()) each.child.kill('SIGKILL')
    await haproxy?.stop()
    await upstream.close()
    await emulator.close()
    await redis.stop()
    rmSync(folder, { recursive: true })
  })

  async function start(name: string): Promise<void> {
    const backend = backends.find((each) => each.name === name)
    if (backend === undefined) throw new Error(`no place for ${name}`)
    const file = join(folder, `${name}.yaml`)
    const yaml = stageYaml({
      ...{ port: backend.port, managementPort: backend.managementPort },
      ...{ upstream: upstream.origin, authority: emulator.origin },
      publicUrl: () => `http://localhost:${publicPort}`,
      session: `store: { type: redis, url: '${redis.url}' }`,
    })
    writeFileSync(file, yaml)
    const command = startCommand(['serve', '-c', file])
    replicas.set(name, command)
    await command.says('"serving"')
    await until(`HAProxy takes ${name}`, () => haproxy.takes(name), 20_000)
  }

  async function end(name: string): Promise<void> {
    const command = replicas.get(name)
    command?.child.kill('SIGTERM')
    expect((await command?.ended)?.code).toBe(0)
    replicas.delete(name)
  }

  async function startUnderLoad(check: { readonly every: number; readonly fall: number }): Promise<Load> {
    haproxy = await startHaproxy(backends, check)
    publicPort = haproxy.port
    await start('a')
    await start('b')
    const visitor = createVisitor()
    const origin = `http://localhost:${publicPort}`
    await signIn(visitor, `${origin}/reports`, 'uwe@contoso.example')
    const cookie = visitor.cookies(origin).join('; ')
    visitor.close()
    return startLoad({
      ...{ port: publicPort, host: `localhost:${publicPort}`, cookie, callers: 8 },
      next: (n) =>
        n % 5 === 0 ? { method: 'POST', path: `/x?${n}`, body: `${n}` } : { method: 'GET', path: `/x?${n}` },
      isRight: (status, body) => status === 200 && body.includes('x-forwarded-user'),
    })
  }

  async function moreAnswers(load: Load): Promise<void> {
    const before = load.answered()
    await until('requests go on', () => load.answered() > before + 200)
  }

  test('in Kubernetes loses no request, with the timings of the chart', async () => {
    const { periodSeconds, failureThreshold } = timings.readiness
    const load = await startUnderLoad({ every: periodSeconds, fall: failureThreshold })
    for (const [old, fresh] of [
      ['a', 'c'],
      ['b', 'd'],
    ] as const) {
      // maxSurge 1, maxUnavailable 0: the new one takes requests before the old one is told to end.
      await start(fresh)
      await moreAnswers(load)
      // Kubernetes begins both at once; that the last load balancer hears of it may take a while.
      const told = pause((timings.preStop - 1) * 1_000).then(() => haproxy.drain(old))
      await pause(timings.preStop * 1_000)
      await told
      await end(old)
      await moreAnswers(load)
    }
    const account = await load.stop()
    expect(account.lost).toEqual([])
    expect(account.answered).toBe(account.sent)
    expect(account.sent).toBeGreaterThan(1_000)
    await end('c')
    await end('d')
    await haproxy.stop()
  }, 120_000)

  test('behind a load balancer that only asks for readiness loses no request either', async () => {
    // Every second and at the first no: within the two seconds that an ending gateway goes on accepting.
    const load = await startUnderLoad({ every: 1, fall: 1 })
    await start('c')
    await moreAnswers(load)
    await end('a')
    await start('d')
    await end('b')
    await moreAnswers(load)
    const account = await load.stop()
    expect(account.lost).toEqual([])
    expect(account.answered).toBe(account.sent)
  }, 60_000)
})
