/** The identity service of a pretend machine: tokens of its managed identity, which count as federated credentials. */
import type { RequestHandler } from 'express'
import { SignJWT } from 'jose'
import type { KeyRing } from './keys.ts'
import { contoso, issuer } from './tenancies.ts'

/** The identity that the machine has: its client id, and the principal id that is the subject of its tokens. */
export const managedIdentity = {
  clientId: '5e2b7d90-41c8-4f6a-9b35-d8a0c7e1f264',
  principalId: 'b6c40f8e-7a19-4d52-8e03-92f5d1a7c3b8',
} as const

const lifetime = 24 * 60 * 60

interface ServiceParts {
  readonly keys: KeyRing
  readonly origin: string
  /** Seconds since 1970. */
  readonly now: () => number
}

/**
 * Answers as on a virtual machine (`Metadata: true`) and as on App Service (`X-IDENTITY-HEADER`): one of the two headers must be
 * there, so that no browser gets a token.
 * @see https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
 */
export function createManagedIdentity({ keys, origin, now }: ServiceParts): RequestHandler {
  return async (request, response) => {
    const { resource, client_id: wanted } = request.query
    const refuse = (error_description: string) =>
      response.status(400).json({ error: 'invalid_request', error_description })
    if (request.get('metadata') !== 'true' && request.get('x-identity-header') === undefined) {
      return void refuse('Required metadata header not specified')
    }
    if (typeof resource !== 'string') return void refuse('Required query variable resource is missing')
    if (wanted !== undefined && wanted !== managedIdentity.clientId) return void refuse('Identity not found')
    const { kid, privateKey } = keys.signer()
    const from = Math.floor(now())
    const times = { iat: from, nbf: from, exp: from + lifetime }
    const who = { sub: managedIdentity.principalId, oid: managedIdentity.principalId, azp: managedIdentity.clientId }
    const claims = { aud: resource, iss: issuer(origin, contoso.id), tid: contoso.id, idtyp: 'app', ver: '2.0' }
    const token = await new SignJWT({ ...claims, ...who, ...times })
      .setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid })
      .sign(privateKey)
    const seconds = { expires_in: String(lifetime), ext_expires_in: String(lifetime), expires_on: String(times.exp) }
    const said = { access_token: token, client_id: managedIdentity.clientId, not_before: String(from), resource }
    response.set('Cache-Control', 'no-store').json({ ...said, ...seconds, token_type: 'Bearer' })
  }
}
