/** Signs an ID token: properly, or wrongly in just the way that a test asks for. */
import { createHmac, type KeyObject, randomBytes, sign } from 'node:crypto'
import { SignJWT } from 'jose'
import type { KeyRing, SigningKey } from './keys.ts'

/** How the next ID token is to differ from the truth. */
export interface Forgery {
  /** Claims that are put in or changed. */
  readonly set?: Readonly<Record<string, unknown>>
  /** Claims that are taken out. */
  readonly remove?: readonly string[]
  /**
   * Who signs: a key that was never published, the published key of personal accounts, nobody (`alg: none`), the client
   * secret (HS256), or the right key over other bytes.
   */
  readonly signedBy?: 'unpublished-key' | 'consumers-key' | 'nobody' | 'client-secret' | 'other-bytes'
  /** The key id in the header, whoever signs; null for none. */
  readonly kid?: string | null
}

interface Signing {
  readonly keys: KeyRing
  /** The key that signs when nothing is forged. */
  readonly genuine: SigningKey
  readonly forgery: Forgery | null
  /** Only for the forgery that signs with it. */
  readonly clientSecret: string
}

export async function signIdToken(
  claims: Record<string, unknown>,
  { keys, genuine, forgery, clientSecret }: Signing,
): Promise<string> {
  if (forgery === null) return signed(claims, genuine.kid, genuine.privateKey)
  const said = Object.fromEntries(
    Object.entries({ ...claims, ...forgery.set }).filter(([name]) => !forgery.remove?.includes(name)),
  )
  const kid = forgery.kid === undefined ? genuine.kid : forgery.kid
  switch (forgery.signedBy) {
    case undefined:
      return signed(said, kid, genuine.privateKey)
    case 'unpublished-key':
      return signed(said, kid, (await keys.stranger()).privateKey)
    case 'consumers-key':
      return signed(said, forgery.kid === undefined ? keys.consumers().kid : kid, keys.consumers().privateKey)
    case 'nobody':
      return `${unsigned({ typ: 'JWT', alg: 'none' }, said)}.`
    case 'client-secret': {
      const content = unsigned({ typ: 'JWT', alg: 'HS256', ...(kid === null ? {} : { kid }) }, said)
      return `${content}.${createHmac('sha256', clientSecret).update(content).digest('base64url')}`
    }
    case 'other-bytes': {
      const content = unsigned({ typ: 'JWT', alg: 'RS256', ...(kid === null ? {} : { kid }) }, said)
      return `${content}.${sign('sha256', Buffer.from(`${content}x`), genuine.privateKey).toString('base64url')}`
    }
    default:
      return forgery.signedBy satisfies never
  }
}

/** Looks like Graph's: with a nonce in the header, and a signature that only Graph could check. Opaque to everybody else. */
export function graphAccessToken(claims: Record<string, unknown>, keys: KeyRing): string {
  const { kid } = keys.signer()
  const header = { typ: 'JWT', nonce: randomBytes(32).toString('base64url'), alg: 'RS256', x5t: kid, kid }
  return `${unsigned(header, claims)}.${randomBytes(256).toString('base64url')}`
}

function signed(claims: Record<string, unknown>, kid: string | null, key: KeyObject): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ typ: 'JWT', alg: 'RS256', ...(kid === null ? {} : { kid }) })
    .sign(key)
}

function unsigned(header: Record<string, unknown>, claims: Record<string, unknown>): string {
  return [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
}
