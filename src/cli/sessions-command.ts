/** `sallyport sessions`: who is signed in, and signing them out, while gateways run. */
import { createInterface } from 'node:readline/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { Command } from 'commander'
import pino from 'pino'
import { createLoader, type Written } from '../config/loader.ts'
import { breakGlassProvider } from '../core/identity/break-glass.ts'
import type { Whose } from '../core/identity/whose.ts'
import { createLog, type Log } from '../ops/log.ts'
import { sessionKeeping } from '../parts.ts'
import { refuseUnknown } from './known-names.ts'
import { reportIssues } from './report-issues.ts'
import { type Listed, sessionsText } from './sessions-text.ts'
import { type Chosen, howMany, whoseOf } from './whose-sessions.ts'

const notes = `
Exactly one of --person, --tenant, --provider and --all says whose. It reads the same configuration as the gateways, and
needs sessions in Redis or in a file of this machine: those in memory nobody but the gateway itself can reach.
`

interface SessionsOptions extends Chosen {
  readonly config: string
  readonly json: boolean
  readonly yes?: boolean
}

export function sessionsCommand(): Command {
  const command = new Command('sessions').description('list or end the sessions of a person, a tenant or a provider')
  const list = choosing(new Command('list'))
    .description('print who is signed in where, since when, and when the provider last vouched for them')
    .action(async (options: SessionsOptions) => {
      await work(list, options, async ({ keeping, whose }) => {
        const sessions = await all(keeping, whose)
        const text = options.json ? `${JSON.stringify({ ok: true, sessions }, null, 2)}\n` : sessionsText(sessions)
        process.stdout.write(text)
      })
    })
  const end = choosing(new Command('end'))
    .description('end sessions on all gateways within a second, with what they have open; says how many there were')
    .option('--yes', 'do not ask first, as it does on a terminal', false)
    .action(async (options: SessionsOptions) => {
      await work(end, options, async ({ keeping, whose, log }) => {
        if (options.yes !== true && !(await agreed(keeping, whose)))
          return void process.stdout.write('Nothing ended.\n')
        const ended = await keeping.end(whose)
        log.info('sessions_ended', { ...whose, sessions: ended })
        process.stdout.write(options.json ? `${JSON.stringify({ ok: true, ended })}\n` : `Ended ${howMany(ended)}.\n`)
      })
    })
  for (const each of [list, end]) command.addCommand(each.exitOverride())
  return command.addHelpText('after', notes)
}

function choosing(command: Command): Command {
  return command
    .option('-c, --config <file>', 'the configuration', 'config/sallyport.yaml')
    .option('--person <ids>', 'directory id and object id with a slash between them, or the object id alone')
    .option('--tenant <name>', 'everybody at this tenant')
    .option(
      '--provider <name>',
      'everybody who came in by it; the provider `own` of the tenant `payroll` is payroll/own; /break-glass: emergency accounts',
    )
    .option('--all', 'everybody')
    .option('--json', 'print the result as JSON', false)
    .addHelpText('after', notes)
}

type SessionKeeping = NonNullable<ReturnType<typeof sessionKeeping>>

interface Work {
  readonly keeping: SessionKeeping
  readonly whose: Whose
  readonly log: Log
}

async function work(command: Command, options: SessionsOptions, task: (work: Work) => Promise<void>): Promise<void> {
  await reportIssues(options, async () => {
    // A tenant with an issue has sessions all the same.
    const { gateway, written } = createLoader(options.config, { env: process.env }).load()
    const whose = chosen(command, options, written)
    const log = createLog({ level: 'info', destination: pino.destination({ dest: 2, sync: true }) })
    const keeping = sessionKeeping(gateway, log)
    if (keeping === null) throw new Error(inMemory)
    try {
      await reach(keeping)
      await task({ keeping, whose, log })
    } finally {
      await keeping.close()
    }
  })
}

const inMemory =
  'sessions are in the memory of the gateway (session.store: memory), where nobody else can see or end them. ' +
  'A restart of the gateway ends them all; with session.store: redis or file this command can'

function chosen(command: Command, options: SessionsOptions, written: Written): Whose {
  // As `sessions list` shows those of emergency accounts, which no provider of the configuration vouches for.
  const isKnown = options.provider === breakGlassProvider
  refuseUnknown(written, isKnown ? {} : options, command)
  const whose = whoseOf(options, written)
  if (whose === null) {
    command.error('error: say whose sessions, by one of --person, --tenant, --provider and --all', { exitCode: 2 })
  }
  return whose
}

const longestWait = 5_000

/** The connection is opened in the background. */
async function reach(keeping: SessionKeeping): Promise<void> {
  const deadline = performance.now() + longestWait
  while (!keeping.ready()) {
    if (performance.now() > deadline) throw new Error('the session store does not answer; nothing was done')
    await pause(20)
  }
}

async function all(keeping: SessionKeeping, whose: Whose): Promise<readonly Listed[]> {
  const found: Listed[] = []
  for await (const { directoryId, objectId, tenant, provider, startedAt, checkedAt } of keeping.list(whose)) {
    const times = { startedAt: timeOf(startedAt), checkedAt: timeOf(checkedAt) }
    found.push({ directoryId, objectId, tenant, provider, ...times })
  }
  return found.toSorted((one, other) => (one.startedAt < other.startedAt ? 1 : -1))
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1_000).toISOString()
}

/** Only a person at a terminal is asked: a script that was written has been thought about. */
async function agreed(keeping: SessionKeeping, whose: Whose): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return true
  const { length } = await all(keeping, whose)
  const asking = createInterface({ input: process.stdin, output: process.stdout })
  // Ctrl-C and Ctrl-D end the conversation, and a question that nobody answers is a no.
  const left = new Promise<string>((resolve) => asking.once('close', () => resolve('')))
  const answer = await Promise.race([asking.question(`End ${howMany(length)}? [y/N] `), left])
  asking.close()
  return /^y(?:es)?$/i.test(answer.trim())
}
