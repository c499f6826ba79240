/** Runs the command line as a process of its own, as a shell would. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { until } from '../redis.ts'

export interface Command {
  readonly child: ChildProcess
  stdout(): string
  stderr(): string
  /** Resolves when the process has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  /** Waits for this text on standard output; fails when the process ends without it. */
  says(text: string): Promise<void>
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const root = fileURLToPath(new URL('../..', import.meta.url))

export function startCommand(
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
): Command {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [main, ...args], {
    cwd: options.cwd ?? root,
    env: { PATH, HOME, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return commandOf(child, args)
}

/** Of a process that was started otherwise, with its output as pipes. */
export function commandOf(child: ChildProcess, args: readonly string[]): Command {
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
    })
  }
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  return {
    child,
    ended,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    async says(text) {
      await until(`${text} of ${args.join(' ')}`, () => {
        if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${said.stderr}`)
        return said.stdout.includes(text)
      })
    },
  }
}

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command to its end. */
export async function run(...[args, options]: Parameters<typeof startCommand>): Promise<Ran> {
  const command = startCommand(args, options)
  const { code } = await command.ended
  return { code, stdout: command.stdout(), stderr: command.stderr() }
}
