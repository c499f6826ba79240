/** From a checked provider to the one that people are signed in by. */
import type { Credential, GraphAccess, Provider } from '../core/gateway.ts'
import { compileCertificate } from './certificates.ts'
import type { CredentialDocument, ProviderDocument } from './schema.ts'

/**
 * @param name as logs call it.
 * @returns null for a provider that is switched off.
 */
export function compileProvider(provider: ProviderDocument, name: string): Provider | null {
  const { enabled, clientId, credential } = provider
  if (!enabled) return null
  if (clientId === undefined || credential === undefined)
    throw new Error(`Provider ${name} has holes although it was checked.`)
  const { label = provider.name, emailDomains, authContexts } = provider
  const own = { name, label, emailDomains, authContexts, clientId, credential: compileCredential(credential, name) }
  if (provider.kind === 'oidc') {
    const { issuer, scopes, groupsClaim, appRolesClaim } = provider
    return { kind: 'oidc', ...own, issuer, scopes, groupsClaim, appRolesClaim }
  }
  const { tenantId, allowedTenantIds = null, cloud, scopes, groupNames, overage } = provider
  const authority = provider.authority ?? signInServices[cloud]
  const graph = compileGraph(provider.graph ?? graphs[cloud], provider.graph === null && cloud !== 'global')
  return { kind: 'entra', ...own, tenantId, allowedTenantIds, authority, graph, scopes, groupNames, overage }
}

/** A permission without prefix is one of the global Graph's. */
function compileGraph(origin: string, isPrefixed: boolean): GraphAccess {
  return { base: `${origin}/v1.0`, scopePrefix: isPrefixed ? `${origin}/` : '' }
}

/** @see https://learn.microsoft.com/graph/deployments */
export const graphs = {
  global: 'https://graph.microsoft.com',
  'us-gov': 'https://graph.microsoft.us',
  'us-gov-dod': 'https://dod-graph.microsoft.us',
  china: 'https://microsoftgraph.chinacloudapi.cn',
} as const

/** @see https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud */
export const signInServices = {
  global: 'https://login.microsoftonline.com',
  'us-gov': 'https://login.microsoftonline.us',
  'us-gov-dod': 'https://login.microsoftonline.us',
  china: 'https://login.partner.microsoftonline.cn',
} as const

function compileCredential(written: CredentialDocument, name: string): Credential {
  const { secret, secrets = secret === undefined ? [] : [secret], certificate, secretExpiresOn } = written
  if (certificate !== undefined) return { form: 'certificate', certificate: compileCertificate(certificate) }
  if ('federated' in written && written.federated === 'workload-identity')
    return { form: 'workload-identity', tokenFile: written.tokenFile ?? null }
  if ('federated' in written && written.federated === 'managed-identity')
    return { form: 'managed-identity', identity: written.identity ?? null }
  if (secrets.length === 0) throw new Error(`The credential of ${name} has no form although it was checked.`)
  const sentBy = 'sentBy' in written ? (written.sentBy ?? null) : null
  return { form: 'secrets', secrets, expiresAt: secretExpiresOn ?? null, sentBy }
}
