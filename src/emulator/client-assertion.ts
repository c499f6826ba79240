/** A client that proves who it is with the key of a registered certificate (RFC 7523), judged as strictly as Entra does. */
import { createHash, X509Certificate } from 'node:crypto'
import { compactVerify } from 'jose'
import type { Problem } from './errors.ts'
import { isInTime, type ReadToken } from './json-web-token.ts'
import type { Application } from './registration.ts'

/** What the thumbprint is called beside each algorithm, and how it is made. The two are not mixed (700027). */
const thumbprints: ReadonlyMap<unknown, { readonly member: string; readonly hash: string }> = new Map([
  ['PS256', { member: 'x5t#S256', hash: 'sha256' }],
  ['RS256', { member: 'x5t', hash: 'sha1' }],
])

/** Longer than these seconds no assertion may be good, give or take a minute. */
const longest = 10 * 60 + 60

interface Presented {
  readonly text: string
  readonly read: ReadToken
  /** The token endpoint as it was called. */
  readonly audience: string
  /** Seconds since 1970. */
  readonly now: number
}

/**
 * Null for the application itself; else what is wrong with the assertion. Where several things are, the first of: it is no
 * readable token (50027), no registered certificate has signed it (700027), somebody else is its issuer or subject (700021), it
 * is meant for another endpoint (700023), its time has passed or is too long (700024).
 * @see https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 */
export async function judgeClientAssertion(presented: Presented, application: Application): Promise<Problem | null> {
  const { read, audience, now } = presented
  const { iss, sub, aud, exp, nbf, iat } = read.claims
  if (typeof aud !== 'string') return { code: 50027, detail: 'the audience is not one text' }
  if (typeof exp !== 'number') return { code: 50027, detail: 'it never expires' }
  if (!(await isSigned(presented, application))) return { code: 700027 }
  if (iss !== application.clientId || sub !== application.clientId) return { code: 700021 }
  if (aud !== audience) return { code: 700023, detail: aud }
  const from = [nbf, iat].find((each) => typeof each === 'number') ?? now
  return isInTime(read, now) && exp - from <= longest ? null : { code: 700024 }
}

/** By the certificate that the thumbprint names, while that is valid. */
async function isSigned({ text, read, now }: Presented, { certificates }: Application): Promise<boolean> {
  const { alg } = read.header
  const way = thumbprints.get(alg)
  if (way === undefined) return false
  const named = certificates
    .map((pem) => new X509Certificate(pem))
    .find(({ raw }) => createHash(way.hash).update(raw).digest('base64url') === read.header[way.member])
  if (named === undefined || Date.parse(named.validTo) / 1000 <= now) return false
  return await compactVerify(text, named.publicKey, { algorithms: [String(alg)] }).then(
    () => true,
    () => false,
  )
}
