/** The token endpoint: codes and refresh tokens in, an ID token, an access token and perhaps a refresh token out. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { RequestHandler } from 'express'
import type { Answers } from './answers.ts'
import { refusalOf } from './authorize.ts'
import { audienceProblem } from './authorize-request.ts'
import { idTokenClaims } from './claims.ts'
import { authenticateClient, secretsOf } from './client-authentication.ts'
import type { Consents } from './consents.ts'
import type { Backstage } from './control.ts'
import type { Directory, Person } from './directory.ts'
import type { Problem } from './errors.ts'
import { formOf } from './form.ts'
import type { Grant, Grants, Redeemed } from './grants.ts'
import { graphAccessToken, signIdToken } from './id-token.ts'
import type { KeyRing } from './keys.ts'
import { grantedScope, readScopes } from './scopes.ts'
import { policyAtRefresh } from './sign-in-policy.ts'
import { type Authority, authorityOf, consumersId, issuer } from './tenancies.ts'

export interface TokenParts {
  readonly directory: Directory
  readonly consents: Consents
  readonly grants: Grants
  readonly keys: KeyRing
  readonly answers: Answers
  readonly takeForgery: Backstage['takeForgery']
  readonly origin: string
  readonly now: () => number
}

export function createTokenEndpoint(parts: TokenParts): RequestHandler {
  const { directory, grants, answers, now } = parts
  return async (request, response) => {
    response.set(tokenHeaders()).set('x-ms-request-id', randomUUID())
    const form = formOf(request)
    const { application } = directory
    const authority = authorityOf(String(request.params.tenant))
    if (authority === null) return answers.problem({ code: 90002 }, request, response)
    const refuse = (problem: Problem) => answers.problem(problem, request, response)
    const authorization = request.get('authorization')
    const url = `${parts.origin}/${authority.segment}/oauth2/v2.0/token`
    const refused = await authenticateClient({ form, authorization, url, now: now() }, application)
    if (refused !== null) return refuse(refused)
    const unfit = audienceProblem(application, authority)
    if (unfit !== null) return refuse({ code: unfit, detail: application.clientId })
    const redeemed = redeem(form, authority, application.clientId, grants)
    if ('code' in redeemed) return refuse(redeemed)
    const { grant } = redeemed
    // A refresh may ask for less, and the next refresh token still stands for all (RFC 6749 section 6).
    const whole = { ...grant, scopes: 'whole' in redeemed ? redeemed.whole : grant.scopes }
    const person = directory.byId(grant.personId)
    if (person === null) return refuse({ code: 50034 })
    const refusal = refusalAt(form.get('grant_type'), grant, person, parts)
    if (refusal !== null) return refuse({ code: refusal, detail: person.username })
    response.json(await tokens({ grant, whole }, person, parts))
  }
}

/** What has become of the person, the consent and the policies since the grant was given; null for nothing that matters. */
function refusalAt(grantType: string | null, grant: Grant, person: Person, parts: TokenParts): number | null {
  const { application } = parts.directory
  const refusal = refusalOf(person)
  if (refusal !== null || grantType !== 'refresh_token') return refusal
  if (parts.consents.missing(person, application) !== 'nothing') return 65001
  return policyAtRefresh(application, grant, parts.now())
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

async function tokens(
  { grant, whole }: { readonly grant: Grant; readonly whole: Grant },
  person: Person,
  parts: TokenParts,
): Promise<Record<string, unknown>> {
  const { application, groups } = parts.directory
  const { grants, keys } = parts
  const claims = idTokenClaims({
    ...{ person, grant, application, groups, now: parts.now() },
    issuer: issuer(parts.origin, person.directory),
  })
  const [secret = ''] = secretsOf(application)
  const own = application.ownSigningKey ? await keys.applicationKey() : keys.signer()
  const genuine = person.directory === consumersId ? keys.consumers() : own
  // Between an hour and an hour and a half, so that nobody counts on a round figure.
  const expiresIn = 3600 + Math.floor(Math.random() * 1800)
  const accessToken = graphAccessToken(accessClaims(grant, person, parts, expiresIn), keys)
  grants.rememberAccessToken(accessToken, grant, expiresIn)
  return {
    token_type: 'Bearer',
    scope: grantedScope(grant.scopes),
    expires_in: expiresIn,
    ext_expires_in: expiresIn,
    access_token: accessToken,
    ...(grant.scopes.includes('offline_access') ? { refresh_token: grants.issueRefreshToken(whole) } : {}),
    ...(grant.scopes.includes('openid')
      ? { id_token: await signIdToken(claims, { keys, genuine, forgery: parts.takeForgery(), clientSecret: secret }) }
      : {}),
  }
}

function accessClaims(grant: Grant, person: Person, parts: TokenParts, expiresIn: number): Record<string, unknown> {
  const issuedAt = Math.floor(parts.now())
  return {
    aud: '00000003-0000-0000-c000-000000000000',
    iss: `https://sts.windows.net/${person.directory}/`,
    ...{ iat: issuedAt, nbf: issuedAt, exp: issuedAt + expiresIn },
    ...{ appid: grant.clientId, oid: person.id, tid: person.directory, ver: '1.0' },
    scp: grant.scopes.filter((scope) => scope !== 'offline_access').join(' '),
  }
}

function redeem(form: URLSearchParams, authority: Authority, clientId: string, grants: Grants): Redeemed | Narrowed {
  const grantType = form.get('grant_type')
  const missing = (name: string): Redeemed => ({ code: 900144, detail: name })
  if (grantType === null) return missing('grant_type')
  if (grantType === 'authorization_code') {
    const code = form.get('code')
    const redirectUri = form.get('redirect_uri')
    if (code === null) return missing('code')
    if (redirectUri === null) return missing('redirect_uri')
    const verifier = form.get('code_verifier')
    return grants.redeemCode(code, { segment: authority.segment, clientId, redirectUri, verifier })
  }
  if (grantType === 'refresh_token') {
    const token = form.get('refresh_token')
    if (token === null) return missing('refresh_token')
    return narrowed(grants.redeemRefreshToken(token, clientId), form.get('scope'))
  }
  return { code: 70003, detail: grantType }
}

/** `whole`: what was granted in all. */
type Narrowed = { readonly grant: Grant; readonly whole: readonly string[] }

/** A refresh may ask for fewer scopes. Its ID token has no nonce: nobody sent one. */
function narrowed(redeemed: Redeemed, scope: string | null): Redeemed | Narrowed {
  if ('code' in redeemed) return redeemed
  const grant = { ...redeemed.grant, nonce: null }
  if (scope === null) return { grant }
  const read = readScopes(scope)
  if ('code' in read) return read
  const foreign = read.scopes.find((asked) => !grant.scopes.includes(asked))
  return foreign === undefined ? { grant: { ...grant, scopes: read.scopes }, whole: grant.scopes } : { code: 65001 }
}
