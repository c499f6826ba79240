/** A gateway with accounts of its own, whose provider a test can switch off, and whose clock it puts forward. */
import { rmSync, writeFileSync } from 'node:fs'
import { expect } from 'vitest'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { hashPassword } from '../../src/ops/passwords.ts'
import { until } from '../redis.ts'
import { freePort, stageYaml, startUpstream, type Upstream } from '../stage.ts'
import type { Reply, Visitor } from '../visitor.ts'
import { type ClockedGateway, startClockedGateway } from './clocked.ts'
import { visit } from './scene.ts'

export const password = 'correct horse battery staple'

export interface GlassScene {
  readonly origin: string
  readonly console: string
  readonly upstream: Upstream
  readonly gateway: ClockedGateway
  /** The second one, where there are two. */
  readonly second: ClockedGateway | null
  stopProvider(): Promise<void>
  startProvider(): Promise<void>
  /** The operator's file. */
  open(): void
  shut(): void
  /** Waits until the door of payroll is open, or not. */
  isOpen(wanted: boolean): Promise<void>
  logged(event: string): readonly Record<string, unknown>[]
  close(): Promise<void>
}

export interface GlassOptions {
  /** Lines of `breakGlass` beside the accounts, indented by two. */
  readonly settings?: string
  readonly routes?: string
  readonly tenant?: string
  /** YAML of `session`. */
  readonly session?: string
  readonly two?: boolean
  readonly upstream?: (upstream: Upstream) => void
}

let hash: Promise<string> | null = null
/** Made once: it takes its time. */
const passwordHash = (): Promise<string> => {
  hash ??= hashPassword(password)
  return hash
}

export async function startGlass(options: GlassOptions = {}): Promise<GlassScene> {
  const [emulatorPort, port, secondPort] = [await freePort(), await freePort(), await freePort()]
  const origin = `http://payroll.localhost:${port}`
  const console = `http://console.localhost:${port}`
  const upstream = await startUpstream()
  options.upstream?.(upstream)
  let emulator: Emulator | null = await start()
  const sign = `/tmp/sallyport-break-glass-${port}`
  const account = (name: string, role: string, tenants: string) =>
    `    - { name: ${name}, password: '${secret}', tenants: [${tenants}], role: ${role} }`
  const secret = await passwordHash()

  function start(): Promise<Emulator> {
    const redirectUris = ['callback', 'signed-out'].map((address) => `${origin}/.auth/${address}`)
    return startEmulator({ port: emulatorPort, application: { redirectUris } })
  }

  const yamlFor = (listens: number) =>
    stageYaml({
      ...{ port: listens, authority: emulator?.origin ?? '', upstream: upstream.origin },
      publicUrl: () => origin,
      server: `, consoleUrl: '${console}', trustedProxies: [127.0.0.1]`,
      session: options.session ?? 'store: { type: memory }',
      ...(options.routes === undefined ? {} : { routes: options.routes }),
      ...(options.tenant === undefined ? {} : { tenant: options.tenant }),
      tenants: `
  - { name: canteen, publicUrl: 'http://canteen.localhost:${port}', providers: [contoso], upstream: { url: '${upstream.origin}' } }
breakGlass:
  openWhile: ${sign}
${options.settings ?? ''}
  accounts:
${account('anna', 'admin', 'payroll')}
${account('bert', 'user', 'payroll, canteen')}
${account('carl', 'cook', 'canteen')}`,
    })
  const gateway = await startClockedGateway(yamlFor(port))
  const second = options.two === true ? await startClockedGateway(yamlFor(secondPort)) : null
  return {
    ...{ origin, console, upstream, gateway, second },
    async stopProvider() {
      await emulator?.close()
      emulator = null
    },
    async startProvider() {
      emulator = await start()
    },
    open: () => writeFileSync(sign, ''),
    shut: () => rmSync(sign, { force: true }),
    async isOpen(wanted) {
      await until(`it is ${wanted ? 'open' : 'shut'}`, async () => {
        const text = await gateway.metrics()
        return text.includes('sallyport_break_glass_open{tenant="payroll"} 1') === wanted
      })
    },
    logged: (event) => [gateway, second].flatMap((each) => (each?.log() ?? []).filter((line) => line.event === event)),
    async close() {
      rmSync(sign, { force: true })
      await second?.close()
      await gateway.close()
      await upstream.close()
      await emulator?.close()
    },
  }
}

/** From the tenant to the form on the console: the page with it. */
export async function toForm(visitor: Visitor, scene: Pick<GlassScene, 'origin'>, returnTo = '/admin'): Promise<Reply> {
  const left = await visit(visitor, `${scene.origin}/.auth/break-glass?return_to=${encodeURIComponent(returnTo)}`)
  expect(left.status).toBe(302)
  return await visit(visitor, left.location)
}

export interface Typed {
  readonly name: string
  readonly password: string
}

/** Sends the form of a page. */
export async function submit(
  visitor: Visitor,
  page: Reply,
  typed: Typed,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const { origin } = new URL(page.url)
  const hidden = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(page.body)?.[1] ?? ''
  const action = /<form[^>]*action="([^"]*)"/.exec(page.body)?.[1] ?? ''
  return await visitor.ask(origin + action, {
    method: 'POST',
    headers: {
      ...{ accept: 'text/html', origin, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' },
      ...{ 'sec-fetch-dest': 'document', 'content-type': 'application/x-www-form-urlencoded', ...headers },
    },
    body: new URLSearchParams({ state: hidden('state'), token: hidden('token'), ...typed }).toString(),
  })
}

/** The whole way: the page that the tenant shows when somebody is let in. */
export async function comeIn(
  visitor: Visitor,
  scene: Pick<GlassScene, 'origin'>,
  typed: Typed = { name: 'anna', password },
): Promise<Reply> {
  const sent = await submit(visitor, await toForm(visitor, scene), typed)
  expect(sent.status).toBe(303)
  return await visit(visitor, sent.location)
}
