/** The demo as a person starts it, in a process of its own: `sallyport demo` on ports that are free. */
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { freePort } from '../stage.ts'
import { startProgram } from './program.ts'

export interface Demo {
  /** `http://localhost:<port>`, as the demo prints it. */
  readonly origin: string
  readonly provider: string
  /** Everything it has printed for the person who started it. */
  printed(): string
  /** The log of the gateway. */
  log(): string
  /** Ctrl-C. Throws unless the demo ends well and gives back every port. */
  stop(): Promise<void>
}

const portOptions = ['--port', '--management-port', '--application-port', '--emulator-port']

export async function startDemo(): Promise<Demo> {
  const ports: number[] = []
  for (const _ of portOptions) ports.push(await freePort())
  const chosen = portOptions.flatMap((name, index) => [name, String(ports[index])])
  const program = startProgram(['demo', '--verbose', ...chosen])
  const [, origin = ''] = await program.said(/^ *(http:\/\/localhost:\d+)$/m)
  const [, provider = ''] = await program.said(/The pretend Entra is at (http:\/\/localhost:\d+),/)
  await program.said(/Ctrl-C ends everything/)
  return {
    origin,
    provider,
    printed: program.stdout,
    log: program.stderr,
    async stop() {
      assert.equal(await program.end('SIGINT'), 0, program.stderr())
      for (const port of ports) await take(port)
    },
  }
}

/** Listens on the port for a moment; rejects if it is still somebody else's. */
async function take(port: number): Promise<void> {
  const probe = createServer()
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject)
    probe.listen(port, '127.0.0.1', resolve)
  })
  await new Promise<void>((resolve) => probe.close(() => resolve()))
}
