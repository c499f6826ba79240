/** The token endpoint: codes and refresh tokens in, an ID token, an access token and perhaps a refresh token out. */
import { randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import type { Request, RequestHandler } from 'express'
import type { Answers } from './answers.ts'
import { refusalOf } from './authorize.ts'
import { idTokenClaims } from './claims.ts'
import type { Backstage } from './control.ts'
import { type Application, type Directory, directoryId, type Person } from './directory.ts'
import { issuer } from './discovery.ts'
import type { Problem } from './errors.ts'
import { formOf } from './form.ts'
import type { Grant, Grants, Redeemed } from './grants.ts'
import { graphAccessToken, signIdToken } from './id-token.ts'
import type { KeyRing } from './keys.ts'
import { grantedScope, readScopes } from './scopes.ts'

export interface TokenParts {
  readonly directory: Directory
  readonly grants: Grants
  readonly keys: KeyRing
  readonly answers: Answers
  readonly takeForgery: Backstage['takeForgery']
  readonly origin: string
  readonly now: () => number
}

export function createTokenEndpoint(parts: TokenParts): RequestHandler {
  const { directory, grants, answers } = parts
  return async (request, response) => {
    response.set(tokenHeaders()).set('x-ms-request-id', randomUUID())
    const form = formOf(request)
    const refused = clientProblem(request, form, directory.application)
    if (refused !== null) return answers.problem(refused, request, response)
    const redeemed = redeem(form, directory.application, grants)
    if ('code' in redeemed) return answers.problem(redeemed, request, response)
    const person = directory.byId(redeemed.grant.personId)
    const refusal = person === null ? 50034 : refusalOf(person)
    if (refusal !== null || person === null) return answers.problem({ code: refusal ?? 50034 }, request, response)
    response.json(await tokens(redeemed.grant, person, parts))
  }
}

/** The cookie is sent to programs too, which have no use for it. */
function tokenHeaders(): Readonly<Record<string, string>> {
  return {
    'Cache-Control': 'no-store, no-cache',
    Pragma: 'no-cache',
    'x-ms-ests-server': '2.1.0.0 - PRETEND ProdSlices',
    'x-ms-clitelem': '1,0,0,,',
    'Set-Cookie': `fpc=${randomBytes(12).toString('base64url')}; path=/; secure; HttpOnly; SameSite=None`,
  }
}

async function tokens(grant: Grant, person: Person, parts: TokenParts): Promise<Record<string, unknown>> {
  const { application } = parts.directory
  const claims = idTokenClaims({ person, grant, application, issuer: issuer(parts.origin), now: parts.now() })
  const [secret = ''] = application.clientSecrets
  // Between an hour and an hour and a half, so that nobody counts on a round figure.
  const expiresIn = 3600 + Math.floor(Math.random() * 1800)
  return {
    token_type: 'Bearer',
    scope: grantedScope(grant.scopes),
    expires_in: expiresIn,
    ext_expires_in: expiresIn,
    access_token: graphAccessToken(accessClaims(grant, person, parts, expiresIn), parts.keys),
    ...(grant.scopes.includes('offline_access') ? { refresh_token: parts.grants.issueRefreshToken(grant) } : {}),
    ...(grant.scopes.includes('openid')
      ? { id_token: await signIdToken(claims, parts.keys, parts.takeForgery(), secret) }
      : {}),
  }
}

function accessClaims(grant: Grant, person: Person, parts: TokenParts, expiresIn: number): Record<string, unknown> {
  const issuedAt = Math.floor(parts.now())
  return {
    aud: '00000003-0000-0000-c000-000000000000',
    iss: `https://sts.windows.net/${directoryId}/`,
    ...{ iat: issuedAt, nbf: issuedAt, exp: issuedAt + expiresIn },
    ...{ appid: grant.clientId, oid: person.id, tid: directoryId, ver: '1.0' },
    scp: grant.scopes.filter((scope) => scope !== 'offline_access').join(' '),
  }
}

/** Who calls: the secret in the body, or in the Authorization header (each part form-encoded first, RFC 6749 section 2.3.1). */
function clientProblem(request: Request, form: URLSearchParams, application: Application): Problem | null {
  const basic = basicCredentials(request.get('authorization'))
  const id = basic?.id ?? form.get('client_id')
  const secret = basic?.secret ?? form.get('client_secret')
  if (id === null) return { code: 900144, detail: 'client_id' }
  if (id.toLowerCase() !== application.clientId) return { code: 700016, detail: id }
  if (secret === null || secret === '') return { code: 7000218 }
  return application.clientSecrets.some((own) => same(own, secret)) ? null : { code: 7000215 }
}

function basicCredentials(header: string | undefined): { readonly id: string; readonly secret: string } | null {
  const [, encoded] = /^basic ([a-z0-9+/=_-]+)$/i.exec(header ?? '') ?? []
  if (encoded === undefined) return null
  const [id = '', secret = ''] = Buffer.from(encoded, 'base64').toString().split(':')
  // URLSearchParams undoes the form encoding, and never throws.
  const decoded = (text: string) => new URLSearchParams(`value=${text}`).get('value') ?? ''
  return { id: decoded(id), secret: decoded(secret) }
}

function redeem(form: URLSearchParams, application: Application, grants: Grants): Redeemed {
  const grantType = form.get('grant_type')
  const missing = (name: string): Redeemed => ({ code: 900144, detail: name })
  if (grantType === null) return missing('grant_type')
  if (grantType === 'authorization_code') {
    const code = form.get('code')
    const redirectUri = form.get('redirect_uri')
    if (code === null) return missing('code')
    if (redirectUri === null) return missing('redirect_uri')
    const verifier = form.get('code_verifier')
    return grants.redeemCode(code, { clientId: application.clientId, redirectUri, verifier })
  }
  if (grantType === 'refresh_token') {
    const token = form.get('refresh_token')
    if (token === null) return missing('refresh_token')
    return narrowed(grants.redeemRefreshToken(token, application.clientId), form.get('scope'))
  }
  return { code: 70003, detail: grantType }
}

/** A refresh may ask for fewer scopes. Its ID token has no nonce: nobody sent one. */
function narrowed(redeemed: Redeemed, scope: string | null): Redeemed {
  if ('code' in redeemed) return redeemed
  const grant = { ...redeemed.grant, nonce: null }
  if (scope === null) return { grant }
  const read = readScopes(scope)
  if ('code' in read) return read
  const foreign = read.scopes.find((asked) => !grant.scopes.includes(asked))
  return foreign === undefined ? { grant: { ...grant, scopes: read.scopes } } : { code: 65001 }
}

function same(left: string, right: string): boolean {
  const [one, other] = [Buffer.from(left), Buffer.from(right)]
  return one.length === other.length && timingSafeEqual(one, other)
}
