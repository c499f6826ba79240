/** `sallyport urls`: what to register at the providers. */
import { Command } from 'commander'
import { ConfigError } from '../config/issues.ts'
import { createLoader, type Written } from '../config/loader.ts'
import { type Choice, registrations } from '../config/registrations.ts'
import { isColourful } from './colour.ts'
import { refuseUnknown } from './known-names.ts'
import { reportIssues } from './report-issues.ts'
import { urlsText } from './urls-text.ts'
import { whatToRegister } from './what-to-register.ts'

const notes = `
One entry per registration, since tenants may share one. What is switched off is listed too, and so is a provider that
has no \`clientId\` yet. Secrets are not asked for. Aliases need no registration: they are redirected to \`publicUrl\`.
`

interface UrlsOptions extends Choice {
  readonly json: boolean
}

export function urlsCommand(): Command {
  return new Command('urls')
    .description('print what to register at the providers, such as redirect URIs; nothing is started, nobody is asked')
    .argument('[file]', 'the configuration', 'config/sallyport.yaml')
    .option('--tenant <name>', 'only what this tenant needs')
    .option('--provider <name>', 'only this one; the provider `own` of the tenant `payroll` is payroll/own')
    .option('--json', 'print the result as JSON', false)
    .addHelpText('after', notes)
    .action(async (file: string, options: UrlsOptions, command: Command) => {
      await reportIssues(options, async () => {
        const written = readWritten(file)
        refuseUnknown(written, options, command)
        const entries = registrations(written, options).map(whatToRegister)
        const text = options.json
          ? `${JSON.stringify({ ok: true, registrations: entries }, null, 2)}\n`
          : urlsText(entries, isColourful(process.stdout))
        process.stdout.write(text)
      })
    })
}

function readWritten(file: string): Written {
  const { issues, written } = createLoader(file, { env: process.env, withoutSecrets: true }).load()
  if (issues.length > 0) throw new ConfigError(issues)
  return written
}
