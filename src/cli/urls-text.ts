/** What to register, as people read it: in the words of the portal, and every address alone on its line, to be copied. */
import { styleText } from 'node:util'
import type { EntraEntry, Entry, PlainEntry } from './what-to-register.ts'

/** @param colourful only for a terminal. */
export function urlsText(entries: readonly Entry[], colourful: boolean): string {
  const bold = (text: string) => (colourful ? styleText('bold', text, { validateStream: false }) : text)
  const yellow = (text: string) => (colourful ? styleText('yellow', text, { validateStream: false }) : text)
  const texts = entries.map((entry) => {
    const [title, ...rest] = entry.kind === 'entra' ? ofEntra(entry) : ofOther(entry)
    const warnings = entry.warnings.flatMap((warning) => ['', yellow(`  Warning: ${warning}`)])
    return [bold(title ?? ''), ...rest, ...warnings].join('\n')
  })
  return texts.length === 0 ? 'Nothing to register.\n' : `${texts.join('\n\n')}\n`
}

function ofEntra(entry: EntraEntry): readonly string[] {
  const { tenantId, clientId, authority, redirectUris, homePageUrls, adminConsentUrl } = entry
  const where = authority === null ? '' : ` at ${authority}`
  const head = [
    `${entry.providers.join(', ')}: app registration${where}`,
    `  Directory (tenant) ID    ${tenantId ?? 'not known here'}`,
    `  Application (client) ID  ${clientId ?? 'not known here'}`,
    ...stateOf(entry),
  ]
  if (entry.tenants.length === 0) return head
  const choice = homePageUrls.length > 1 ? ' (one of these; the tile in My Apps opens it)' : ''
  return [
    ...head,
    ...(clientId === null ? firstStep(tenantId) : []),
    ...list('Authentication → Web → Redirect URIs (each exactly so; without wildcards)', redirectUris),
    ...list(`Branding & properties → Home page URL${choice}`, homePageUrls),
    ...frontChannel(entry),
    ...(adminConsentUrl === null ? [] : consent(adminConsentUrl)),
  ]
}

/**
 * What the portal calls the supported account types of a `tenantId`; of one directory, where it is none of these words.
 */
const accountTypes = new Map([
  ['organizations', ['Accounts in any organizational', 'directory.']],
  ['common', ['Accounts in any organizational', 'directory and personal Microsoft accounts.']],
  ['consumers', ['Personal Microsoft accounts', 'only.']],
])

function firstStep(tenantId: string | null): readonly string[] {
  const [accounts, end] = accountTypes.get(tenantId ?? '') ?? ['Accounts in this organizational directory', 'only.']
  return [
    '',
    `  If there is no registration yet: App registrations → New registration, ${accounts}`,
    `  ${end} Its Application (client) ID becomes \`clientId\`.`,
  ]
}

function frontChannel({ frontChannelLogoutUrl }: EntraEntry): readonly string[] {
  if (frontChannelLogoutUrl === null) return []
  const title = 'Authentication → Front-channel logout URL (there is one; it is for all tenants of the registration)'
  return [
    ...list(title, [frontChannelLogoutUrl]),
    '  It needs the optional claim sid: Token configuration → Add optional claim → ID.',
  ]
}

function consent(url: string): readonly string[] {
  return list(
    'Admin consent, once the redirect URIs are registered and the gateway runs: to be opened by who may consent',
    [url],
  )
}

function ofOther(entry: PlainEntry): readonly string[] {
  const { issuer, clientId, clientMetadata, homePageUrls } = entry
  const head = [
    `${entry.providers.join(', ')}: client at ${issuer ?? 'an issuer not known here'}`,
    `  Client ID  ${clientId ?? 'not known here'}`,
    ...stateOf(entry),
  ]
  if (entry.tenants.length === 0) return head
  return [
    ...head,
    ...list('Client metadata (RFC 7591)', JSON.stringify(clientMetadata, null, 2).split('\n')),
    '  If the provider does not offer client_secret_post, it is client_secret_basic.',
    ...list('Home page, where it asks for one', homePageUrls),
  ]
}

function stateOf({ enabled, tenants }: Entry): readonly string[] {
  const names = tenants.map((tenant) => (tenant.enabled ? tenant.name : `${tenant.name} (switched off)`))
  return [
    ...(enabled ? [] : ['  Switched off: nobody signs in with it.']),
    names.length === 0 ? '  No tenant uses it: there is nothing to register.' : `  For ${names.join(', ')}`,
  ]
}

function list(title: string, lines: readonly string[]): readonly string[] {
  return ['', `  ${title}`, ...lines.map((line) => `    ${line}`)]
}
