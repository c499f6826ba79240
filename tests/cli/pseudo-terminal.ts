/** Runs the command line at a terminal of its own, as a person sits at one: util-linux's `script` makes it. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { until } from '../redis.ts'

export interface AtTerminal {
  /** Waits for this text on the screen, behind what the last call found, then types. */
  type(after: string, text: string): Promise<void>
  /** Everything that was on the screen. */
  screen(): string
  readonly ended: Promise<number | null>
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`

export function atTerminal(args: readonly string[], cwd: string): AtTerminal {
  const command = [process.execPath, main, ...args].map(quoted).join(' ')
  const { PATH = '', HOME = '' } = process.env
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    ...{ cwd, env: { PATH, HOME, TERM: 'xterm-256color', SHELL: '/bin/sh' } },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const screen = { text: '', seen: 0 }
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      screen.text += text
    })
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  return {
    ended,
    screen: () => screen.text,
    async type(after, text) {
      await until(`${after} on the screen`, () => {
        if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${screen.text}`)
        return screen.text.includes(after, screen.seen)
      })
      screen.seen = screen.text.indexOf(after, screen.seen) + after.length
      child.stdin.write(text)
    },
  }
}
