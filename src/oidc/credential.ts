/** How the gateway proves to providers who it is: which form, which secret of several, and what it does when it is not believed. */
import * as client from 'openid-client'
import { Fault } from '../core/fault.ts'
import type { FederatedCredential, Provider, SecretCredential } from '../core/gateway.ts'
import { readEntraError } from '../core/identity/aadsts.ts'
import { certificateAuthentication } from './assertion.ts'
import type { CredentialHealth } from './credential-health.ts'
import type { FederatedToken } from './federated-token.ts'

export interface Credentials {
  /** For the library's configuration of the provider. */
  authentication(provider: Provider): client.ClientAuth
  /** The same fetch, which sees what becomes of our credential, and moves on to the next secret. */
  watched(provider: Provider, ask: client.CustomFetch): client.CustomFetch
}

export interface CredentialParts {
  readonly health: CredentialHealth
  readonly federatedToken: FederatedToken
}

type Request = Parameters<client.ClientAuth>

/** What went out, and with which of the secrets. */
interface Sent {
  readonly request: Request
  readonly index: number
}

export function createCredentials({ health, federatedToken }: CredentialParts): Credentials {
  // By the body, which the library hands first to us and then to fetch.
  const sent = new WeakMap<URLSearchParams, Sent>()

  function authentication(provider: Provider): client.ClientAuth {
    const { credential } = provider
    switch (credential.form) {
      case 'secrets':
        return (...request) => {
          const index = health.order(provider)[0] ?? 0
          sent.set(request[2], { request, index })
          sendSecret(provider, credential, index, request)
        }
      case 'certificate':
        return certificateAuthentication(provider, credential)
      case 'workload-identity':
      case 'managed-identity':
        return (_server, metadata, body) => sendToken(provider, credential, metadata, body)
      default:
        return credential satisfies never
    }
  }

  async function sendToken(
    provider: Provider,
    credential: FederatedCredential,
    metadata: client.ClientMetadata,
    body: URLSearchParams,
  ): Promise<void> {
    const authority = provider.kind === 'entra' ? provider.authority : provider.issuer
    const token = await federatedToken(credential, authority).catch((cause: unknown) => {
      health.refused(provider, 0, 'not to be had')
      throw new Fault('client_refused', { cause })
    })
    body.set('client_id', metadata.client_id)
    body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    body.set('client_assertion', token)
  }

  /**
   * A provider must know the client before it looks at a code (RFC 6749 section 4.1.3): what it answers with `invalid_client` has
   * redeemed nothing, so the same request with the next secret is no second redemption. Everything else is asked once.
   */
  function watched(provider: Provider, ask: client.CustomFetch): client.CustomFetch {
    return async (url, options) => {
      let response = await ask(url, options)
      if (options.method !== 'POST') return response
      const { credential } = provider
      const first = options.body instanceof URLSearchParams ? sent.get(options.body) : undefined
      let refused = await judge(provider, first?.index ?? 0, response)
      if (credential.form !== 'secrets' || first === undefined) return response
      const { request } = first
      const others = health.order(provider).filter((index) => index !== first.index)
      for (const index of others) {
        if (!refused) return response
        const headers = new Headers(options.headers)
        sendSecret(provider, credential, index, [request[0], request[1], request[2], headers])
        await response.body?.cancel()
        response = await ask(url, { ...options, body: request[2], headers: Object.fromEntries(headers) })
        refused = await judge(provider, index, response)
      }
      return response
    }
  }

  /** Whether we were not believed; what tells nothing about it changes nothing. */
  async function judge(provider: Provider, index: number, response: Response): Promise<boolean> {
    const said = await verdictOf(response)
    if (said === 'accepted') health.accepted(provider, index)
    if (typeof said !== 'object') return false
    health.refused(provider, index, said.code)
    return true
  }

  return { authentication, watched }
}

/**
 * `client_secret_post` where it is announced, since names and secrets with special characters survive it everywhere; else
 * `client_secret_basic`, which is what a provider takes that announces nothing (RFC 8414 section 2).
 */
function sendSecret(provider: Provider, credential: SecretCredential, index: number, request: Request): void {
  const secret = credential.secrets[index]
  if (secret === undefined) throw new Error('a secret that is not there')
  const takesPost = request[0].token_endpoint_auth_methods_supported?.includes('client_secret_post') === true
  const wanted = provider.kind === 'entra' ? 'post' : (credential.sentBy ?? (takesPost ? 'post' : 'basic'))
  const send = wanted === 'post' ? client.ClientSecretPost(secret.reveal()) : client.ClientSecretBasic(secret.reveal())
  send(...request)
}

/** RFC 6749 section 5.2. Entra's number goes along for the operator; no decision rests on it. */
async function verdictOf(response: Response): Promise<'accepted' | 'unknown' | { readonly code: string }> {
  if (response.ok) return 'accepted'
  if (response.status !== 400 && response.status !== 401) return 'unknown'
  const said: unknown = await response
    .clone()
    .json()
    .catch(() => null)
  const isSaid = typeof said === 'object' && said !== null && 'error' in said && typeof said.error === 'string'
  // Who was sent Basic credentials may refuse them with a challenge alone.
  if (!isSaid) return response.headers.has('www-authenticate') ? { code: 'invalid_client' } : 'unknown'
  if (said.error === 'invalid_client') {
    const description = 'error_description' in said ? String(said.error_description) : ''
    return { code: readEntraError(description).code ?? 'invalid_client' }
  }
  return said.error === 'unauthorized_client' || said.error === 'invalid_request' ? 'unknown' : 'accepted'
}
