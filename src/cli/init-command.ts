/** `sallyport init`: a first configuration, from questions or flags, and the steps at Entra. */
import { Command, Option } from 'commander'
import { type Starter, starterFile, starterTenantFile } from '../config/starter.ts'
import { isColourful } from './colour.ts'
import { type Given, type Understood, understand } from './init-answers.ts'
import { askFor, type Terminal } from './init-questions.ts'
import { initSteps } from './init-steps.ts'
import { entriesOf } from './init-trial.ts'
import { isThere, writeNewFile } from './new-file.ts'
import { reportIssues } from './report-issues.ts'
import { isTerminal, openTerminal } from './terminal.ts'

const notes = `
The directory is whatever is at hand: its id, a domain, organizations, common or consumers, an issuer, the address of a
sign-in, or one of the portal. Without a client id the provider is switched off, until there is a registration.
At a terminal, what is missing is asked for; elsewhere it is an error. No secret is asked for and none is written: only
where it is to be found.
`

interface InitOptions extends Given {
  readonly print: boolean
  readonly force: boolean
}

export function initCommand(): Command {
  return new Command('init')
    .description('write a first configuration, from questions or flags, and print the steps at Entra')
    .option('--public-url <url>', 'where people open the application')
    .option('--upstream <url>', 'where the application listens')
    .option('--directory <directory>', 'whose accounts sign in: an id, a domain, or anything pasted')
    .option(
      '--allowed-directory <id>',
      'for organizations and common: whose accounts get in; several times',
      several,
      [],
    )
    .addOption(
      new Option('--cloud <cloud>', 'where the directory is, if its address does not say it').choices([
        'global',
        'us-gov',
        'us-gov-dod',
        'china',
      ]),
    )
    .option('--client-id <id>', 'Application (client) ID, if it is registered already')
    .option('--secret-env <name>', 'the variable that holds the client secret')
    .option('--secret-file <path>', 'or the file that holds it')
    .option('--role-group <role=id>', 'a role, and the group that gives it; several times', several, [])
    .option('--role-app-role <role=value>', 'a role, and the app role that gives it; several times', several, [])
    .option('--name <name>', 'what the tenant is called; else the first name of the host')
    .option('--tenant-file', 'write the file of one tenant, for a folder of tenantFiles', false)
    .option('--provider <name>', 'in a tenant file: a shared provider, in place of one of its own')
    .option('--out <file>', 'where to write; else config/sallyport.yaml, or tenants/<name>.yaml')
    .option('--print', 'print the file instead of writing it; the steps then go to standard error', false)
    .option('--force', 'write over a file that is there', false)
    .addHelpText('after', notes)
    .action(async (options: InitOptions, command: Command) => {
      const { print, force, tenantFile } = options
      const isTaken = (file: string) => !print && !force && isThere(file)
      const { starter, file } = await complete(options, command, isTaken)
      const text = tenantFile ? starterTenantFile(starter) : textOf(starter)
      await reportIssues({ json: false }, async () => {
        const entries = entriesOf({ starter, text, file, tenantFile })
        const told = print ? process.stderr : process.stdout
        if (print) process.stdout.write(text)
        else writeNewFile(file, text, force)
        const steps = initSteps({ starter, file, tenantFile, entries }, isColourful(told))
        told.write(print ? steps : `${file} is written. What remains to be done:\n\n${steps}`)
      })
    })
}

function several(text: string, before: readonly string[]): readonly string[] {
  return [...before, text]
}

/**
 * What the flags say, and for the rest the person at the terminal. What is wrong with flags is said before any
 * question.
 */
async function complete(given: Given, command: Command, isTaken: Terminal['isTaken']): Promise<Complete> {
  const first = judge(given, isTaken)
  if (first.problems.length > 0) return refuse(first, command)
  if (isComplete(first)) return first
  if (!isTerminal()) return refuse(first, command)
  const terminal = openTerminal()
  try {
    const asked = judge(await askFor(given, { ...terminal, isTaken }), isTaken)
    return isComplete(asked) ? asked : refuse(asked, command)
  } finally {
    terminal.close()
  }
}

type Complete = Understood & { readonly starter: Starter }

/** With what the flags say together with what is there. The default file counts once it is known that it is meant. */
function judge(given: Given, isTaken: Terminal['isTaken']): Understood {
  const understood = understand(given)
  const { starter, file, problems } = understood
  if ((given.out === undefined && starter === null) || !isTaken(file)) return understood
  const taken = `${file} is there already: name another file with --out, or add --force`
  return { ...understood, starter: null, problems: [...problems, taken] }
}

function isComplete(understood: Understood): understood is Complete {
  return understood.starter !== null
}

/** A wrong command line: all of it at once. */
function refuse({ problems, missing }: Understood, command: Command): never {
  const lines = [
    ...problems.map((problem) => `error: ${problem}`),
    ...(missing.length === 0
      ? []
      : [`error: these are missing, and there is no terminal to ask at: ${missing.join(', ')}`]),
  ]
  return command.error(lines.join('\n'), { exitCode: 2 })
}

function textOf(starter: Starter): string {
  const { provider } = starter
  return typeof provider === 'string' ? starterTenantFile(starter) : starterFile({ ...starter, provider })
}
