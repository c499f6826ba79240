/** A provider's discovery document, fetched and held against what the configuration says of the provider. */
import * as client from 'openid-client'
import type { EntraProvider, Provider } from '../core/gateway.ts'
import { authorityOf } from '../core/identity/authority.ts'
import type { Credentials } from './credential.ts'
import { directoryNamed, issuerOf } from './directories.ts'
import { fetchFrom } from './fetch.ts'
import { refusedDocument } from './refused-document.ts'

const requestTimeoutSeconds = 8

/** How the provider is asked, and who we say that we are. */
export interface WayOut {
  readonly ask: client.CustomFetch
  readonly credentials: Credentials
}

export interface Discovered {
  readonly configuration: client.Configuration
  /** Whose people these endpoints and keys are for; null where each token says that, and for any provider but Entra. */
  readonly directoryId: string | null
}

/**
 * OpenID Connect Discovery 1.0 section 4. From it come the endpoints, how we prove who we are, and which signatures
 * count: those that the provider announces, RS256 where it announces none, and only by keys that are public; never
 * `none`, never the secret.
 * @param previous whose keys are still known, and whose directory a domain must still stand for.
 * @throws whatever stands between us and a usable document: network, status, another issuer, an endpoint that is no
 *   https URL.
 */
export async function discover(provider: Provider, previous: Discovered | null, out: WayOut): Promise<Discovered> {
  const url = documentUrl(provider)
  const insecure = isLoopbackHttp(url)
  let directoryId = previous?.directoryId ?? null
  const found = client.discovery(url, provider.clientId, undefined, out.credentials.authentication(provider), {
    // ID tokens come over TLS from the provider itself, and their signature is checked all the same (T58).
    execute: [client.enableNonRepudiationChecks, ...(insecure ? [client.allowInsecureRequests] : [])],
    timeout: requestTimeoutSeconds,
    [client.customFetch]: fetchOf(provider, out, () => directoryId),
  })
  const configuration = await found.catch(async (error) => {
    throw await refusedDocument(error, url)
  })
  // With a full /.well-known/ address the library does not compare the issuer; without one it forgives spellings.
  const document = configuration.serverMetadata()
  directoryId = directoryNamed(provider, document.issuer, directoryId)
  checkDocument(document, insecure)
  checkAuthentication(provider, document)
  if (previous !== null) shareKeys(previous.configuration, configuration)
  return { configuration, directoryId }
}

/** The same for one of several directories: with the issuer that its tokens name, and the keys that may sign for it. */
export function forDirectory(
  provider: EntraProvider,
  directoryId: string,
  of: client.Configuration,
  out: WayOut,
): client.Configuration {
  const issuer = issuerOf(provider, directoryId)
  return copyOf(provider, of, { issuer, ask: fetchOf(provider, out, () => directoryId) }, out)
}

/** The same with another issuer, or another way to ask. */
export function copyOf(
  provider: Provider,
  of: client.Configuration,
  { issuer, ask }: { readonly issuer?: string; readonly ask: client.CustomFetch },
  { credentials }: WayOut,
): client.Configuration {
  const document = of.serverMetadata()
  // The helper that the library adds to what it shows is no part of the document.
  const { supportsPKCE: _, ...rest } = document
  const metadata = { ...rest, issuer: issuer ?? document.issuer } as client.ServerMetadata
  const copy = new client.Configuration(metadata, provider.clientId, undefined, credentials.authentication(provider))
  client.enableNonRepudiationChecks(copy)
  if (isLoopbackHttp(new URL(document.token_endpoint ?? ''))) client.allowInsecureRequests(copy)
  copy.timeout = requestTimeoutSeconds
  copy[client.customFetch] = ask
  return copy
}

function fetchOf(provider: Provider, { ask, credentials }: WayOut, directory: () => string | null): client.CustomFetch {
  return credentials.watched(provider, fetchFrom(provider, ask, directory))
}

/** Hands on the keys that are known, so that nobody asks for them again. */
export function shareKeys(from: client.Configuration, to: client.Configuration): void {
  const keys = client.getJwksCache(from)
  if (keys !== undefined) client.setJwksCache(to, keys)
}

/**
 * The application's id goes to Entra, since there an application with signing keys of its own has a key set of its own.
 */
export function documentUrl(provider: Provider): URL {
  const base = provider.kind === 'entra' ? `${authorityOf(provider)}/v2.0` : provider.issuer
  const url = new URL(`${base.replace(/\/$/, '')}/.well-known/openid-configuration`)
  if (provider.kind === 'entra') url.searchParams.set('appid', provider.clientId)
  return url
}

const neededEndpoints = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const
const furtherEndpoints = ['userinfo_endpoint', 'end_session_endpoint'] as const

function checkDocument(document: Readonly<client.ServerMetadata>, insecure: boolean): void {
  for (const name of neededEndpoints) {
    if (!isEndpoint(document[name], insecure)) throw new Error(`the discovery document has no usable ${name}`)
  }
  for (const name of furtherEndpoints) {
    if (document[name] !== undefined && !isEndpoint(document[name], insecure))
      throw new Error(`the ${name} of the discovery document cannot be used`)
  }
}

/**
 * A signed assertion means nothing to a provider that does not announce it (RFC 8414 section 2): better to be told so
 * early.
 */
function checkAuthentication({ kind, credential }: Provider, document: Readonly<client.ServerMetadata>): void {
  if (kind === 'entra' || credential.form === 'secrets') return
  if (document.token_endpoint_auth_methods_supported?.includes('private_key_jwt') !== true)
    throw new Error('the provider does not announce private_key_jwt: it takes no certificate as credential')
}

function isEndpoint(value: unknown, insecure: boolean): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false
  const url = new URL(value)
  if (url.username !== '' || url.password !== '') return false
  return url.protocol === 'https:' || (insecure && isLoopbackHttp(url))
}

/**
 * Unencrypted only within the machine, for trials and tests; config refuses any other issuer, and here nobody relies on
 * it.
 */
function isLoopbackHttp({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}
