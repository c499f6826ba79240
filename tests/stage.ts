/** A whole scene in this process: the pretend Entra, an upstream that repeats what it got, and the gateway from a YAML file. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createSocketServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { ConfigError } from '../src/config/issues.ts'
import { createLoader } from '../src/config/loader.ts'
import type { NewPerson } from '../src/emulator/directory.ts'
import { type Emulator, type EmulatorOptions, startEmulator } from '../src/emulator/emulator.ts'
import type { Application } from '../src/emulator/registration.ts'
import { createLog } from '../src/ops/log.ts'
import { type Running, serve } from '../src/serve.ts'

export interface Stage {
  /** `http://localhost:<port>`. */
  readonly origin: string
  readonly management: string
  readonly emulator: Emulator
  readonly upstream: Upstream
  readonly running: Running
  /** The log so far, one object per line. */
  /** As if the file had been edited. */
  edit(change: (yaml: string) => string): void
  log(): readonly Record<string, unknown>[]
  logText(): string
  close(): Promise<void>
}

export interface StageOptions {
  /** YAML of a tenant's further keys, indented by nothing; `routes` and `headers` have defaults. */
  readonly routes?: string
  readonly headers?: string
  readonly tenant?: string
  readonly session?: string
  readonly server?: string
  /** Names of the tenant's providers, in YAML; `[contoso]` when not given. */
  readonly providers?: string
  /** A further provider, as list item indented by two. */
  readonly provider?: (at: { readonly authority: string }) => string
  /** Further tenants, as list items indented by two. */
  readonly tenants?: string
  readonly people?: readonly NewPerson[]
  /** What the emulator's registration of the application says differently. */
  readonly application?: Partial<Application>
  /** Where the emulator listens, and how it calls itself. */
  readonly emulator?: Pick<EmulatorOptions, 'port' | 'origin'>
  /** The tenant's roles as a list in YAML; the usual two when not given. */
  readonly roles?: string
  /** Whose accounts get in, as lines of the provider in YAML; Contoso's by its id when not given. */
  readonly directory?: string
  /** Where the gateway forwards to; an upstream of our own when not given. */
  readonly upstreamUrl?: string
  readonly publicUrl?: (port: number) => string
  /** How the gateway proves who it is, in YAML; the emulator's secret when not given. */
  readonly credential?: string
  /** Where the gateway expects the provider; the emulator when not given. */
  readonly authority?: string
  /** Where the gateway expects Microsoft Graph; the provider when not given. */
  readonly graph?: string
}

export async function startStage(options: StageOptions = {}): Promise<Stage> {
  const emulator = await startEmulator({
    port: 0,
    ...options.emulator,
    people: options.people ?? [],
    application: options.application ?? {},
  })
  const upstream = await startUpstream()
  const port = await freePort()
  const lines: string[] = []
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-stage-'))
  const file = join(folder, 'sallyport.yaml')
  writeFileSync(
    file,
    stageYaml({ ...options, port, authority: options.authority ?? emulator.origin, upstream: upstream.origin }),
  )
  const loader = createLoader(file, { env: {} })
  const load = () => {
    const { gateway, issues } = loader.load()
    if (issues.length > 0) throw new ConfigError(issues)
    return gateway
  }
  const log = createLog({ level: 'debug', destination: { write: (line: string) => void lines.push(line) } })
  const running = await serve(load(), log)
  return {
    origin: `http://localhost:${running.port}`,
    management: `http://127.0.0.1:${running.managementPort}`,
    ...{ emulator, upstream, running },
    edit(change) {
      writeFileSync(file, change(readFileSync(file, 'utf8')))
      running.replace(load())
    },
    log: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    logText: () => lines.join(''),
    async close() {
      await running.end({ lameDuckSeconds: 0 })
      await upstream.close()
      await emulator.close()
      rmSync(folder, { recursive: true })
    },
  }
}

export interface YamlParts extends StageOptions {
  readonly port: number
  readonly managementPort?: number
  readonly upstream: string
  readonly authority: string
}

/** The configuration of a scene; also for gateways that run in processes of their own. */
export function stageYaml(parts: YamlParts): string {
  const publicUrl = parts.publicUrl?.(parts.port) ?? `http://localhost:${parts.port}`
  return `version: 1
allowInlineSecrets: true
server: { listen: '127.0.0.1:${parts.port}', management: '127.0.0.1:${parts.managementPort ?? 0}', drain: 10s${parts.server ?? ''} }
session:
  secrets: [a-session-secret-of-the-tests-0123456789abcdef]
${indent(parts.session ?? 'store: { type: memory }', 2)}
providers:
  - name: contoso
${indent(parts.directory ?? 'tenantId: 0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30', 4)}
    clientId: 6d1f0c52-3b7e-4a98-8c15-f0e2d4b6a791
    credential: ${parts.credential ?? '{ secret: pretend-secret-for-the-demo-only }'}
    authority: ${parts.authority}
    graph: ${parts.graph ?? parts.authority}${parts.provider?.(parts) ?? ''}
tenants:
  - name: payroll
    publicUrl: ${publicUrl}
    providers: ${parts.providers ?? '[contoso]'}
    roles:
${indent(parts.roles ?? usualRoles, 6)}
    upstream: { url: '${parts.upstreamUrl ?? parts.upstream}', timeouts: { connect: 2s, firstByte: 3s } }
    branding: { name: Payroll, support: it@contoso.example }
    routes:
${indent(parts.routes ?? usualRoutes, 6)}
    headers:
${indent(parts.headers ?? 'presets: [x-forwarded]', 6)}
${indent(parts.tenant ?? '', 4)}
${parts.tenants ?? ''}
`
}

const usualRoles = `- { name: admin, groups: [4f9d2b6a-1c83-4e57-b0a9-7d6e5c4b3a21], appRoles: [Payroll.Admin] }
- { name: user, groups: [8e2c7a10-5d4f-4b96-a3e8-1f0d9c8b7a65], appRoles: [Payroll.Reader] }`

const usualRoutes = `- { path: /public, access: public }
- { path: /optional, access: optional }
- { path: /admin, access: [admin] }
- { path: /reports, access: [admin, user], methods: [GET] }
- { path: /, access: signed-in }`

function indent(text: string, by: number): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : ' '.repeat(by) + line))
    .join('\n')
}

/** What the upstream saw of a request. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: Record<string, string | string[] | undefined>
  readonly rawHeaders: readonly string[]
  readonly body: string
}

export interface Upstream {
  readonly origin: string
  /** Everything that has arrived, upgrades too. */
  readonly seen: readonly Seen[]
  /** Takes the next requests; the echo goes on when it returns false. */
  handle(handler: ((request: IncomingMessage, response: ServerResponse) => boolean) | null): void
  readonly server: Server
  close(): Promise<void>
}

/** Answers every request with what it saw, as JSON. */
export async function startUpstream(): Promise<Upstream> {
  const seen: Seen[] = []
  let handler: ((request: IncomingMessage, response: ServerResponse) => boolean) | null = null
  const server = createServer((request, response) => {
    if (handler?.(request, response)) return
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => response.destroy())
    request.on('end', () => {
      const what = look(request, Buffer.concat(chunks).toString('utf8'))
      seen.push(what)
      response.setHeader('Content-Type', 'application/json')
      response.end(JSON.stringify(what))
    })
  })
  // Left without an answer, unless the test has a WebSocket server of its own here.
  const upgraded = new Set<Duplex>()
  server.on('upgrade', (request, socket) => {
    seen.push(look(request, ''))
    upgraded.add(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ seen, server },
    handle(next) {
      handler = next
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
        for (const socket of upgraded) socket.destroy()
      }),
  }
}

function look(request: IncomingMessage, body: string): Seen {
  const { method = '', url = '', headers, rawHeaders } = request
  return { method, url, headers, rawHeaders, body }
}

export async function freePort(): Promise<number> {
  for (;;) {
    // Below the ports that systems give to outgoing connections, any of which could take a free one before it is used.
    const port = 12_000 + Math.floor(Math.random() * 18_000)
    const probe = createSocketServer()
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false))
      probe.listen(port, '127.0.0.1', () => resolve(true))
    })
    await new Promise<void>((resolve) => probe.close(() => resolve()))
    if (isFree) return port
  }
}
