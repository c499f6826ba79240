/** `sallyport hash-password`: the hash of a password, for an account of the gateway itself. */
import { text } from 'node:stream/consumers'
import { Command } from 'commander'
import { normalPassword, weakPassword } from '../core/identity/password-hash.ts'
import { hashPassword } from '../ops/passwords.ts'
import { askUnseen } from './unseen.ts'

const further = `
The password is asked for twice, and not shown; where standard input is no terminal, it is the one line there.
Never an argument: other users of the machine see those, and the shell keeps them.
`

export function hashPasswordCommand(): Command {
  return new Command('hash-password')
    .description('print the hash of a password (scrypt, a line of text) for `breakGlass.accounts[].password`')
    .addHelpText('after', further)
    .action(async (_options: unknown, command: Command) => {
      const password = process.stdin.isTTY === true ? await askTwice(command) : await readLine(command)
      const problem = weakPassword(password)
      if (problem !== null) command.error(`error: ${problem}`, { exitCode: 2 })
      process.stdout.write(`${await hashPassword(password)}\n`)
    })
}

async function askTwice(command: Command): Promise<string> {
  const [first = '', second = ''] = await askUnseen(['Password: ', 'The same again: '])
  if (normalPassword(first) !== normalPassword(second))
    command.error('error: these are two different passwords', { exitCode: 2 })
  return first
}

/** One newline at the end goes: `echo` and editors add it, and nobody means it. */
async function readLine(command: Command): Promise<string> {
  const line = (await text(process.stdin)).replace(/\r?\n$/, '')
  // Browsers take line breaks out of what is typed as a password: the account would be there, and open to nobody.
  if (/[\r\n]/.test(line)) command.error('error: standard input has more than one line', { exitCode: 2 })
  return line
}
