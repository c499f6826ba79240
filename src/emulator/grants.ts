/** What has been granted and not yet fetched: authorization codes (once, ten minutes) and refresh tokens (ninety days, reusable). */
import { createHash, randomBytes } from 'node:crypto'
import type { Version } from './tenancies.ts'

/** A person's consent to one application, as a code or refresh token stands for it. */
export interface Grant {
  readonly personId: string
  /** First part of the addresses under which it was given. */
  readonly segment: string
  /** Of the protocol: the tokens are of the one that was asked for. */
  readonly version: Version
  readonly sessionId: string
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly nonce: string | null
  /** Set where `max_age` was asked for. */
  readonly authTime: number | null
  readonly signedInAt: number
  readonly secondFactor: boolean
  /** The authentication contexts that the sign-in has satisfied. */
  readonly contexts: readonly string[]
  /** The client says that it understands Continuous Access Evaluation (`cp1`). */
  readonly hearsChallenges: boolean
}

/** What an access token opens: with the permissions of a person's grant, or (`personId` null) with the application's own. */
export interface AccessGrant {
  readonly personId: string | null
  /** The directory that it was given in. */
  readonly tenancyId: string
  readonly scopes: readonly string[]
}

interface CodeGrant extends Grant {
  readonly redirectUri: string
  readonly challenge: { readonly value: string; readonly method: string } | null
}

/** What must fit when a code is redeemed. */
interface Redemption {
  readonly segment: string
  readonly clientId: string
  readonly redirectUri: string
  readonly verifier: string | null
}

/** Either the grant, or the AADSTS code of the refusal. */
export type Redeemed = { readonly grant: Grant } | { readonly code: number; readonly detail?: string }

export interface Grants {
  issueCode(grant: CodeGrant): string
  redeemCode(code: string, redemption: Redemption): Redeemed
  issueRefreshToken(grant: Grant): string
  /** Graph will know the token for so many seconds. */
  rememberAccessToken(token: string, grant: AccessGrant, seconds: number): void
  /** What an access token stands for; null for one that is unknown or has expired. */
  accessGrant(token: string): AccessGrant | null
  redeemRefreshToken(token: string, clientId: string): Redeemed
  /** Refuses from now on, with this code, every refresh token that the person has; null makes them good again. */
  revoke(personId: string, code: number | null): void
}

const codeLifetime = 10 * 60
const refreshLifetime = 90 * 24 * 60 * 60
/** Used and expired codes stay known for a while, so that the refusal can say which of the two it was. */
const codeMemory = 60 * 60

/** @param now seconds since 1970 */
export function createGrants(now: () => number): Grants {
  const codes = new Map<string, { grant: CodeGrant; issuedAt: number; used: boolean }>()
  const refreshTokens = new Map<string, { grant: Grant; usedAt: number; refusedWith: number | null }>()
  const accessTokens = new Map<string, { grant: AccessGrant; expiresAt: number }>()
  return {
    rememberAccessToken(token, grant, seconds) {
      for (const [old, held] of accessTokens) if (held.expiresAt <= now()) accessTokens.delete(old)
      accessTokens.set(token, { grant, expiresAt: now() + seconds })
    },
    accessGrant(token) {
      const held = accessTokens.get(token)
      return held === undefined || held.expiresAt <= now() ? null : held.grant
    },
    issueCode(grant) {
      for (const [code, held] of codes) if (now() - held.issuedAt > codeMemory) codes.delete(code)
      const code = opaque()
      codes.set(code, { grant, issuedAt: now(), used: false })
      return code
    },
    redeemCode(code, redemption) {
      const held = codes.get(code)
      if (held === undefined) return { code: 70000, detail: 'code' }
      if (held.grant.clientId !== redemption.clientId) return { code: 70000, detail: 'code' }
      if (held.grant.redirectUri !== redemption.redirectUri) return { code: 70000, detail: 'redirect_uri' }
      if (held.grant.segment !== redemption.segment) return { code: 700005 }
      if (held.used) return { code: 54005 }
      if (now() - held.issuedAt > codeLifetime) return { code: 70008 }
      if (!verifies(held.grant.challenge, redemption.verifier)) return { code: 501481 }
      held.used = true
      return { grant: held.grant }
    },
    issueRefreshToken(grant) {
      const token = opaque()
      refreshTokens.set(token, { grant, usedAt: now(), refusedWith: null })
      return token
    },
    // The old token keeps working beside the new one: two gateways may refresh at the same time.
    redeemRefreshToken(token, clientId) {
      const held = refreshTokens.get(token)
      if (held === undefined || held.grant.clientId !== clientId) return { code: 70000, detail: 'refresh_token' }
      if (held.refusedWith !== null) return { code: held.refusedWith }
      if (now() - held.usedAt > refreshLifetime) return { code: 700082 }
      held.usedAt = now()
      return { grant: held.grant }
    },
    revoke(personId, code) {
      for (const held of refreshTokens.values()) if (held.grant.personId === personId) held.refusedWith = code
    },
  }
}

/** RFC 7636 section 4.6. A verifier without a challenge is refused too: somebody has taken the challenge out on the way. */
function verifies(challenge: CodeGrant['challenge'], verifier: string | null): boolean {
  if (challenge === null || verifier === null) return challenge === null && verifier === null
  if (challenge.method === 'plain') return verifier === challenge.value
  return createHash('sha256').update(verifier).digest('base64url') === challenge.value
}

/** As long as Entra's, which is more than some clients and proxies expect of a query parameter. */
function opaque(): string {
  return `1.A${randomBytes(600).toString('base64url')}`
}
