/** Certificates and private keys as PEM: what is said of them must be true before the gateway shows them to anybody. */
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { createSecureContext } from 'node:tls'
import type { Certificate } from '../core/gateway.ts'
import type { Secret } from '../core/secret.ts'
import type { Reading } from './values.ts'

/** Stand in where nobody asks for the real ones (`check --without-secrets`). */
export const placeholderCertificate = `-----BEGIN CERTIFICATE-----
MIIBlDCCATmgAwIBAgIUEEpUR37aSe69UUFqO32B91u9JA4wCgYIKoZIzj0EAwIw
HjEcMBoGA1UEAwwTcGxhY2Vob2xkZXIuaW52YWxpZDAgFw0yNjExMjEwNDU5MDFa
GA8yMTI2MTAyODA0NTkwMVowHjEcMBoGA1UEAwwTcGxhY2Vob2xkZXIuaW52YWxp
ZDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMJUkxqJUlYPFeFQeHBhB8qUAE7/
i+G+EMh9DwZiJK6OJv8PhxLV563hS8Gyq0HgsmNx/lZ1/47Wqdl8Qy2qTvijUzBR
MB0GA1UdDgQWBBR54ncu9RLGhoshG+xrV9TCDYO83TAfBgNVHSMEGDAWgBR54ncu
9RLGhoshG+xrV9TCDYO83TAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kA
MEYCIQDr2/qkQqEPkOGWnMmyH90bOhyIbH9iZ55T8mBlTi30AAIhAMZUD6eX4qPF
gBveNS//n0/u7x8EiuyP5emJ/IUWntxz
-----END CERTIFICATE-----`
export const placeholderKey = generateKeyPairSync('ed25519')
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString()

const oneCertificate = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g

/** One certificate or more, as PEM. */
export function readCertificates(text: string): Reading<string> {
  const found = text.match(oneCertificate) ?? []
  if (found.length === 0) return { problem: 'there is no certificate (PEM) in this file' }
  return found.every(isCertificate) ? { value: text } : { problem: 'a certificate in this file cannot be read' }
}

/** A private key without passphrase, as PEM. */
export function readPrivateKey(text: string): Reading<string> {
  if (/ENCRYPTED/.test(text)) return { problem: 'the private key in this file has a passphrase' }
  try {
    createPrivateKey(text)
    return { value: text }
  } catch {
    return { problem: 'there is no private key (PEM) in this file' }
  }
}

/**
 * What speaks against showing a certificate.
 * @param chain PEM; the first is the one that is shown. @param now seconds since 1970.
 * @returns sentences, empty where all is well.
 */
export function certificateProblems(chain: string, key: Secret, now: number): readonly string[] {
  const certificate = firstOf(chain)
  const fits = certificate.checkPrivateKey(createPrivateKey(key.reveal()))
  const problems = fits ? handshakeProblems(chain, key) : ['the private key is not the one of this certificate']
  if (expiryOf(chain) <= now) problems.push(`the certificate expired on ${certificate.validTo}`)
  if (Date.parse(certificate.validFrom) / 1_000 > now)
    problems.push(`the certificate is valid only from ${certificate.validFrom} on`)
  return problems
}

/** As long as handshakes are quick: with larger keys, strangers could keep us busy with nothing but beginning some (T88). */
const largestRsaKey = 4_096

/** What TLS itself has against it, such as keys and signatures that are too weak. */
function handshakeProblems(chain: string, key: Secret): string[] {
  const { modulusLength = 0 } = createPrivateKey(key.reveal()).asymmetricKeyDetails ?? {}
  if (modulusLength > largestRsaKey)
    return [`an RSA key of ${modulusLength} bits makes every handshake slow: at most 4096`]
  try {
    createSecureContext({ cert: chain, key: key.reveal() })
    return []
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    return [`TLS does not take this certificate and key (${code})`]
  }
}

/**
 * What speaks against signing who we are with a key: Entra takes RSA alone, and nobody less than 2,048 bits.
 * @param kinds what the provider can check.
 */
export function signingKeyProblem(key: Secret, kinds: readonly ('rsa' | 'ec')[]): string | null {
  const { asymmetricKeyType: kind, asymmetricKeyDetails: details } = createPrivateKey(key.reveal())
  const words = kinds.map((each) => (each === 'rsa' ? 'RSA' : 'P-256')).join(' or ')
  if (!kinds.some((each) => each === kind)) return `the key must be ${words}`
  if (kind === 'rsa') return (details?.modulusLength ?? 0) < 2_048 ? 'the key has fewer than 2048 bits' : null
  return details?.namedCurve === 'prime256v1' ? null : `the key must be ${words}`
}

/** Whether a certificate is for a host, which may be an address (in brackets where it is IPv6). The subject's name counts no more (RFC 9525). */
export function isCertificateFor(chain: string, host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '')
  if (isIP(address) !== 0) return firstOf(chain).checkIP(address) !== undefined
  return firstOf(chain).checkHost(host, { subject: 'never' }) !== undefined
}

/** As the compiled model holds it. */
export function compileCertificate({ cert, key }: { readonly cert: string; readonly key: Secret }): Certificate {
  return { chain: cert, key, expiresAt: expiryOf(cert) }
}

/** When the first certificate expires, in seconds since 1970. */
export function expiryOf(chain: string): number {
  return Math.floor(Date.parse(firstOf(chain).validTo) / 1_000)
}

function firstOf(chain: string): X509Certificate {
  return new X509Certificate(chain)
}

function isCertificate(text: string): boolean {
  try {
    firstOf(text)
    return true
  } catch {
    return false
  }
}
