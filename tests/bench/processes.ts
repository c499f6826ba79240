/** The processes of a run: each started on its own, its CPU time read from the kernel, all of them ended together. */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { OwnMessage } from './own-process.ts'

export interface Crew {
  /** Starts a file of this folder and resolves with the first message that it sends. */
  own(file: string, given?: readonly string[], nodeOptions?: readonly string[]): Promise<Told>
  /** Starts the gateway from its sources with a configuration file. */
  gateway(file: string, nodeOptions?: readonly string[]): Member
  /** Runs a program to its end. Throws with what it wrote to standard error if it fails. */
  run(command: string, given: readonly string[], onPid?: (pid: number) => void): Promise<string>
  /** Something else that has to end with the crew. */
  alsoEnds(end: () => Promise<void>): void
  /** Tells everybody to end, and waits until they have; whoever does not is killed. */
  end(): Promise<void>
}

export interface Told {
  readonly pid: number
  readonly message: OwnMessage
}

export interface Member {
  readonly pid: number
  /** The last lines it wrote, for the case that it does not start. */
  lastWords(): string
  /** All lines of the log of this event. */
  events(name: string): readonly Readonly<Record<string, unknown>>[]
  end(): Promise<void>
}

const patienceMilliseconds = 5_000

export function createCrew(): Crew {
  const members = new Set<ChildProcess>()
  const others: (() => Promise<void>)[] = []

  function enlist(child: ChildProcess): number {
    members.add(child)
    child.once('exit', () => members.delete(child))
    if (child.pid === undefined) throw new Error(`could not start ${child.spawnfile}`)
    return child.pid
  }

  return {
    async own(file, given = [], nodeOptions = []) {
      const child = fork(fileURLToPath(new URL(file, import.meta.url)), given, { execArgv: [...nodeOptions] })
      const pid = enlist(child)
      const ended = once(child, 'exit').then(([code]) => {
        throw new Error(`${file} ended with ${code} before it was ready`)
      })
      const [message] = (await Promise.race([once(child, 'message'), ended])) as [OwnMessage]
      ended.catch(() => {})
      return { pid, message }
    },
    gateway(file, nodeOptions = []) {
      const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
      const child = spawn(process.execPath, [...nodeOptions, main, 'serve', '--config', file], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const pid = enlist(child)
      let words = ''
      const told: string[] = []
      createInterface(child.stdout).on('line', (line) => {
        words = `${words}${line}\n`.slice(-2_000)
        // Of a thousand providers that are away, nobody wants to keep every line.
        if (line.startsWith('{"level":"info"')) told.push(line)
      })
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        words = (words + text).slice(-2_000)
      })
      const events = (name: string) =>
        told.filter((line) => line.includes(`"event":"${name}"`)).map((line) => JSON.parse(line))
      return { pid, lastWords: () => words, events, end: () => ended(child) }
    },
    async run(command, given, onPid) {
      const child = spawn(command, given, { stdio: ['ignore', 'pipe', 'pipe'] })
      let [output, complaint] = ['', '']
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        complaint += text
      })
      onPid?.(enlist(child))
      const [code] = await once(child, 'close')
      if (code !== 0) throw new Error(`${command} ended with ${code}: ${complaint}`)
      return output
    },
    alsoEnds(end) {
      others.push(end)
    },
    async end() {
      await Promise.all([...[...members].map(ended), ...others.splice(0).map((end) => end())])
    },
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  // The gateway waits for a load balancer on SIGTERM, and for nobody on SIGINT.
  child.kill('SIGINT')
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMilliseconds)
  await exit
  clearTimeout(timer)
}

/** USER_HZ, the unit of the times in /proc: 100 on every Linux (proc(5)). */
const ticksPerSecond = 100

/** Seconds of CPU, user and system, that a process has used so far with all its threads; null when it is gone. */
export function cpuSeconds(pid: number): number | null {
  let line: string
  try {
    line = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return null
  }
  // The name in parentheses may hold blanks; after it comes field 3.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}
