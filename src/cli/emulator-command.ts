/** `sallyport emulator`: the pretend Entra by itself, for trying things out and for tests of one's own. */
import { readFileSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import { firstSignal } from './serve-command.ts'

interface EmulatorCommandOptions {
  readonly port: number
  readonly controlPort: number
  readonly host?: string
  readonly origin?: string
  readonly people?: string
  readonly application?: string
  readonly redirectUri: readonly string[]
  readonly logoutUrl?: string
  readonly audience: 'contoso' | 'organizations' | 'common' | 'consumers'
}

export function emulatorCommand(): Command {
  return new Command('emulator')
    .description('a pretend Entra by itself, for tests: people, groups, Graph, and a control to make things fail')
    .option('--port <port>', 'where people sign in; 0 for a free one', readPort, 9400)
    .option('--control-port <port>', 'of the control, always on the loopback; 0 for a free one', readPort, 9401)
    .option('--host <address>', 'listen here instead of the loopback; everybody who reaches it can sign in as anybody')
    .option('--origin <url>', 'how it is reached, if not as http://localhost:<port>; issuers follow it', readOrigin)
    .option('--people <file>', 'further people, as a JSON list')
    .option('--application <file>', 'what its registration says differently, as a JSON object')
    .option('--redirect-uri <url>', 'a further one that is registered; may be given several times', readUrl, [])
    .option('--logout-url <url>', 'the front-channel logout URL', (url) => readUrl(url, [])[0])
    .addOption(
      new Option('--audience <who>', 'who may sign in to the application')
        .choices(['contoso', 'organizations', 'common', 'consumers'])
        .default('common'),
    )
    .action(runEmulator)
}

async function runEmulator(options: EmulatorCommandOptions): Promise<void> {
  // Nothing but the demo opens this room too: without it the gateway compiles and serves.
  const { startEmulator } = await import('../emulator/emulator.ts')
  const { personas } = await import('../emulator/people.ts')
  const { readPeople } = await import('../emulator/person-shape.ts')
  const { readChange } = await import('../emulator/registration.ts')
  const { clientId, clientSecret, directoryId } = await import('../emulator/directory.ts')
  const { port, controlPort, audience, redirectUri: redirectUris } = options
  const further = options.people === undefined ? [] : readPeople(readFileSync(options.people, 'utf8'))
  const written =
    options.application === undefined ? {} : readChange(JSON.parse(readFileSync(options.application, 'utf8')))
  const emulator = await startEmulator({
    ...{ port, controlPort, people: [...personas, ...further] },
    ...(options.host === undefined ? {} : { host: options.host }),
    ...(options.origin === undefined ? {} : { origin: options.origin }),
    application: {
      audience,
      logoutUrl: options.logoutUrl ?? null,
      ...written,
      redirectUris: [...redirectUris, ...(written.redirectUris ?? [])],
    },
  })
  try {
    process.stdout.write(`
  The pretend Entra is running. It is not Microsoft, and believes whatever people choose.

    authority               ${emulator.origin}
    directory (tenant) ID   ${directoryId}
    application ID          ${clientId}
    client secret           ${written.clientSecrets === undefined ? clientSecret : 'as the registration says'}
    control                 ${emulator.controlOrigin}

  Ctrl-C ends it; nothing is kept.
`)
    await firstSignal()
  } finally {
    await emulator.close()
  }
}

function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535)) throw new InvalidArgumentError('A port is a number from 0 to 65535.')
  return port
}

function readOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol) || text.replace(/\/$/, '') !== url.origin) {
    throw new InvalidArgumentError('An origin is http(s)://host or http(s)://host:port.')
  }
  return url.origin
}

function readUrl(text: string, before: readonly string[]): readonly string[] {
  if (!URL.canParse(text) || !/^https?:/.test(text)) throw new InvalidArgumentError('It is no http(s) URL.')
  return [...before, text]
}
