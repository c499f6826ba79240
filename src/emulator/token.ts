/** The token endpoint: codes and refresh tokens in, an ID token, an access token and perhaps a refresh token out. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import { refusalOf } from './account.ts'
import type { Answers } from './answers.ts'
import { applicationToken } from './application-token.ts'
import { audienceProblem } from './authorize-request.ts'
import { authenticateClient } from './client-authentication.ts'
import type { Consents } from './consents.ts'
import type { Person } from './directory.ts'
import type { Problem } from './errors.ts'
import { unavailable } from './failures.ts'
import { formOf } from './form.ts'
import type { Grant, Grants, Redeemed } from './grants.ts'
import { type IssueParts, issueTokens, type TokenAnswer } from './issue-tokens.ts'
import { readScopes } from './scopes.ts'
import { policyAtRefresh } from './sign-in-policy.ts'
import { type Authority, authorityOf } from './tenancies.ts'

export interface TokenParts extends IssueParts {
  readonly consents: Consents
  readonly answers: Answers
}

export function createTokenEndpoint(parts: TokenParts): RequestHandler {
  const { directory, grants, now } = parts

  async function answerTo(request: Request, authority: Authority): Promise<Problem | TokenAnswer> {
    const form = formOf(request)
    const { application } = directory
    const authorization = request.get('authorization')
    const url = `${parts.origin}${request.path.replace(/^\/[^/]+/, `/${authority.segment}`)}`
    const refused = await authenticateClient({ form, authorization, url, now: now() }, application)
    if (refused !== null) return refused
    const unfit = audienceProblem(application, authority)
    if (unfit !== null) return { code: unfit, detail: application.clientId }
    if (application.platform === 'spa' && request.get('origin') === undefined) return { code: 9002327 }
    if (form.get('grant_type') === 'client_credentials') {
      return applicationToken({ scope: form.get('scope'), authority, application, now: now() }, parts)
    }
    const redeemed = redeem(form, authority, application.clientId, grants)
    if ('code' in redeemed) return redeemed
    const { grant } = redeemed
    // A refresh may ask for less, and the next refresh token still stands for all (RFC 6749 section 6).
    const whole = { ...grant, scopes: 'whole' in redeemed ? redeemed.whole : grant.scopes }
    const person = directory.byId(grant.personId)
    if (person === null) return { code: 50034 }
    const refusal = refusalAt(form.get('grant_type'), grant, person, parts)
    return refusal === null
      ? await issueTokens({ grant, whole }, person, parts)
      : { code: refusal, detail: person.username }
  }

  return async (request, response) => {
    response.set(tokenHeaders()).set('x-ms-request-id', randomUUID())
    const authority = authorityOf(String(request.params.tenant))
    const answer = authority === null ? { code: 90002 } : await answerTo(request, authority)
    if (!isProblem(answer)) response.json(answer)
    else if (answer.code >= 600) parts.answers.problem(answer, request, response)
    else answerFromBefore(answer.code, response)
  }
}

function isProblem(answer: Problem | TokenAnswer): answer is Problem {
  return 'code' in answer
}

/** No AADSTS code but a status: what stands before Entra has answered, with a page. */
function answerFromBefore(status: number, response: Response): void {
  response.status(status).set('Retry-After', '1').type('html').send(unavailable)
}

/** Refresh tokens of pages that keep them in the browser live a day, however often they are used. */
const spaLifetime = 24 * 60 * 60

/** What has become of the person, the consent and the policies since the grant was given; null for nothing that matters. */
function refusalAt(grantType: string | null, grant: Grant, person: Person, parts: TokenParts): number | null {
  const { application } = parts.directory
  const refusal = refusalOf(person)
  if (refusal !== null || grantType !== 'refresh_token') return refusal
  if (application.platform === 'spa' && parts.now() - grant.signedInAt > spaLifetime) return 700084
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
