/** Two gateways of one configuration on one Redis, with three tenants that share an app registration, each in its own way. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../src/config/load.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { createLog } from '../../src/ops/log.ts'
import { serve } from '../../src/serve.ts'
import { startRedis, type TestRedis, until } from '../redis.ts'
import { freePort, stageYaml, startUpstream, type Upstream } from '../stage.ts'
import { choosePerson, createVisitor, type Visitor } from '../visitor.ts'
import { sid } from './scene.ts'

export interface TwoGateways {
  readonly emulator: Emulator
  readonly upstream: Upstream
  readonly redis: TestRedis
  /** Of the configuration that both have. */
  readonly file: string
  /** Where the second one listens; it is asked by the first one's names. */
  readonly secondPort: number
  origin(tenant: Tenant): string
  /** Signs in at a tenant, by single sign-on where the visitor is known to the provider. @returns the Cookie header. */
  signIn(visitor: Visitor, tenant: Tenant, username: string): Promise<string>
  /** Whether this Cookie header is a session, at each of the two gateways. */
  accepts(tenant: Tenant, cookie: string): Promise<readonly [boolean, boolean]>
  /** Waits until both refuse it; fails after a second. */
  refused(tenant: Tenant, cookie: string): Promise<void>
  log(): readonly Record<string, unknown>[]
  close(): Promise<void>
}

type Tenant = 'payroll' | 'canteen' | 'wiki'

/** As the tenants write it. */
const called = { payroll: 'contoso', canteen: 'also-contoso', wiki: 'own' } as const

const registration = `tenantId: 0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30, clientId: 6d1f0c52-3b7e-4a98-8c15-f0e2d4b6a791, credential: { secret: pretend-secret-for-the-demo-only }`

/** @param session further keys of `session` in YAML. */
export async function startTwoGateways(logoutTenant: Tenant = 'payroll', session = ''): Promise<TwoGateways> {
  const redis = await startRedis()
  const [port, secondPort] = [await freePort(), await freePort()]
  const origin = (tenant: Tenant) => `http://${tenant}.localhost:${port}`
  const redirectUris = (['payroll', 'canteen', 'wiki'] as const).flatMap((name) =>
    ['callback', 'signed-out'].map((address) => `${origin(name)}/.auth/${address}`),
  )
  const logoutUrl = `${origin(logoutTenant)}/.auth/frontchannel-logout/${called[logoutTenant]}`
  const emulator = await startEmulator({ port: 0, application: { redirectUris, logoutUrl } })
  const upstream = await startUpstream()
  const shared = { authority: emulator.origin, upstream: upstream.origin }
  const yaml = stageYaml({
    ...{ port, ...shared, publicUrl: () => origin('payroll') },
    session: `store: { type: redis, url: '${redis.url}', prefix: two }\n${session}`,
    provider: () => `\n  - { name: also-contoso, ${registration}, authority: '${emulator.origin}' }`,
    tenants: `
  - { name: canteen, publicUrl: '${origin('canteen')}', providers: [also-contoso], upstream: { url: '${upstream.origin}' } }
  - name: wiki
    publicUrl: ${origin('wiki')}
    providers: [{ name: own, ${registration}, authority: '${emulator.origin}' }]
    upstream: { url: '${upstream.origin}' }`,
  })
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-two-'))
  const [file, secondFile] = [join(folder, 'sallyport.yaml'), join(folder, 'second.yaml')]
  writeFileSync(file, yaml)
  writeFileSync(secondFile, yaml.replace(`listen: '127.0.0.1:${port}'`, `listen: '127.0.0.1:${secondPort}'`))
  const lines: string[] = []
  const log = createLog({ level: 'debug', destination: { write: (line: string) => void lines.push(line) } })
  const running = [
    await serve(loadConfig(file, { env: {} }), log),
    await serve(loadConfig(secondFile, { env: {} }), log),
  ] as const
  const stranger = createVisitor()

  async function accepts(tenant: Tenant, cookie: string): Promise<readonly [boolean, boolean]> {
    const host = new URL(origin(tenant)).host
    const ask = async (at: number) => {
      const { status } = await stranger.ask(`http://127.0.0.1:${at}/x`, { headers: { host, cookie } })
      return status === 200
    }
    return [await ask(port), await ask(secondPort)]
  }

  await until('both are ready', async () => {
    const states = running.map(({ managementPort }) => stranger.ask(`http://127.0.0.1:${managementPort}/readyz`))
    return (await Promise.all(states)).every(({ status }) => status === 200)
  })
  return {
    ...{ emulator, upstream, redis, file, secondPort, origin, accepts },
    async signIn(visitor, tenant, username) {
      const page = await visitor.open(`${origin(tenant)}/x`)
      if (page.url.startsWith(emulator.origin)) await choosePerson(visitor, page, username)
      return `${sid}=${visitor.cookie(origin(tenant), sid) ?? 'none'}`
    },
    async refused(tenant, cookie) {
      await until('both gateways refuse it', async () => !(await accepts(tenant, cookie)).includes(true), 1000)
    },
    log: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    async close() {
      stranger.close()
      for (const each of running) await each.end({ lameDuckSeconds: 0 })
      await upstream.close()
      await emulator.close()
      await redis.stop()
      rmSync(folder, { recursive: true })
    },
  }
}
