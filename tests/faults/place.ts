/** Where faults happen: gateways in processes of their own behind a round robin, and everything that they depend on, each to be disturbed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { type Command, startCommand } from '../cli/command.ts'
import { until } from '../redis.ts'
import { freePort, stageYaml } from '../stage.ts'
import { createVisitor, signIn } from '../visitor.ts'
import { type EchoUpstream, startEchoUpstream } from './echo-upstream.ts'
import { openProviderDoor, type ProviderDoor } from './provider-door.ts'
import { type RedisKind, type RedisScene, startRedisScene } from './redis-scene.ts'
import { openRoundRobin, type RoundRobin } from './tcp-door.ts'

/** Uwe's three, who may read, and Ada's three, who are administrators; each is told from every other by the name. */
export const people = ['uwe', 'una', 'ugo', 'ada', 'ann', 'ali'].map((name) => ({
  username: `${name}-of-the-load@contoso.example`,
  name,
  appRoles: [name.startsWith('a') ? 'Payroll.Admin' : 'Payroll.Reader'],
  isAdministrator: name.startsWith('a'),
}))

export interface Wish {
  readonly redis: RedisKind
  readonly gateways: 1 | 2
  /** Further lines below `session:`. */
  readonly session?: string
  /** Further keys of `server`, each after a comma. */
  readonly server?: string
  /** Another application than the one of the place. */
  readonly upstreamPort?: number
  /** In place of the gateway's own command: with another clock, or its log on a full disk (`launch.ts`). */
  readonly launch?: (args: readonly string[]) => Command
}

export interface GatewayProcess {
  readonly port: number
  readonly managementPort: number
  /** Its configuration, which it reads again when that is written. */
  readonly file: string
  command(): Command
  /** Starts it, again if it has ended, and waits until it is ready. */
  start(): Promise<void>
  /** Resolves when the process has ended, with its exit code. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>
  /** Value of a metric without labels. */
  metric(name: string): Promise<number | null>
}

export interface Place {
  /** The public one, by way of the round robin. */
  readonly origin: string
  readonly gateways: readonly GatewayProcess[]
  readonly roundRobin: RoundRobin
  readonly redis: RedisScene
  readonly emulator: Emulator
  readonly provider: ProviderDoor
  readonly upstream: EchoUpstream
  /** @returns the Cookie header of a new session. */
  signIn(username: string): Promise<string>
  /** Whether all gateways that run can reach the store and hear of changes. */
  isWell(): Promise<boolean>
  close(): Promise<void>
}

export async function openPlace(wish: Wish): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-faults-'))
  const [provider, upstream, roundRobin, redis] = await Promise.all([
    openProviderDoor(),
    startEchoUpstream(),
    openRoundRobin(),
    startRedisScene(wish.redis),
  ])
  const emulatorPort = await freePort()
  const emulator = await startEmulator({ port: emulatorPort, origin: provider.origin, people })
  provider.leadTo(emulatorPort)
  const origin = `http://localhost:${roundRobin.port}`
  const gateways: GatewayProcess[] = []
  for (let at = 0; at < wish.gateways; at += 1) {
    const file = join(folder, `gateway-${at}.yaml`)
    const [port, managementPort] = [await freePort(), await freePort()]
    const yaml = stageYaml({
      ...{
        port,
        managementPort,
        authority: provider.origin,
        upstream: `http://127.0.0.1:${wish.upstreamPort ?? upstream.port}`,
      },
      publicUrl: () => origin,
      ...(wish.server === undefined ? {} : { server: wish.server }),
      session: [`store: ${redis.yaml}`, ...(wish.session === undefined ? [] : [wish.session])].join('\n'),
    })
    writeFileSync(file, yaml)
    gateways.push(createGatewayProcess({ port, managementPort, file, launch: wish.launch ?? startCommand }))
  }
  await Promise.all(gateways.map((each) => each.start()))
  roundRobin.to(gateways.map(({ port }) => port))
  return {
    ...{ origin, gateways, roundRobin, redis, emulator, provider, upstream },
    async signIn(username) {
      const visitor = createVisitor()
      try {
        const reply = await signIn(visitor, `${origin}/x`, username)
        if (reply.status !== 200) throw new Error(`the sign-in of ${username} ended in ${reply.status}`)
        return visitor.cookies(origin).join('; ')
      } finally {
        visitor.close()
      }
    },
    async isWell() {
      const running = gateways.filter((each) => each.command().child.exitCode === null)
      const ready = await Promise.all(running.map((each) => each.metric('sallyport_session_store_ready')))
      return ready.every((each) => each === 1)
    },
    async close() {
      await roundRobin.close()
      await Promise.all(gateways.map((each) => each.end('SIGKILL')))
      await Promise.all([provider.close(), upstream.stop(), redis.stop(), emulator.close()])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface GatewayParts extends Pick<GatewayProcess, 'port' | 'managementPort' | 'file'> {
  readonly launch: (args: readonly string[]) => Command
}

function createGatewayProcess({ port, managementPort, file, launch }: GatewayParts): GatewayProcess {
  let command: Command | null = null
  const management = `http://127.0.0.1:${managementPort}`
  const running = () => {
    if (command === null) throw new Error('this gateway was never started')
    return command
  }
  return {
    ...{ port, managementPort, file },
    command: running,
    async start() {
      command = launch(['serve', '-c', file])
      const { child } = command
      await until('the gateway is ready', async () => {
        if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${command?.stderr()}`)
        return await isOk(`${management}/readyz`)
      })
    },
    async end(signal) {
      if (command === null) return null
      command.child.kill(signal)
      return (await command.ended).code
    },
    async metric(name) {
      try {
        const text = await (await fetch(`${management}/metrics`)).text()
        const [, value] = new RegExp(`^${name} (\\S+)$`, 'm').exec(text) ?? []
        return value === undefined ? null : Number(value)
      } catch {
        return null
      }
    },
  }
}

async function isOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}
