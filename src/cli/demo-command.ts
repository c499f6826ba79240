/** `sallyport demo`: a pretend Entra, an old application and the gateway in front of it, all on this machine. */
import { createServer } from 'node:net'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError } from 'commander'
import pino from 'pino'
import { loadConfig } from '../config/load.ts'
import { createLog } from '../ops/log.ts'
import { serve } from '../serve.ts'
import { reportIssues } from './report-issues.ts'
import { firstSignal } from './serve-command.ts'

/** Where each part listens, and under which name the configuration file asks for it. */
const ports = {
  port: { name: 'SALLYPORT_DEMO_PORT', wanted: 8080 },
  managementPort: { name: 'SALLYPORT_DEMO_MANAGEMENT_PORT', wanted: 9090 },
  applicationPort: { name: 'SALLYPORT_DEMO_APPLICATION_PORT', wanted: 9500 },
  emulatorPort: { name: 'SALLYPORT_DEMO_EMULATOR_PORT', wanted: 9400 },
} as const
type PortName = keyof typeof ports

type DemoOptions = { readonly config: string; readonly verbose: boolean } & Partial<Record<PortName, number>>

export function demoCommand(): Command {
  return new Command('demo')
    .description('try it, offline: a pretend Entra, an old application, and the gateway in front; Ctrl-C ends all')
    .option(
      '-c, --config <file>',
      'the configuration',
      fileURLToPath(new URL('../../config/sallyport.yaml', import.meta.url)),
    )
    .option('--port <port>', 'of the gateway (8080, or a free one)', readPort)
    .option('--management-port <port>', 'of health and metrics (9090, or a free one)', readPort)
    .option('--application-port <port>', 'of the old application (9500, or a free one)', readPort)
    .option('--emulator-port <port>', 'of the pretend Entra (9400, or a free one)', readPort)
    .option('--verbose', 'print the log of the gateway to standard error', false)
    .action(async (options: DemoOptions) => {
      await reportIssues({ json: false }, async () => await runDemo(options))
    })
}

function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535)) throw new InvalidArgumentError('A port is a number from 0 to 65535.')
  return port
}

async function runDemo(options: DemoOptions): Promise<void> {
  // Nothing else opens this room: without it the gateway compiles and serves.
  const { startEmulator } = await import('../emulator/emulator.ts')
  const { startApplication } = await import('../emulator/application.ts')
  const { createDirectory } = await import('../emulator/directory.ts')
  const chosen = await choosePorts(options)
  const env = { ...process.env }
  for (const name of Object.keys(ports) as PortName[]) env[ports[name].name] = String(chosen[name])

  const gateway = loadConfig(options.config, { env })
  const log = createLog({
    level: options.verbose ? 'info' : 'error',
    destination: pino.destination({ dest: 2, sync: true }),
  })
  // What was started ends in any case: one part that cannot start must not leave the others running.
  const endings: (() => Promise<void>)[] = []
  try {
    const emulator = await startEmulator({ port: chosen.emulatorPort })
    endings.unshift(() => emulator.close())
    const application = await startApplication({ port: chosen.applicationPort })
    endings.unshift(() => application.close())
    const running = await serve(gateway, log)
    endings.unshift(() => running.end({ lameDuckSeconds: 0 }))
    process.stdout.write(
      welcome({
        address: gateway.tenants[0]?.publicUrl.origin ?? '',
        config: relative(process.cwd(), options.config),
        emulator: emulator.origin,
        application: application.origin,
        people: createDirectory().people(),
      }),
    )
    await firstSignal()
    process.stdout.write('\nEnding.\n')
  } finally {
    for (const end of endings) await end()
  }
}

/** A port that was asked for must be free; one that was not gives way to any free one. */
async function choosePorts(options: DemoOptions): Promise<Record<PortName, number>> {
  const chosen = { port: 0, managementPort: 0, applicationPort: 0, emulatorPort: 0 }
  for (const name of Object.keys(ports) as PortName[]) {
    const asked = options[name]
    chosen[name] = asked === undefined || asked === 0 ? await freePort(asked ?? ports[name].wanted) : asked
  }
  return chosen
}

/** The wanted port if it is free under every address of `localhost`: a browser may well try ::1 first. */
async function freePort(wanted: number): Promise<number> {
  const port = await probe(wanted, '127.0.0.1')
  if (port === 'taken') return await freePort(0)
  return (await probe(port, '::1')) === 'taken' ? await freePort(0) : port
}

/** A machine without IPv6 has nobody there who could take callers away. */
function probe(wanted: number, host: string): Promise<number | 'taken'> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') return resolve('taken')
      if (host === '::1') return resolve(wanted)
      reject(error)
    })
    server.listen(wanted, host, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : wanted))
    })
  })
}

interface Shown {
  readonly address: string
  readonly config: string
  readonly emulator: string
  readonly application: string
  readonly people: readonly { readonly username: string; readonly name: string; readonly description: string }[]
}

function welcome({ address, config, emulator, application, people }: Shown): string {
  // The name comes last: letters of other scripts may be two columns wide, or none.
  const width = Math.max(...people.map((person) => person.username.length))
  const rows = people.map((person) => `    ${person.username.padEnd(width)}  ${person.name}: ${person.description}`)
  return `
  Sallyport is running. Open

    ${address}

  and sign in as one of these; no password is asked for:

${rows.join('\n')}

  The pretend Entra is at ${emulator}, the old application behind the gateway at ${application}.
  It all runs from ${config}: change it and start again.
  Ctrl-C ends everything.
`
}
