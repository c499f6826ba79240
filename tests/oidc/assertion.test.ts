import { createHash, X509Certificate } from 'node:crypto'
import { compactVerify, decodeJwt, decodeProtectedHeader } from 'jose'
import { expect, test } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { createAuthority } from '../certificates.ts'
import { clientId, startTokenEndpoint } from './token-endpoint.ts'

const pair = createAuthority().issue('DNS:gate.example', 2, 'rsa')
const certificate = { chain: pair.cert, key: new Secret(pair.key), expiresAt: 4_000_000_000 }

test('certificateAuthentication signs for Entra as it wants it: PS256, thumbprint, its token endpoint as the one audience, ten minutes at most', async () => {
  const endpoint = await startTokenEndpoint()
  const provider = endpoint.provider({ form: 'certificate', certificate })
  await endpoint.refresh(provider)
  await endpoint.refresh(provider)
  const [first, second] = endpoint.told
  const assertion = first?.form.get('client_assertion') ?? ''
  const { raw, publicKey } = new X509Certificate(pair.cert)
  expect(decodeProtectedHeader(assertion)).toEqual({
    ...{ alg: 'PS256', typ: 'JWT' },
    'x5t#S256': createHash('sha256').update(raw).digest('base64url'),
  })
  await compactVerify(assertion, publicKey)
  const claims = decodeJwt(assertion)
  expect(claims).toMatchObject({ iss: clientId, sub: clientId, aud: endpoint.tokenEndpoint })
  expect((claims.exp ?? 0) - (claims.nbf ?? 0)).toBeLessThanOrEqual(600)
  expect(claims.jti).not.toBe(decodeJwt(second?.form.get('client_assertion') ?? '').jti)
  expect(Object.fromEntries(first?.form ?? [])).toMatchObject({
    client_id: clientId,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  })
  expect([first?.form.has('client_secret'), first?.headers.authorization]).toEqual([false, undefined])
  await endpoint.close()
})
