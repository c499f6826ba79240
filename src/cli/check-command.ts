/** `sallyport check`: whether a configuration is right, without touching the network. */
import { Command } from 'commander'
import { loadConfig } from '../config/load.ts'
import { warningsOf } from '../config/warnings.ts'
import type { Gateway } from '../core/gateway.ts'
import { reportIssues } from './report-issues.ts'

export function checkCommand(): Command {
  return new Command('check')
    .description(
      'check a configuration with its tenant files: all issues at once, with file, line and column; nothing is started',
    )
    .argument('[file]', 'the configuration', 'config/sallyport.yaml')
    .option('--without-secrets', 'for CI: do not ask for the values behind ${env:…} and ${file:…}', false)
    .option('--json', 'print the result as JSON', false)
    .action(async (file: string, options: { withoutSecrets: boolean; json: boolean }) => {
      await reportIssues(options, async () => {
        const gateway = loadConfig(file, { env: process.env, withoutSecrets: options.withoutSecrets })
        const warnings = warningsOf(gateway)
        if (!options.json) {
          for (const { tenant, setting, message } of warnings) {
            process.stderr.write(`warning: ${tenant}: ${setting}: ${message}\n`)
          }
        }
        process.stdout.write(
          options.json
            ? `${JSON.stringify({ ...summaryOf(gateway), ...(warnings.length === 0 ? {} : { warnings }) })}\n`
            : `${file} is right: ${inWords(gateway)}\n`,
        )
      })
    })
}

/** Public URLs of the tenants that would be served, and the names of those that are switched off. */
function summaryOf({ tenants, closedHosts }: Gateway) {
  const off = new Set([...closedHosts.values()].map(({ tenant }) => tenant))
  return { ok: true, tenants: tenants.map((tenant) => tenant.publicUrl.origin), off: [...off] }
}

const mostNamed = 10

function inWords(gateway: Gateway): string {
  const { tenants, off } = summaryOf(gateway)
  const named = [...tenants.slice(0, mostNamed), ...(tenants.length > mostNamed ? ['…'] : [])].join(', ')
  const count = `${tenants.length} ${tenants.length === 1 ? 'tenant' : 'tenants'}`
  const others = off.length === 0 ? '' : `, ${off.length} more switched off`
  return `${count}${named === '' ? '' : ` (${named})`}${others}`
}
