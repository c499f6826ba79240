/** `sallyport keygen`: a new session secret. */
import { randomBytes } from 'node:crypto'
import { Command } from 'commander'

export function keygenCommand(): Command {
  return new Command('keygen')
    .description('print a new session secret (32 random bytes, base64url) for `session.secrets`')
    .action(() => {
      process.stdout.write(`${randomBytes(32).toString('base64url')}\n`)
    })
}
