/** The same old application behind other gateways: one with either store, or two on one Redis that take turns. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startApplication } from '../../src/emulator/application.ts'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { startNginx } from '../nginx.ts'
import { startRedis, until } from '../redis.ts'
import { freePort, stageYaml } from '../stage.ts'
import { startProgram } from './program.ts'

export interface Scene {
  /** What people type in. */
  readonly origin: string
  /** Each gateway at its own address; the same as `origin`, but for the balancer between. */
  readonly gateways: readonly string[]
  close(): Promise<void>
}

export type SceneName = 'the memory store' | 'Redis' | 'two gateways on one Redis'

export async function startScene(name: SceneName): Promise<Scene> {
  const closing: (() => Promise<unknown>)[] = []
  const close = async () => {
    for (const each of closing.reverse()) await each()
  }
  try {
    return { ...(await assemble(name, closing)), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function assemble(name: SceneName, closing: (() => Promise<unknown>)[]): Promise<Omit<Scene, 'close'>> {
  const keep = <Part>(part: Part, end: (part: Part) => Promise<unknown>): Part => {
    closing.push(() => end(part))
    return part
  }
  const emulator = keep(await startEmulator({ port: 0 }), (part) => part.close())
  const application = keep(await startApplication({ port: 0 }), (part) => part.close())
  const redis = name === 'the memory store' ? null : keep(await startRedis(), (part) => part.stop())
  const ports = [await freePort()]
  if (name === 'two gateways on one Redis') ports.push(await freePort())
  const nginx = ports.length === 1 ? null : keep(await startBalancer(ports), (part) => part.stop())
  const publicPort = nginx?.port ?? ports[0] ?? 0
  const store = redis === null ? '{ type: memory }' : `{ type: redis, url: '${redis.url}' }`

  const started = ports.map(async (port) => {
    const yaml = stageYaml({
      port,
      publicUrl: () => `http://localhost:${publicPort}`,
      authority: emulator.origin,
      upstream: application.origin,
      session: `store: ${store}`,
      routes,
    })
    const gateway = keep(startGateway(yaml), (part) => part.end())
    await gateway.serving()
  })
  await Promise.all(started)
  return {
    origin: `http://localhost:${publicPort}`,
    gateways: ports.map((port) => `http://127.0.0.1:${port}`),
  }
}

const routes = `- { path: /assets, access: public }
- { path: /admin, access: [admin] }
- { path: /, access: signed-in }`

function startGateway(yaml: string) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-journey-'))
  const file = join(folder, 'sallyport.yaml')
  writeFileSync(file, yaml)
  const program = startProgram(['serve', '--config', file])
  return {
    /** It serves before its store is there; a story begins when both are. */
    async serving() {
      const [, management = ''] = await program.said(/"management":"([^"]+)".*"serving"/)
      await until('the session store is ready', async () => {
        const ready = await fetch(`http://${management}/readyz`)
        return (await ready.text()).includes('"sessionStore":"ready"')
      })
    },
    async end() {
      await program.end('SIGINT')
      rmSync(folder, { recursive: true })
    },
  }
}

/** nginx sends each request to the next of them, and says which one in `X-Served-By`. */
function startBalancer(ports: readonly number[]) {
  const servers = ports.map((port) => `server 127.0.0.1:${port} max_fails=0;`)
  return startNginx(
    `location / {
      proxy_pass http://gateways;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_wanted;
      add_header X-Served-By $upstream_addr always;
    }`,
    {},
    `upstream gateways { ${servers.join(' ')} }
    map $http_upgrade $connection_wanted { default upgrade; '' ''; }`,
  )
}
