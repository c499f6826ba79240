/** Starts somebody else's program without privileges: a folder of its own, a free port, gone with its children when it stops. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../redis.ts'
import { freePort } from '../stage.ts'

export interface Daemon {
  readonly port: number
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string
  readonly folder: string
  stop(): Promise<void>
}

export interface Command {
  readonly program: string
  readonly arguments: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

/** What the program is given before it starts: a folder, in which it finds its files, and the port it has to listen on. */
export interface Place {
  readonly folder: string
  readonly port: number
}

/**
 * Whether a program is not here, so that its tests skip and say so; in CI they fail.
 * @param debianPackage which package has the program
 */
export function programMissing(program: string, debianPackage: string): boolean {
  if (existsSync(program)) return false
  if (process.env.CI === 'true') throw new Error(`${program} is missing: install the package ${debianPackage}`)
  console.warn(`SKIPPED: tests with ${program}, which is missing (install the package ${debianPackage})`)
  return true
}

/** @param prepare writes the program's files, and says how it is started; resolves when something listens on the port. */
export async function startDaemon(prepare: (place: Place) => Promise<Command>): Promise<Daemon> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-application-'))
  const port = await freePort()
  const started = startProcess(await prepare({ folder, port }))
  await started.ready(() => listens({ host: '127.0.0.1', port }))
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    folder,
    async stop() {
      await started.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A process with all of its children. */
export function startProcess(command: Command) {
  const child = spawn(command.program, command.arguments, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...command.environment },
    // A group of its own: ended as a whole, and nothing that it does to its group reaches the tests.
    detached: true,
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-10_000)
    })
  }
  const ended = () => child.exitCode !== null || child.signalCode !== null
  const endGroup = (signal: NodeJS.Signals) => {
    if (child.pid === undefined || ended()) return
    process.kill(-child.pid, signal)
  }
  const onExit = () => endGroup('SIGKILL')
  process.once('exit', onExit)
  async function stop(): Promise<void> {
    process.off('exit', onExit)
    endGroup('SIGTERM')
    if (!ended()) await once(child, 'exit')
  }
  return {
    stop,
    /** Waits until the program can be used; stops it and throws with what it said if that does not come. */
    async ready(usable: () => Promise<boolean>) {
      try {
        await until(`${command.program} starts`, async () => ended() || (await usable()), 20_000)
        if (ended()) throw new Error('it ended')
      } catch (cause) {
        await stop()
        throw new Error(`${command.program} does not start: ${said}`, { cause })
      }
    },
  }
}

/** Whether somebody accepts connections there. */
export async function listens(where: { readonly host: string; readonly port: number } | { readonly path: string }) {
  const socket = connect(where)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
