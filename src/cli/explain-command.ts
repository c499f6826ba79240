/** `sallyport explain`: what would become of a request, step by step, from the configuration alone. */
import { Command, InvalidArgumentError } from 'commander'
import { printable } from '../config/issues.ts'
import { loadConfig } from '../config/load.ts'
import { nearest } from '../config/nearest.ts'
import { type Reasoning, reasoning } from '../core/answer/reasoning.ts'
import type { Gateway, Tenant } from '../core/gateway.ts'
import { ownMatches } from '../core/identity/own-matches.ts'
import { normaliseHost, resolveTenant } from '../core/request/tenant.ts'
import { explainText } from './explain-text.ts'
import { imaginedSession } from './imagined-session.ts'
import { reportIssues } from './report-issues.ts'

const notes = `
Without a group or an app role, it is somebody who is signed in and has none; with --nobody, somebody who is not signed
in. Nobody is asked: what a directory says of a person only the gateway itself finds out, at their sign-in. People see the
same of themselves at /.auth/explain. Secrets are not asked for.
`

export interface ExplainOptions {
  readonly config: string
  readonly method: string
  readonly group: readonly string[]
  readonly appRole: readonly string[]
  readonly provider?: string
  readonly nobody: boolean
  readonly json: boolean
}

export function explainCommand(): Command {
  return new Command('explain')
    .description('say what would become of a request, step by step: readings of its path, route, roles, verdict')
    .argument('<url>', 'the address as a person opens it', address)
    .option('-c, --config <file>', 'the configuration', 'config/sallyport.yaml')
    .option('--method <method>', 'of the request', method, 'GET')
    .option('--group <id>', 'a group of the person; may be given more than once', collect, [])
    .option('--app-role <value>', 'an app role of the person; may be given more than once', collect, [])
    .option('--provider <name>', 'who signed the person in; the first of the tenant if not given')
    .option('--nobody', 'somebody who is not signed in', false)
    .option('--json', 'print the result as JSON', false)
    .addHelpText('after', notes)
    .action(async (url: string, options: ExplainOptions, command: Command) => {
      await reportIssues(options, async () => {
        const gateway = loadConfig(options.config, { env: process.env, withoutSecrets: true })
        const tenant = tenantAt(gateway, url)
        const session = tenant === null || options.nobody ? null : sessionAt(tenant, options, command)
        const { host, target } = parted(url)
        const kind = options.method === 'GET' || options.method === 'HEAD' ? 'navigation' : 'data'
        const found = reasoning(gateway, {
          method: options.method,
          target,
          host,
          kind,
          session,
          now: Date.now() / 1_000,
        })
        const person = tenant === null || session === null ? null : ownMatches(tenant, session)
        process.stdout.write(
          options.json
            ? `${JSON.stringify({ ok: true, open: isOpen(found), ...found, person }, null, 2)}\n`
            : explainText(found, person),
        )
      })
    })
}

function isOpen({ verdict }: Reasoning): boolean {
  return verdict?.act === 'forward'
}

function tenantAt(gateway: Gateway, url: string): Tenant | null {
  const host = normaliseHost(parted(url).host)
  return host === null ? null : resolveTenant(gateway, host)
}

function sessionAt(tenant: Tenant, { provider: wanted, group, appRole }: ExplainOptions, command: Command) {
  const [first] = tenant.providers
  const provider = wanted === undefined ? first : tenant.providers.find(({ name }) => name === wanted)
  if (provider !== undefined) return imaginedSession(tenant, provider, { groups: group, appRoles: appRole })
  const names = tenant.providers.map(({ name }) => name)
  const meant = nearest(wanted ?? '', names)
  const hint = meant === null ? '' : ` (did you mean ${meant}?)`
  return command.error(`error: ${tenant.name} has no provider '${printable(wanted ?? '')}'${hint}`, { exitCode: 2 })
}

/** Byte for byte as it was typed: URL would tidy up the very spellings that are worth a question. */
function parted(url: string): { readonly host: string; readonly target: string } {
  const [, host = '', rest = ''] = /^https?:\/\/([^/?#]*)([^#]*)/i.exec(url) ?? []
  return { host, target: rest.startsWith('/') ? rest : `/${rest}` }
}

function address(text: string): string {
  if (!/^https?:\/\/[^/?#]+/i.test(text)) throw new InvalidArgumentError('It has to begin with https:// and a host.')
  return text
}

function method(text: string): string {
  const upper = text.toUpperCase()
  if (!/^[A-Z-]{1,20}$/.test(upper)) throw new InvalidArgumentError('It has to be a method such as GET.')
  return upper
}

function collect(each: string, before: readonly string[]): readonly string[] {
  return [...before, each]
}
