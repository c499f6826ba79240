/** `sallyport check`: whether a configuration is right, without touching the network. */
import { Command } from 'commander'
import { loadConfig } from '../config/load.ts'
import { reportIssues } from './report-issues.ts'

export function checkCommand(): Command {
  return new Command('check')
    .description('check a configuration: all issues at once, with file, line and column; nothing is started')
    .argument('[file]', 'the configuration', 'config/sallyport.yaml')
    .option('--without-secrets', 'for CI: do not ask for the values behind ${env:…} and ${file:…}', false)
    .option('--json', 'print the result as JSON', false)
    .action(async (file: string, options: { withoutSecrets: boolean; json: boolean }) => {
      await reportIssues(options, async () => {
        const { tenants } = loadConfig(file, { env: process.env, withoutSecrets: options.withoutSecrets })
        const hosts = tenants.map((tenant) => tenant.publicUrl.origin)
        process.stdout.write(
          options.json
            ? `${JSON.stringify({ ok: true, tenants: hosts })}\n`
            : `${file} is right: ${tenants.length} ${tenants.length === 1 ? 'tenant' : 'tenants'} (${hosts.join(', ')})\n`,
        )
      })
    })
}
