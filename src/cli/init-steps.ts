/**
 * What is to be done once `sallyport init` has written its file: at Entra, for the secrets, and on the way to the first
 * sign-in.
 */
import { basename, dirname, join } from 'node:path'
import { styleText } from 'node:util'
import type { Starter, StarterProvider } from '../config/starter.ts'
import { urlsText } from './urls-text.ts'
import type { Entry } from './what-to-register.ts'

interface Written {
  readonly starter: Starter
  readonly file: string
  readonly tenantFile: boolean
  /** What `urls` would print of it. */
  readonly entries: readonly Entry[]
}

/** A step begins with a line of its own; what follows is set in. */
type Step = readonly string[]

/** @param colourful only for a terminal. */
export function initSteps(written: Written, colourful: boolean): string {
  const bold = (text: string) => (colourful ? styleText('bold', text, { validateStream: false }) : text)
  const { provider } = written.starter
  const steps = typeof provider === 'string' ? ofShared(written) : ofOwn({ ...written, provider })
  const texts = steps.map(([title = '', ...rest], index) =>
    [bold(`${index + 1}. ${title}`), ...rest.map((line) => (line === '' ? '' : `   ${line}`))].join('\n'),
  )
  return `${texts.join('\n\n')}\n`
}

interface Own extends Written {
  readonly provider: StarterProvider
}

function ofOwn(own: Own): readonly Step[] {
  return [...atEntra(own), ...secretsOf(own), ...(own.tenantFile ? ofTenantFile(own) : goingOn(own))]
}

/** In the words of the portal. */
function atEntra({ provider, entries, starter }: Own): readonly Step[] {
  const registered = provider.clientId !== null
  const values = [...new Set(starter.roles.flatMap(({ appRoles }) => appRoles))]
  const usesGroups = starter.roles.length === 0 || starter.roles.some(({ groups }) => groups.length > 0)
  // Whoever is in too many groups for a token is looked up.
  const readsGroups = starter.roles.some(({ groups }) => groups.length > 0)
  return [
    [
      registered
        ? 'Microsoft Entra admin center, App registrations, this application: enter what stands here.'
        : 'Microsoft Entra admin center, App registrations: New registration, and enter what stands here.',
      '',
      // The titles of `urls` are ours here; colours stay with the numbers.
      ...urlsText(entries, false).trimEnd().split('\n'),
    ],
    ['Certificates & secrets → New client secret. Copy its Value at once; it is shown only now.'],
    [
      'Token configuration → Add optional claim → ID: email, login_hint and sid.',
      ...(usesGroups
        ? ['Add groups claim, for the ID token, as Group ID; best "Groups assigned to the application".']
        : []),
    ],
    ...(values.length === 0
      ? []
      : [['App roles → Create app role, for users and groups, with these values:', ...values]]),
    [
      `API permissions of Microsoft Graph, delegated: openid, profile, email${readsGroups ? ', offline_access and User.Read' : ' and offline_access'}.`,
      'Then Grant admin consent, so that nobody is asked.',
    ],
    [
      'Enterprise applications → the application: Assignment required decides who gets in at all;',
      'assign people, groups and app roles there under Users and groups.',
    ],
  ]
}

function secretsOf({ provider, file, tenantFile, starter }: Own): readonly Step[] {
  const [, variable] = /^\$\{env:(.*)\}$/.exec(provider.secret) ?? []
  const [, path = ''] = /^\$\{file:(.*)\}$/.exec(provider.secret) ?? []
  const beside = path.startsWith('/') ? path : join(dirname(file), path)
  const session = shell(join(dirname(file), 'session.secret'))
  const keep = tenantFile
    ? [`Keep the Value in the folder of \`tenantFiles.secrets\`, as ${starter.name}/${path}.`]
    : [
        'Keep the Value in a file that only the gateway can read: paste it, then Enter and Ctrl-D.',
        `(umask 077; cat > ${shell(beside)})`,
      ]
  return [
    variable === undefined ? keep : [`Set ${variable} to the Value in the environment of the gateway.`],
    ...(tenantFile ? [] : [['Make the secret that seals sessions.', `(umask 077; sallyport keygen > ${session})`]]),
  ]
}

function goingOn({ provider, file, starter }: Own): readonly Step[] {
  const isHttps = starter.publicUrl.startsWith('https:')
  return [
    ...pending(provider, file),
    ['Check it.', `sallyport check ${shell(file)}`],
    [
      'Start.',
      `sallyport serve --config ${shell(file)}`,
      ...(isHttps
        ? [
            `The gateway listens on port 8080 and speaks http; what is in front of it for ${starter.publicUrl} ends TLS,`,
            'or it does so itself with `server.tls`.',
          ]
        : []),
    ],
  ]
}

function ofTenantFile({ provider, file, starter }: Own): readonly Step[] {
  return [...pending(provider, file), ...joining({ file, starter })]
}

/** Before there is a registration there is no client id, and nobody can sign in. */
function pending({ clientId }: StarterProvider, file: string): readonly Step[] {
  if (clientId !== null) return []
  return [[`In ${file}, write the Application (client) ID as \`clientId\`, and take \`enabled: false\` away.`]]
}

/** The registration is that of the shared provider, which only the operator's file knows. */
function ofShared(written: Written): readonly Step[] {
  const { name } = written.starter
  const command = `sallyport urls --tenant ${name} <the operator's file>`
  return [...joining(written), ['Add to the registration of the shared provider what this prints.', command]]
}

function joining({ file, starter }: Pick<Written, 'file' | 'starter'>): readonly Step[] {
  return [
    [
      `Check it together with all others: ${basename(file)} must be in the folder of \`tenantFiles\`.`,
      "sallyport check <the operator's file>",
      `A gateway that runs takes ${starter.name} within a second or two.`,
    ],
  ]
}

/** As a shell takes it. */
function shell(path: string): string {
  return /^[\w./@:+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}
