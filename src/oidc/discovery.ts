/** A provider's discovery document, fetched and held against what the configuration says of the provider. */
import * as client from 'openid-client'
import type { Provider } from '../core/gateway.ts'
import { fetchFrom } from './fetch.ts'

const requestTimeoutSeconds = 8

/**
 * OpenID Connect Discovery 1.0 section 4. From it come the endpoints, how the secret is sent, and which signatures count: those
 * that the provider announces, RS256 where it announces none, and only by keys that are public; never `none`, never the secret.
 * @param previous whose keys are still known.
 * @throws whatever stands between us and a usable document: network, status, another issuer, an endpoint that is no https URL.
 */
export async function discover(
  provider: Provider,
  previous: client.Configuration | null,
): Promise<client.Configuration> {
  const url = documentUrl(provider)
  const insecure = isLoopbackHttp(url)
  const configuration = await client.discovery(url, provider.clientId, undefined, clientAuthentication(provider), {
    // ID tokens come over TLS from the provider itself, and their signature is checked all the same (T58).
    execute: [client.enableNonRepudiationChecks, ...(insecure ? [client.allowInsecureRequests] : [])],
    timeout: requestTimeoutSeconds,
    [client.customFetch]: fetchFrom(provider),
  })
  checkDocument(configuration.serverMetadata(), { issuer: issuerOf(provider), insecure })
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

/**
 * `client_secret_post` where it is announced, since names and secrets with special characters survive it everywhere; else
 * `client_secret_basic`, which is what a provider takes that announces nothing (RFC 8414 section 2).
 */
function clientAuthentication(provider: Provider): client.ClientAuth {
  const post = client.ClientSecretPost(provider.clientSecret.reveal())
  const basic = client.ClientSecretBasic(provider.clientSecret.reveal())
  return (server, ...request) => {
    const takesPost = server.token_endpoint_auth_methods_supported?.includes('client_secret_post') === true
    const wanted = provider.kind === 'entra' ? 'post' : (provider.secretSentBy ?? (takesPost ? 'post' : 'basic'))
    const send = wanted === 'post' ? post : basic
    send(server, ...request)
  }
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
