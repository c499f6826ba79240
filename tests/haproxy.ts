/** Starts Debian's HAProxy without privileges, on a free port, in front of gateways that it asks whether they are ready. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './redis.ts'
import { freePort } from './stage.ts'

const binary = '/usr/sbin/haproxy'

export interface Backend {
  readonly name: string
  readonly port: number
  readonly managementPort: number
}

export interface Haproxy {
  readonly port: number
  /** Sends no new requests there any more, as when Kubernetes takes a pod off a Service. */
  drain(backend: string): Promise<void>
  /** Whether it sends requests there. */
  takes(backend: string): Promise<boolean>
  stop(): Promise<void>
}

/** Whether HAProxy can run here. Without it tests skip and say so; in CI they fail. */
export function haproxyMissing(): boolean {
  if (existsSync(binary)) return false
  if (process.env.CI === 'true') throw new Error(`${binary} is missing: install the package haproxy`)
  console.warn(`SKIPPED: tests with HAProxy, because ${binary} is missing (install the package haproxy)`)
  return true
}

/**
 * Retries and redispatch are off, so that a request that meets a closed door shows as lost.
 * @param check how often readiness is asked, in seconds, and how many answers change HAProxy's mind.
 */
export async function startHaproxy(
  backends: readonly Backend[],
  check: { readonly every: number; readonly fall: number },
): Promise<Haproxy> {
  const folder = await mkdtemp(join(tmpdir(), 'haproxy-'))
  const port = await freePort()
  const admin = join(folder, 'admin')
  const servers = backends.map(
    ({ name, port: each, managementPort }) =>
      `  server ${name} 127.0.0.1:${each} check port ${managementPort} inter ${check.every}s fall ${check.fall} rise 1`,
  )
  await writeFile(
    join(folder, 'haproxy.cfg'),
    `global
  stats socket ${admin} mode 600 level admin
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  retries 0
  option httpchk GET /readyz
frontend door
  bind 127.0.0.1:${port}
  default_backend gates
backend gates
  balance roundrobin
${servers.join('\n')}
`,
  )
  const child = spawn(binary, ['-f', join(folder, 'haproxy.cfg'), '-db'], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      said += text
    })
  }
  await until('HAProxy takes commands', () => {
    if (child.exitCode !== null) throw new Error(`HAProxy does not start: ${said}`)
    return existsSync(admin)
  })
  return {
    port,
    async drain(backend) {
      await command(admin, `set server gates/${backend} state drain`)
    },
    async takes(backend) {
      const lines = (await command(admin, 'show stat')).split('\n').map((line) => line.split(','))
      const head = lines[0] ?? []
      const row = lines.find(([proxy, server]) => proxy === 'gates' && server === backend)
      return row?.[head.indexOf('status')] === 'UP'
    },
    async stop() {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function command(socketPath: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath)
    let answer = ''
    socket.setEncoding('utf8').on('data', (part: string) => {
      answer += part
    })
    socket.on('error', reject)
    socket.on('end', () => resolve(answer))
    socket.write(`${text}\n`)
  })
}
