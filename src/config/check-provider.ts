/** Rules across the keys of one provider, shared or a tenant's own. */
import { isDirectoryId, personalDirectory } from '../core/identity/authority.ts'
import type { Secret } from '../core/secret.ts'
import { certificateProblems, signingKeyProblem } from './certificates.ts'
import type { Finding, Path } from './issues.ts'
import type { Salvaged } from './salvage.ts'
import type { ProviderDocument } from './schema.ts'
import { readName } from './values.ts'

/** Whether a key is written in the file, other than filled in by its default. */
export type IsWritten = (path: Path) => boolean

interface Around {
  readonly isWritten: IsWritten
  /** Seconds since 1970. */
  readonly now: number
}

/** What must be there once people are to sign in; before that, `urls` prints what to register. */
export function checkProvider(
  provider: Salvaged<ProviderDocument>,
  path: Path,
  { isWritten, now }: Around,
): readonly Finding[] {
  const wrong = [
    ...checkDirectories(provider, path),
    ...checkContextNames(provider?.authContexts, [...path, 'authContexts']),
    ...checkCredential(provider, path, { isWritten, now }),
  ]
  if (provider?.enabled !== true) return wrong
  const message = 'this is required, unless the provider has `enabled: false`'
  const missing = ['clientId', 'credential'].filter((key) => !isWritten([...path, key]))
  return [...missing.map((key) => ({ path: [...path, key], found: null, message })), ...wrong]
}

/** Entra lets in people of every directory where several can answer: the list must be ours (T106). */
function checkDirectories(provider: Salvaged<ProviderDocument>, path: Path): readonly Finding[] {
  if (provider === undefined || !('tenantId' in provider) || provider.tenantId === undefined) return []
  const { tenantId, allowedTenantIds, cloud, authority } = provider
  const findings: Finding[] = []
  const list = [...path, 'allowedTenantIds']
  if (allowedTenantIds === undefined && (tenantId === 'organizations' || tenantId === 'common')) {
    const message = `with \`${tenantId}\` this is required: accounts of any directory could sign in`
    findings.push({ path: list, found: null, message, allowed: 'ids of directories' })
  }
  if (allowedTenantIds !== undefined && (isDirectoryId(tenantId) || tenantId === 'consumers')) {
    const message = '`tenantId` names the one directory already: this has no effect'
    findings.push({ path: list, at: 'key', found: null, message })
  }
  if (allowedTenantIds !== undefined && tenantId.includes('.') && allowedTenantIds.length > 1) {
    findings.push({ path: list, at: 'key', found: null, message: 'a domain stands for one directory' })
  }
  if (tenantId === 'organizations' && allowedTenantIds?.includes(personalDirectory) === true) {
    const message = 'this is the directory of personal accounts, which `organizations` leaves out: `common` has them'
    findings.push({ path: list, found: personalDirectory, message })
  }
  const hasPersonal =
    tenantId === 'consumers' || (tenantId === 'common' && allowedTenantIds?.includes(personalDirectory))
  if (hasPersonal === true && cloud !== undefined && cloud !== 'global') {
    const message = 'personal Microsoft accounts exist in the global cloud only'
    findings.push({ path: [...path, 'cloud'], found: cloud, message })
  }
  if (typeof authority === 'string' && cloud !== undefined && cloud !== 'global') {
    const message = '`authority` says where the sign-in service is: this has no effect'
    findings.push({ path: [...path, 'cloud'], at: 'key', found: null, message })
  }
  return findings
}

/** Names are keys here, which the schema does not look at. */
function checkContextNames(
  authContexts: NonNullable<Salvaged<ProviderDocument>>['authContexts'],
  path: Path,
): readonly Finding[] {
  return Object.keys(authContexts ?? {}).flatMap((key) => {
    const read = readName(key)
    return 'problem' in read ? [{ path: [...path, key], at: 'key' as const, message: read.problem }] : []
  })
}

/** Which key has an effect beside which. */
const belongsTo = {
  secretExpiresOn: ['secret', 'secrets'],
  sentBy: ['secret', 'secrets'],
  tokenFile: ['federated'],
  identity: ['federated'],
} as const

/** Exactly one form, nothing without effect, and a certificate that can be shown. */
function checkCredential(provider: Salvaged<ProviderDocument>, of: Path, { isWritten, now }: Around) {
  const path = [...of, 'credential']
  if (provider === undefined || !isWritten(path)) return []
  const has = (key: string) => isWritten([...path, key])
  const findings: Finding[] = []
  const forms = ['secret', 'secrets', 'certificate', ...(provider.kind === 'oidc' ? [] : ['federated'])]
  const [first, ...others] = forms.filter(has)
  const credential = provider.credential
  if (first === undefined && typeof credential === 'object') {
    findings.push({ path, found: null, message: `one of these is required: ${forms.join(', ')}` })
  }
  for (const other of others) {
    const message = `there is \`${first}\` already: a credential has one form`
    findings.push({ path: [...path, other], at: 'key', found: null, message })
  }
  for (const [key, owners] of Object.entries(belongsTo)) {
    if (!has(key) || owners.some(has)) continue
    const message = `without ${owners.map((owner) => `\`${owner}\``).join(' or ')} this has no effect`
    findings.push({ path: [...path, key], at: 'key', found: null, message })
  }
  findings.push(...checkFederated(credential, path), ...checkSecrets(credential, path))
  const { cert, key } = credential?.certificate ?? {}
  if (cert !== undefined && key !== undefined) {
    const problems = certificateProblems(cert, key as Secret, now)
    const kind = signingKeyProblem(key as Secret, provider.kind === 'oidc' ? ['rsa', 'ec'] : ['rsa'])
    for (const message of [...problems, ...(kind === null ? [] : [kind])])
      findings.push({ path: [...path, 'certificate', 'cert'], message })
  }
  return findings
}

type CredentialDraft = NonNullable<Salvaged<ProviderDocument>>['credential']

function checkFederated(credential: CredentialDraft, path: Path): readonly Finding[] {
  if (credential === undefined || !('federated' in credential)) return []
  const { federated, tokenFile, identity } = credential
  const message = `with \`${federated}\` this has no effect`
  return [
    ...(tokenFile !== undefined && federated === 'managed-identity' ? ['tokenFile'] : []),
    ...(identity !== undefined && federated === 'workload-identity' ? ['identity'] : []),
  ].map((key) => ({ path: [...path, key], at: 'key' as const, found: null, message }))
}

/** The same secret twice would be tried twice. */
function checkSecrets(credential: CredentialDraft, path: Path): readonly Finding[] {
  const known = (credential?.secrets ?? []).map((secret) => (secret as Secret | undefined)?.reveal())
  return known.flatMap((secret, index) =>
    secret !== undefined && known.indexOf(secret) < index
      ? [{ path: [...path, 'secrets', index], message: 'this is the same as one before it' }]
      : [],
  )
}
