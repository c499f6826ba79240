/** A first configuration with comments, as `sallyport init` writes it: the whole file, or the file of one tenant. */
import { personalDirectory } from '../core/identity/authority.ts'
import type { Pasted } from './pasted.ts'

export interface Starter {
  readonly name: string
  readonly publicUrl: string
  readonly upstream: string
  /** The name of one that the operator's file has, or one written out. */
  readonly provider: string | StarterProvider
  readonly roles: readonly StarterRole[]
}

export interface StarterProvider {
  readonly tenantId: string
  readonly cloud: Pasted['cloud'] | 'us-gov-dod'
  /** Null for that of the cloud. */
  readonly authority: string | null
  /** Where more than one directory stands behind `tenantId`; else empty. */
  readonly allowedTenantIds: readonly string[]
  /** Null before there is a registration: the provider is then switched off. */
  readonly clientId: string | null
  /** A reference such as `${file:client.secret}`. */
  readonly secret: string
}

export interface StarterRole {
  readonly name: string
  readonly groups: readonly string[]
  readonly appRoles: readonly string[]
}

/** What the files call the provider that they have: that of a tenant must not be called like a shared one. */
const [sharedName, ownName] = ['entra', 'own']

/** The operator's file, with its one tenant. */
export function starterFile(starter: Starter & { readonly provider: StarterProvider }): string {
  const { name, publicUrl, provider } = starter
  return textOf([
    `# Sallyport in front of ${publicUrl}. Every key with its meaning: config/reference.yaml.`,
    'version: 1',
    ...listener(publicUrl),
    '',
    'session:',
    said("  secrets: ['${file:session.secret}']", 'beside this file; `sallyport keygen` makes one'),
    '  # lifetime: 10h',
    '  # idle: 1h',
    '',
    'providers:',
    ...providerLines(sharedName, provider),
    '',
    'tenants:',
    `  - name: ${scalar(name)}`,
    ...tenantLines(starter, [`providers: [${sharedName}]`]).map((line) => `    ${line}`),
  ])
}

/** The file of a tenant, for a folder of `tenantFiles`; it is named after the tenant. */
export function starterTenantFile(starter: Starter): string {
  const { name, publicUrl, provider } = starter
  const providers =
    typeof provider === 'string'
      ? [`providers: [${scalar(provider)}]`]
      : ['providers:', ...providerLines(ownName, provider)]
  return textOf([
    `# The tenant ${name}: ${publicUrl}. Every key with its meaning: config/reference.yaml, below \`tenants\`.`,
    ...tenantLines(starter, providers),
  ])
}

/**
 * An application on this machine is opened at the gateway itself, so that listens at its port; any other, where it
 * always does.
 */
function listener(publicUrl: string): readonly string[] {
  const { protocol, port } = new URL(publicUrl)
  return protocol === 'http:' ? ['', 'server:', `  listen: 127.0.0.1:${port === '' ? 80 : port}`] : []
}

function providerLines(name: string, provider: StarterProvider): readonly string[] {
  const { tenantId, cloud, authority, allowedTenantIds, clientId, secret } = provider
  return [
    `  - name: ${name}`,
    ...(clientId === null ? [said('    enabled: false', 'take this line away once there is a `clientId`')] : []),
    said(`    tenantId: ${scalar(tenantId)}`, 'Directory (tenant) ID'),
    ...(allowedTenantIds.length === 0
      ? []
      : [said(`    allowedTenantIds: [${allowedTenantIds.map(scalar).join(', ')}]`, 'whose accounts may sign in')]),
    ...(cloud === 'global' ? [] : [`    cloud: ${cloud}`]),
    ...(authority === null ? [] : [`    authority: ${scalar(authority)}`]),
    // Only a pretend Entra speaks http, and it has its own Graph.
    ...(authority?.startsWith('http:') ? [`    graph: ${scalar(authority)}`] : []),
    clientId === null
      ? said('    # clientId: 66666666-7777-8888-9999-000000000000', 'Application (client) ID')
      : said(`    clientId: ${scalar(clientId)}`, 'Application (client) ID'),
    said(`    credential: { secret: ${quoted(secret)} }`, 'the Value of the client secret, not its ID'),
  ]
}

function tenantLines(starter: Starter, providers: readonly string[]): readonly string[] {
  const { publicUrl, upstream } = starter
  const roles = [...starter.roles.map(roleLine), ...personLine(starter)]
  const highest = starter.roles[0]?.name ?? 'admin'
  return [
    `publicUrl: ${scalar(publicUrl)}`,
    ...providers,
    ...(roles.length === 0
      ? ['# roles:', `#   - { name: ${highest}, groups: [aaaaaaaa-1111-2222-3333-444444444444] }`]
      : [said('roles:', 'the highest first'), ...roles]),
    said(`upstream: { url: ${quoted(upstream)} }`, 'the application'),
    said('routes:', 'the longest path counts; what none of them covers is closed'),
    '  # - { path: /assets, access: public }',
    ...(starter.roles.length === 0 ? [] : [`  # - { path: /admin, access: [${scalar(highest)}] }`]),
    said('  - { path: /, access: signed-in }', roles.length === 0 ? 'everybody who may sign in' : 'who has a role'),
    said('headers: { presets: [x-forwarded] }', 'X-Forwarded-User and its kin; `set` adds others'),
  ]
}

/** Of personal accounts only people get in who are named; nobody has the id that stands here. */
function personLine({ provider }: Starter): readonly string[] {
  if (typeof provider === 'string') return []
  const { tenantId, allowedTenantIds } = provider
  if (tenantId !== 'consumers' && !allowedTenantIds.includes(personalDirectory)) return []
  return [
    '  # Of personal accounts only these get in: put in the `objectId` that the log has with `identity_refused`.',
    `  - { name: person, people: [${personalDirectory}/cccccccc-1111-2222-3333-444444444444] }`,
  ]
}

function roleLine({ name, groups, appRoles }: StarterRole): string {
  const from = [
    ...(groups.length === 0 ? [] : [`groups: [${groups.map(scalar).join(', ')}]`]),
    ...(appRoles.length === 0 ? [] : [`appRoles: [${appRoles.map(scalar).join(', ')}]`]),
  ]
  return `  - { name: ${scalar(name)}, ${from.join(', ')} }`
}

/** A line with a remark. */
function said(line: string, remark: string): string {
  return `${line}\t# ${remark}`
}

/** Remarks stand one below the other, where there is room; nothing that was typed has a tab in it. */
function textOf(lines: readonly string[]): string {
  const aligned = lines.map((line) => {
    const [text = '', remark] = line.split('\t')
    return remark === undefined ? text : `${text.padEnd(54)} ${remark}`
  })
  return `${aligned.join('\n')}\n`
}

/**
 * Text as it may stand anywhere, also between brackets: in quotes, unless it is plainly a word, an id or an address.
 */
function scalar(text: string): string {
  const isPlain = /^(?:[a-z][\w-]*(?:\.[\w-]+)*|[0-9a-f]{8}(?:-[0-9a-f]+){4}|https?:\/\/[a-z0-9.:-]+)$/i.test(text)
  const meansMore = /^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text)
  return isPlain && !meansMore ? text : quoted(text)
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
