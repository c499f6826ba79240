/** What `sallyport init` has to know: read from flags and answers alike, all that is missing or wrong at once. */
import { basename, extname } from 'node:path'
import { type Pasted, readPasted } from '../config/pasted.ts'
import type { Starter, StarterProvider, StarterRole } from '../config/starter.ts'
import { readPublicUrl, readUpstreamUrl } from '../config/urls.ts'
import { type Reading, readGuid, readName, readRoleName, readText } from '../config/values.ts'
import { isDirectoryId, isKeyword } from '../core/identity/authority.ts'
import {
  type RoleGiven,
  readAllowed,
  readClientId,
  readFilePath,
  readOut,
  readPair,
  readVariable,
} from './init-readers.ts'

/** As it was typed. */
export interface Given extends RoleGiven {
  readonly tenantFile: boolean
  readonly publicUrl?: string
  readonly name?: string
  readonly upstream?: string
  /** Of a tenant file: the name of a shared one, in place of one of its own. */
  readonly provider?: string
  readonly directory?: string
  readonly cloud?: StarterProvider['cloud']
  readonly allowedDirectory: readonly string[]
  readonly clientId?: string
  readonly secretEnv?: string
  readonly secretFile?: string
  readonly out?: string
}

export interface Understood {
  /** Null where something is missing or wrong. */
  readonly starter: Starter | null
  /** Where it is to be written. */
  readonly file: string
  /** Flags that must be given. */
  readonly missing: readonly string[]
  readonly problems: readonly string[]
}

/** What nobody can guess, with what belongs behind the flag. */
const required = {
  publicUrl: '--public-url <url>',
  upstream: '--upstream <url>',
  directory: '--directory <directory>',
} as const

export function understand(given: Given): Understood {
  const problems: string[] = []
  /** What was read; a problem is told, and nothing comes out. */
  function take<T>(flag: string, text: string | undefined, read: (text: string) => Reading<T>): T | undefined {
    if (text === undefined) return undefined
    const found = read(text)
    if ('value' in found) return found.value
    problems.push(`${flag}: ${found.problem}`)
    return undefined
  }
  const isShared = given.provider !== undefined
  const publicUrl = take('--public-url', given.publicUrl, readPublicUrl)?.origin
  const name = take('--name', given.name, readName) ?? nameFor(given, publicUrl)
  const file = take('--out', given.out, (text) => readOut(text, given.tenantFile ? name : null)) ?? fileFor(given, name)
  const upstream = take('--upstream', given.upstream, readUpstreamUrl)?.origin
  const directory = take('--directory', given.directory, readPasted)
  const clientId = take('--client-id', given.clientId, readClientId) ?? directory?.clientId ?? null
  const secret = take('--secret-env', given.secretEnv, (text) => readVariable(text, given.tenantFile ? name : null))
  const secretFile = take('--secret-file', given.secretFile, readFilePath)
  const allowed = given.allowedDirectory.map((each) => take('--allowed-directory', each, readAllowed))
  const shared = take('--provider', given.provider, readName)
  const roles = rolesOf(given, isShared, take)
  problems.push(...contradictions(given, directory))
  const missing = missingOf(given, directory)
  if (problems.length > 0 || missing.length > 0 || publicUrl === undefined || upstream === undefined) {
    return { starter: null, file, missing, problems }
  }
  const reference = secret ?? `\${file:${secretFile ?? (given.tenantFile ? 'client-secret' : 'client.secret')}}`
  const own = directory && {
    ...{ tenantId: directory.tenantId, cloud: given.cloud ?? directory.cloud, authority: directory.authority },
    ...{ allowedTenantIds: [...new Set(allowed.filter((each) => each !== undefined))], clientId, secret: reference },
  }
  const provider = shared ?? own
  return { starter: provider ? { name, publicUrl, upstream, provider, roles } : null, file, missing, problems }
}

/**
 * A tenant file is named after its tenant; else the first name of the host: `https://payroll.contoso.com` → `payroll`.
 */
export function nameFor({ tenantFile, out }: Given, publicUrl: string | undefined): string {
  const host = publicUrl === undefined ? '' : new URL(publicUrl).hostname
  const first = /^[\d.]+$/.test(host) ? '' : (host.split('.')[0] ?? '')
  const meant = tenantFile && out !== undefined ? basename(out, extname(out)) : first
  return 'value' in readName(meant) ? meant : 'application'
}

/** What `serve` reads by default; of a tenant, where our examples have it. */
export function fileFor({ tenantFile }: Given, name: string): string {
  return tenantFile ? `tenants/${name}.yaml` : 'config/sallyport.yaml'
}

/** Which flags a person has to be asked for, or a program has to be given. */
function missingOf(given: Given, directory: Pasted | undefined): readonly string[] {
  const wanted = Object.entries(required).filter(([key]) => key !== 'directory' || given.provider === undefined)
  const missing = wanted.filter(([key]) => given[key as keyof typeof required] === undefined).map(([, flag]) => flag)
  return directory !== undefined && needsAllowed(directory) && given.allowedDirectory.length === 0
    ? [...missing, '--allowed-directory <id>']
    : missing
}

/** Whether more than one directory can answer. Personal accounts are of one, which everybody knows. */
export function needsAllowed({ tenantId }: Pasted): boolean {
  return isKeyword(tenantId) && tenantId !== 'consumers'
}

/** Of a domain, the list may say which directory it must stand for. */
function isOne({ tenantId }: Pasted): boolean {
  return isDirectoryId(tenantId) || tenantId === 'consumers'
}

/** Flags that say nothing, or two things. */
function contradictions(given: Given, directory: Pasted | undefined): readonly string[] {
  const { cloud, allowedDirectory, provider } = given
  const withShared = ['directory', 'cloud', 'clientId', 'secretEnv', 'secretFile'] as const
  const idle = withShared.filter((key) => provider !== undefined && given[key] !== undefined)
  const sameSignIn = cloud === directory?.cloud || (cloud === 'us-gov-dod' && directory?.cloud === 'us-gov')
  // An id alone may be of any cloud, and the issuer of version 1 does not tell.
  const isTold = directory !== undefined && (directory.cloud !== 'global' || directory.authority !== null)
  return [
    ...(provider === undefined || given.tenantFile ? [] : ['--provider: only with --tenant-file']),
    ...(idle.length === 0 ? [] : ['--provider: a shared provider has its directory and its credential already']),
    ...(cloud === undefined || !isTold || sameSignIn ? [] : ['--cloud: the directory is in another cloud']),
    ...(given.secretEnv !== undefined && given.secretFile !== undefined
      ? ['--secret-env: --secret-file says it already']
      : []),
    ...(allowedDirectory.length > 0 && directory !== undefined && isOne(directory)
      ? ['--allowed-directory: --directory names the one directory already']
      : []),
  ]
}

type Take = <T>(flag: string, text: string | undefined, read: (text: string) => Reading<T>) => T | undefined

/** In the order in which they first appear, flag by flag; what is given twice counts once. */
function rolesOf({ roleGroup, roleAppRole }: Given, isShared: boolean, take: Take): readonly StarterRole[] {
  const roles = new Map<string, StarterRole>()
  function add(flag: string, key: 'groups' | 'appRoles', text: string, read: (text: string) => Reading<string>): void {
    const [role, value] = take(flag, text, readPair) ?? []
    const name = take(flag, role, readRoleName)
    const from = take(flag, value, read)
    if (name === undefined || from === undefined) return
    const known = roles.get(name) ?? { name, groups: [], appRoles: [] }
    roles.set(name, { ...known, [key]: [...new Set([...known[key], from])] })
  }
  // A shared provider may be another than Entra, whose groups have names.
  for (const text of roleGroup) add('--role-group', 'groups', text, isShared ? readText : readGuid)
  for (const text of roleAppRole) add('--role-app-role', 'appRoles', text, readText)
  return [...roles.values()]
}
