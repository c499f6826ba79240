/** The command line: which commands there are, what they take, and what their exit codes mean. */
import { Command } from 'commander'
import { checkCommand } from './check-command.ts'
import { demoCommand } from './demo-command.ts'
import { emulatorCommand } from './emulator-command.ts'
import { explainCommand } from './explain-command.ts'
import { hashPasswordCommand } from './hash-password-command.ts'
import { initCommand } from './init-command.ts'
import { keygenCommand } from './keygen-command.ts'
import { schemaCommand } from './schema-command.ts'
import { serveCommand } from './serve-command.ts'
import { sessionsCommand } from './sessions-command.ts'
import { urlsCommand } from './urls-command.ts'

const exitCodes = `
Exit codes:
  0  done; for \`serve\`, \`demo\` and \`emulator\`: ended as told
  1  could not do it: an address in use, a file that cannot be written, a defect
  2  the configuration has issues (all of them are printed) or cannot be read, or the command line is wrong
`

export async function runCommandLine(argv: readonly string[]): Promise<void> {
  const program = new Command('sallyport')
    .description(
      'OpenID Connect reverse-proxy gateway: Microsoft Entra sign-in in front of applications that have none.',
    )
    .addHelpText('after', exitCodes)
    .showHelpAfterError('(try --help)')
  const commands = [
    ...[initCommand(), serveCommand(), checkCommand(), explainCommand(), urlsCommand(), sessionsCommand()],
    ...[demoCommand(), emulatorCommand(), schemaCommand(), keygenCommand(), hashPasswordCommand()],
  ]
  for (const command of commands) {
    program.addCommand(command.exitOverride())
  }
  program.exitOverride()
  // `sallyport schema | head`: who reads us has had enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit()
  })
  try {
    await program.parseAsync([...argv])
  } catch (error) {
    process.exitCode = exitCodeOf(error)
  }
}

/** Help that was asked for ends well; what Commander refuses is a wrong command line, and it has said so. */
function exitCodeOf(error: unknown): number {
  if (isCommanderError(error)) return error.exitCode === 0 ? 0 : 2
  process.stderr.write(`sallyport: ${error instanceof Error ? error.message : String(error)}\n`)
  return 1
}

function isCommanderError(error: unknown): error is { exitCode: number } {
  return error instanceof Error && 'exitCode' in error && 'code' in error && String(error.code).startsWith('commander.')
}
