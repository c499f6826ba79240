/** A real Redis on a free port, for the tests that need one: it can be killed, stopped in its tracks and started again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from 'ioredis'

export interface TestRedis {
  readonly url: string
  readonly port: number
  /** A client of the test's own, which waits for Redis where ours would not. */
  readonly client: Redis
  /** As when the machine loses power. */
  kill(): Promise<void>
  /** Starts again on the same port, empty: nothing was saved. */
  restart(): Promise<void>
  /** Accepts connections and answers nothing, until `thaw`. */
  freeze(): void
  thaw(): void
  stop(): Promise<void>
}

const binary = '/usr/bin/redis-server'

/** Whether Redis can run here. Without it tests skip and say so; in CI they fail. */
export function redisMissing(): boolean {
  if (existsSync(binary)) return false
  if (process.env.CI === 'true') throw new Error(`${binary} is missing: install the package redis-server`)
  console.warn(`SKIPPED: tests with Redis, because ${binary} is missing (install the package redis-server)`)
  return true
}

export async function startRedis(options: { readonly password?: string } = {}): Promise<TestRedis> {
  const port = await freePort()
  const secret = options.password === undefined ? '' : `:${options.password}@`
  const url = `redis://${secret}127.0.0.1:${port}`
  const client = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 20 })
  client.on('error', () => {})
  let server = spawnServer(port, options.password)
  await client.ping()

  async function kill(): Promise<void> {
    const gone = new Promise((resolve) => server.once('exit', resolve))
    if (server.exitCode !== null || server.signalCode !== null) return
    server.kill('SIGKILL')
    await gone
  }

  return {
    url,
    port,
    client,
    kill,
    async restart() {
      await kill()
      server = spawnServer(port, options.password)
      await client.ping()
    },
    freeze: () => server.kill('SIGSTOP'),
    thaw: () => server.kill('SIGCONT'),
    async stop() {
      client.disconnect()
      await kill()
    },
  }
}

/** Waits until the condition holds; fails after the deadline with the condition's own words. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, milliseconds = 10_000) {
  const deadline = performance.now() + milliseconds
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Waited in vain: ${what}`)
    await pause(10)
  }
}

function spawnServer(port: number, password: string | undefined): ChildProcess {
  const arguments_ = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  if (password !== undefined) arguments_.push('--requirepass', password)
  return spawn(binary, arguments_, { stdio: 'ignore' })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      probe.close(() => resolve(port))
    })
  })
}
