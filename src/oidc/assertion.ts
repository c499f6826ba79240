/** Who we are, signed with the key of a certificate (RFC 7523): nothing secret travels. */
import { createPrivateKey, type KeyObject, subtle, X509Certificate } from 'node:crypto'
import * as client from 'openid-client'
import type { CertificateCredential, Provider } from '../core/gateway.ts'

/** How Node names what the provider calls by one word (RFC 7518 section 3.1). */
const algorithms = {
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
} as const

/**
 * Entra wants PS256, the SHA-256 thumbprint of the certificate in `x5t#S256`, and its token endpoint as the one audience; other
 * providers their issuer as audience, and RS256 where they do not announce PS256.
 * @see https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 */
export function certificateAuthentication(
  provider: Provider,
  { certificate }: CertificateCredential,
): client.ClientAuth {
  const key = createPrivateKey(certificate.key.reveal())
  const thumbprint = new X509Certificate(certificate.chain).fingerprint256.replaceAll(':', '')
  const x5t = Buffer.from(thumbprint, 'hex').toString('base64url')
  const made = new Map<keyof typeof algorithms, Promise<client.ClientAuth>>()
  return async (server, ...request) => {
    const algorithm = algorithmFor(provider, key, server)
    const sign = made.get(algorithm) ?? signing(key, algorithm, provider.kind === 'entra', x5t)
    made.set(algorithm, sign)
    await (await sign)(server, ...request)
  }
}

async function signing(
  key: KeyObject,
  algorithm: keyof typeof algorithms,
  toEntra: boolean,
  x5t: string,
): Promise<client.ClientAuth> {
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' })
  const imported = await subtle.importKey('pkcs8', new Uint8Array(pkcs8), algorithms[algorithm], false, ['sign'])
  return (server, ...request) => {
    const sign = client.PrivateKeyJwt(imported as client.CryptoKey, {
      [client.modifyAssertion](header, payload) {
        header.typ = 'JWT'
        header['x5t#S256'] = x5t
        if (toEntra && server.token_endpoint !== undefined) payload.aud = server.token_endpoint
      },
    })
    return sign(server, ...request)
  }
}

function algorithmFor(provider: Provider, key: KeyObject, server: client.ServerMetadata): keyof typeof algorithms {
  if (key.asymmetricKeyType === 'ec') return 'ES256'
  const announced = server.token_endpoint_auth_signing_alg_values_supported
  return provider.kind === 'entra' || announced?.includes('PS256') === true ? 'PS256' : 'RS256'
}
