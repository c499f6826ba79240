/** A provider's discovery document, fetched and held against what the configuration says of the provider. */
import * as client from 'openid-client'
import type { Provider } from '../core/gateway.ts'
import type { Credentials } from './credential.ts'
import { fetchFrom } from './fetch.ts'

const requestTimeoutSeconds = 8

/** How the provider is asked, and who we say that we are. */
export interface WayOut {
  readonly ask: client.CustomFetch
  readonly credentials: Credentials
}

/**
 * OpenID Connect Discovery 1.0 section 4. From it come the endpoints, how we prove who we are, and which signatures count: those
 * that the provider announces, RS256 where it announces none, and only by keys that are public; never `none`, never the secret.
 * @param previous whose keys are still known.
 * @throws whatever stands between us and a usable document: network, status, another issuer, an endpoint that is no https URL.
 */
export async function discover(
  provider: Provider,
  previous: client.Configuration | null,
  { ask, credentials }: WayOut,
): Promise<client.Configuration> {
  const url = documentUrl(provider)
  const insecure = isLoopbackHttp(url)
  const configuration = await client.discovery(
    url,
    provider.clientId,
    undefined,
    credentials.authentication(provider),
    {
      // ID tokens come over TLS from the provider itself, and their signature is checked all the same (T58).
      execute: [client.enableNonRepudiationChecks, ...(insecure ? [client.allowInsecureRequests] : [])],
      timeout: requestTimeoutSeconds,
      [client.customFetch]: credentials.watched(provider, fetchFrom(provider, ask)),
    },
  )
  checkDocument(configuration.serverMetadata(), { issuer: issuerOf(provider), insecure })
  checkAuthentication(provider, configuration.serverMetadata())
  const keys = previous === null ? undefined : client.getJwksCache(previous)
  if (keys !== undefined) client.setJwksCache(configuration, keys)
  return configuration
}

/** What its ID tokens and its discovery document must call themselves, byte for byte. */
function issuerOf(provider: Provider): string {
  return provider.kind === 'entra' ? `${provider.authority}/${provider.tenantId}/v2.0` : provider.issuer
}

/** The application's id goes to Entra, since there an application with signing keys of its own has a key set of its own. */
function documentUrl(provider: Provider): URL {
  const url = new URL(`${issuerOf(provider).replace(/\/$/, '')}/.well-known/openid-configuration`)
  if (provider.kind === 'entra') url.searchParams.set('appid', provider.clientId)
  return url
}

const neededEndpoints = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const
const furtherEndpoints = ['userinfo_endpoint', 'end_session_endpoint'] as const

function checkDocument(
  document: Readonly<client.ServerMetadata>,
  expected: { readonly issuer: string; readonly insecure: boolean },
): void {
  // With a full /.well-known/ address the library does not compare the issuer; without one it forgives spellings.
  if (document.issuer !== expected.issuer) {
    // What a document says may be of any length and any letters; what is configured is ours.
    const said = JSON.stringify(document.issuer)?.slice(0, 200)
    throw new Error(`the discovery document names another issuer: ${said} is not ${expected.issuer}`)
  }
  for (const name of neededEndpoints) {
    if (!isEndpoint(document[name], expected.insecure)) throw new Error(`the discovery document has no usable ${name}`)
  }
  for (const name of furtherEndpoints) {
    if (document[name] !== undefined && !isEndpoint(document[name], expected.insecure))
      throw new Error(`the ${name} of the discovery document cannot be used`)
  }
}

/** A signed assertion means nothing to a provider that does not announce it (RFC 8414 section 2): better to be told so early. */
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

/** Unencrypted only within the machine, for trials and tests; config refuses any other issuer, and here nobody relies on it. */
function isLoopbackHttp({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}
