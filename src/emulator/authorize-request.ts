/** Reads and judges an authorization request: what is wrong with it, and whether the application may hear of it. */
import { type AskedClaims, readAskedClaims } from './asked-claims.ts'
import type { Problem } from './errors.ts'
import { type Application, isRegistered } from './registration.ts'
import { readScopes, type Scopes } from './scopes.ts'
import { type Authority, consumersId, contoso, type Version } from './tenancies.ts'
import { resources, scopesOfVersionOne } from './version-one.ts'

export interface AuthorizeRequest extends ReturnAddress {
  readonly nonce: string | null
  readonly scopes: readonly string[]
  readonly prompt: Prompt | null
  readonly loginHint: string | null
  readonly maxAge: number | null
  readonly domainHint: string | null
  readonly claims: AskedClaims
  readonly challenge: { readonly value: string; readonly method: string } | null
}

type Prompt = 'login' | 'none' | 'consent' | 'select_account'

/** Where an answer goes back to. */
export interface ReturnAddress {
  readonly redirectUri: string
  readonly state: string | null
  readonly mode: ResponseMode
}

export type ResponseMode = 'query' | 'fragment' | 'form_post'

export type ReadRequest =
  | { readonly act: 'go-on'; readonly request: AuthorizeRequest }
  /** Told to the person on a page of ours: the address to go back to cannot be trusted. */
  | { readonly act: 'page'; readonly problem: Problem }
  | { readonly act: 'redirect'; readonly problem: Problem; readonly back: ReturnAddress }

/** @param parameters the query as sent; of a parameter that stands there twice the first counts */
export function readAuthorizeRequest(
  parameters: URLSearchParams,
  application: Application,
  { authority, version }: { readonly authority: Authority; readonly version: Version },
): ReadRequest {
  const page = (code: number, detail: string): ReadRequest => ({ act: 'page', problem: { code, detail } })
  const client = parameters.get('client_id')
  if (client === null) return page(900144, 'client_id')
  if (client.toLowerCase() !== application.clientId) return page(700016, client)
  const unfit = audienceProblem(application, authority)
  if (unfit !== null) return page(unfit, client)
  const redirectUri = parameters.get('redirect_uri')
  if (redirectUri === null) return page(900144, 'redirect_uri')
  if (!isRegistered(application, redirectUri)) return page(50011, redirectUri)

  const sent = parameters.get('response_mode') ?? 'query'
  const mode: ResponseMode = isMode(sent) ? sent : 'query'
  const back = { redirectUri, state: withoutTags(parameters.get('state')), mode }
  const read = readDetails(parameters, back, version)
  const unguarded = application.platform === 'spa' && !parameters.has('code_challenge')
  if (unguarded && !('code' in read)) return { act: 'redirect', problem: { code: 9002325 }, back }
  return 'code' in read ? { act: 'redirect', problem: read, back } : { act: 'go-on', request: read }
}

function readDetails(parameters: URLSearchParams, back: ReturnAddress, version: Version): AuthorizeRequest | Problem {
  const type = parameters.get('response_type')
  if (type === null) return { code: 900144, detail: 'response_type' }
  if (type !== 'code') return { code: 700054, detail: type }
  const mode = parameters.get('response_mode') ?? 'query'
  if (!isMode(mode)) return { code: 70007, detail: mode }
  const prompt = parameters.get('prompt')
  if (prompt !== null && !isPrompt(prompt)) return { code: 90023, detail: 'prompt' }
  const maxAge = parameters.get('max_age')
  if (maxAge !== null && !/^\d{1,10}$/.test(maxAge)) return { code: 90023, detail: 'max_age' }
  const read = version === '1.0' ? readResource(parameters.get('resource')) : readScope(parameters)
  if ('code' in read) return read
  const claims = readAskedClaims(parameters.get('claims'))
  if (claims === null) return { code: 90023, detail: 'claims' }
  const value = parameters.get('code_challenge')
  const method = parameters.get('code_challenge_method') ?? 'plain'
  if (value !== null && !/^[A-Za-z0-9._~-]{43,128}$/.test(value)) return { code: 501491 }
  if (value !== null && method !== 'S256' && method !== 'plain') return { code: 501491 }
  return {
    ...back,
    nonce: parameters.get('nonce'),
    scopes: read.scopes,
    prompt,
    loginHint: parameters.get('login_hint'),
    domainHint: parameters.get('domain_hint'),
    claims,
    maxAge: maxAge === null ? null : Number(maxAge),
    challenge: value === null ? null : { value, method },
  }
}

function readScope(parameters: URLSearchParams): Scopes {
  const scope = parameters.get('scope')
  if (parameters.has('resource')) return { code: 901002, detail: 'resource' }
  return scope === null ? { code: 900144, detail: 'scope' } : readScopes(scope)
}

/** Version 1 asks for a resource, and for nothing in it. */
function readResource(resource: string | null): Scopes {
  const known = resource === null || resources.includes(resource.replace(/\/$/, ''))
  return known ? { scopes: scopesOfVersionOne } : { code: 500011, detail: resource }
}

function isPrompt(text: string): text is Prompt {
  return ['login', 'none', 'consent', 'select_account'].includes(text)
}

/** Entra takes HTML tags out of the state before it sends it back. */
function withoutTags(state: string | null): string | null {
  return state?.replace(/<[^>]*>/g, '') ?? null
}

function isMode(text: string): text is ResponseMode {
  return ['query', 'fragment', 'form_post'].includes(text)
}

/**
 * Whether the application may be signed in to under this authority: one of a single directory is unknown in every other
 * (700016) and refused under a keyword (50194, 9002332), as is one for organisations under `consumers`. Null for yes.
 */
export function audienceProblem({ audience }: Application, { keyword, tenancyId }: Authority): number | null {
  if (audience === 'contoso') {
    if (tenancyId === contoso.id) return null
    return keyword === null ? 700016 : keyword === 'consumers' ? 9002332 : 50194
  }
  if (audience === 'organizations') return tenancyId === consumersId ? 9002332 : null
  return audience === 'consumers' && tenancyId !== consumersId ? 50194 : null
}
