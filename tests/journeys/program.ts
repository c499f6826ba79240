/** The program in a process of its own, as people start it. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { until } from '../redis.ts'

export interface Program {
  stdout(): string
  stderr(): string
  /** Waits until standard output matches, and gives the match; throws with everything said if the program ends before. */
  said(pattern: RegExp): Promise<RegExpExecArray>
  /** Sends the signal, unless the program is gone already, and waits. @returns the exit code; null if a signal ended it. */
  end(signal: 'SIGINT' | 'SIGTERM'): Promise<number | null>
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** @param commandLine what follows `sallyport`. */
export function startProgram(commandLine: readonly string[]): Program {
  const child = spawn(process.execPath, [main, ...commandLine], { stdio: ['ignore', 'pipe', 'pipe'] })
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const heard = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      heard[name] += text
    })
  }
  const ended = () => child.exitCode !== null || child.signalCode !== null

  return {
    stdout: () => heard.stdout,
    stderr: () => heard.stderr,
    async said(pattern) {
      await until(`${commandLine[0]} says ${pattern}`, () => ended() || pattern.test(heard.stdout), 20_000)
      const match = pattern.exec(heard.stdout)
      if (match === null) throw new Error(`${commandLine[0]} ended: ${heard.stdout}${heard.stderr}`)
      return match
    },
    async end(signal) {
      if (!ended()) child.kill(signal)
      await gone
      return child.exitCode
    },
  }
}
