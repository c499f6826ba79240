/** A scene in this process whose people sign in at a provider that is none of ours. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../src/config/load.ts'
import { createLog } from '../src/ops/log.ts'
import { serve } from '../src/serve.ts'
import { type PlainProvider, type PlainProviderOptions, plainClient, startPlainProvider } from './plain-provider.ts'
import { freePort, startUpstream, type Upstream } from './stage.ts'
import type { Reply, Visitor } from './visitor.ts'

export interface PlainStage {
  /** `http://localhost:<port>`. */
  readonly origin: string
  readonly provider: PlainProvider
  readonly upstream: Upstream
  /** As if the file had been edited. */
  edit(change: (yaml: string) => string): void
  log(): readonly Record<string, unknown>[]
  logText(): string
  close(): Promise<void>
}

export interface PlainStageOptions extends Partial<PlainProviderOptions> {
  /** Further keys of the provider, in YAML's flow style, such as `groupsClaim: teams`. */
  readonly keys?: string
  readonly secret?: string
  /** In YAML, in place of the secret. */
  readonly credential?: string
  readonly tenant?: string
  /** YAML of a further key of `session`. */
  readonly session?: string
  readonly upstreamUrl?: string
  /** Further routes, in YAML’s flow style. */
  readonly routes?: readonly string[]
}

export async function startPlainStage(options: PlainStageOptions = {}): Promise<PlainStage> {
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const provider = await startPlainProvider({ port: await freePort(), origins: [origin], ...options })
  const upstream = await startUpstream()
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-plain-'))
  const file = join(folder, 'sallyport.yaml')
  writeFileSync(file, plainYaml({ ...options, port, issuer: provider.issuer, upstream: upstream.origin }))
  const lines: string[] = []
  const log = createLog({ level: 'debug', destination: { write: (line: string) => void lines.push(line) } })
  const running = await serve(loadConfig(file, { env: {} }), log)
  return {
    ...{ origin, provider, upstream },
    edit(change) {
      writeFileSync(file, change(readFileSync(file, 'utf8')))
      running.replace(loadConfig(file, { env: {} }))
    },
    log: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    logText: () => lines.join(''),
    async close() {
      await running.end({ lameDuckSeconds: 0 })
      await upstream.close()
      await provider.close()
      rmSync(folder, { recursive: true })
    },
  }
}

export interface PlainYamlParts extends PlainStageOptions {
  readonly port: number
  readonly issuer: string
  readonly upstream: string
}

/** The configuration of the scene. JSON is YAML too, and quotes whatever a secret may hold. */
export function plainYaml(parts: PlainYamlParts): string {
  const secret = JSON.stringify(parts.secret ?? plainClient.secret)
  return `version: 1
allowInlineSecrets: true
server: { listen: '127.0.0.1:${parts.port}', management: '127.0.0.1:0', drain: 5s }
session:
  secrets: [a-session-secret-of-the-tests-0123456789abcdef]
  ${parts.session ?? ''}
providers:
  - kind: oidc
    name: example
    issuer: ${parts.issuer}
    clientId: ${plainClient.id}
    credential: ${parts.credential ?? `{ secret: ${secret} }`}
    ${parts.keys ?? 'scopes: [profile, email, groups]'}
tenants:
  - name: payroll
    publicUrl: http://localhost:${parts.port}
    providers: [example]
    roles:
      - { name: admin, groups: [Payroll Admins] }
      - { name: approver, appRoles: [Approver] }
      - { name: user, groups: [staff] }
    upstream: { url: '${parts.upstreamUrl ?? parts.upstream}' }
    routes:
      - { path: /assets, access: public }
      - { path: /admin, access: [admin] }
    ${(parts.routes ?? []).map((route) => `  - ${route}`).join('\n    ')}
      - { path: /, access: signed-in }
    headers: { presets: [x-forwarded], set: { X-Issuer: '{claim.tid}' } }
    ${parts.tenant ?? ''}
`
}

/** Types a name on the provider's sign-in page, and goes on to where that leads. */
export async function typeName(visitor: Visitor, page: Reply, sub: string): Promise<Reply> {
  return await submit(visitor, page, { login: sub })
}

/** Opens an address, signs in as the person, and comes back to the address. */
export async function signInAs(visitor: Visitor, address: string, sub: string): Promise<Reply> {
  return await typeName(visitor, await visitor.open(address), sub)
}

/** Sends the one form of a page, with what it has hidden in it. */
export async function submit(visitor: Visitor, page: Reply, fields: Readonly<Record<string, string>>): Promise<Reply> {
  const action = /<form[^>]*action="([^"]*)"/.exec(page.body)?.[1]
  if (action === undefined) throw new Error(`no form at ${page.url}: ${page.status} ${page.body.slice(0, 300)}`)
  const hidden = [...page.body.matchAll(/type="hidden" name="([^"]*)" value="([^"]*)"/g)]
  const form = new URLSearchParams([
    ...hidden.map(([, name = '', value = '']) => [name, value]),
    ...Object.entries(fields),
  ])
  return await visitor.open(new URL(action, page.url).href, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
  })
}
