/** What a provider tells us on the back channel: a signed token that says whose session has ended there. */
import { createRemoteJWKSet, errors, type JWTPayload, customFetch as joseFetch, jwtVerify } from 'jose'
import { type Configuration, type CustomFetch, customFetch } from 'openid-client'
import { Fault } from '../core/fault.ts'
import type { PlainProvider } from '../core/gateway.ts'
import type { Providers } from './provider.ts'

export interface SignedOut {
  /** The provider's session; null where it ends all of the person's. */
  readonly sid: string | null
  readonly sub: string | null
  /** Names the token: it counts once. */
  readonly jti: string
}

export interface LogoutTokens {
  /**
   * OpenID Connect Back-Channel Logout 1.0 section 2.6.
   * @returns what the token says, or the rule that it breaks, in words of ours. Whether it was used before is the
   *   caller's to see.
   * @throws Fault `provider_unreachable` where the provider's keys cannot be had.
   */
  read(provider: PlainProvider, token: string): Promise<SignedOut | { readonly refused: string }>
}

const eventName = 'http://schemas.openid.net/event/backchannel-logout'
const clockTolerance = 60
/** Seconds. A token is sent when it is made; a caller remembers it for longer than this, and so none counts twice. */
export const logoutTokenAge = 600
const longestToken = 16_384

type Keys = ReturnType<typeof createRemoteJWKSet>

/** @param clock seconds since 1970. */
export function createLogoutTokens(providers: Providers, clock: () => number): LogoutTokens {
  // Hangs on what was discovered: with another document come other keys.
  const keySets = new WeakMap<Configuration, Keys>()

  function keysOf(configuration: Configuration): Keys {
    const known = keySets.get(configuration)
    if (known !== undefined) return known
    const { jwks_uri: address = '' } = configuration.serverMetadata()
    const ask: CustomFetch | undefined = configuration[customFetch]
    if (ask === undefined) throw new Error('a configuration that was made elsewhere')
    const made = createRemoteJWKSet(new URL(address), {
      // The same way out as everything else to this provider: proxy, authorities, sizes, patience.
      [joseFetch]: (url, { headers, ...options }) =>
        ask(url, { ...options, headers: Object.fromEntries(headers), body: undefined }),
    })
    keySets.set(configuration, made)
    return made
  }

  return {
    async read(provider, token) {
      if (token.length > longestToken) return { refused: 'too-long' }
      const configuration = await providers.configuration(provider)
      try {
        const { payload, protectedHeader } = await jwtVerify(token, keysOf(configuration), {
          algorithms: algorithmsOf(configuration),
          issuer: provider.issuer,
          audience: provider.clientId,
          clockTolerance,
          currentDate: new Date(clock() * 1_000),
          maxTokenAge: logoutTokenAge,
          requiredClaims: ['exp', 'jti', 'events'],
        })
        return isMeantAs(protectedHeader.typ) ? judge(payload) : { refused: 'typ' }
      } catch (error) {
        return refusalOrThrow(error)
      }
    },
  }
}

/**
 * Where a token says what it is, it must be one of these: an ID token or an access token is none (RFC 8725 section
 * 3.11).
 */
function isMeantAs(type: string | undefined): boolean {
  return type === undefined || /^(?:jwt|(?:application\/)?logout\+jwt)$/i.test(type)
}

function judge({ sid, sub, jti, events, nonce }: JWTPayload): SignedOut | { readonly refused: string } {
  // An ID token may hold a nonce; a log-out token must not, so that nobody passes the one off as the other (T72).
  if (nonce !== undefined) return { refused: 'nonce' }
  if (!isObject(events) || !isObject(events[eventName])) return { refused: 'events' }
  if (typeof jti !== 'string' || jti === '' || jti.length > 1_024) return { refused: 'jti' }
  if (!isTextOrMissing(sid) || !isTextOrMissing(sub)) return { refused: 'subject' }
  if (sid === undefined && sub === undefined) return { refused: 'subject' }
  return { sid: sid ?? null, sub: sub ?? null, jti }
}

/**
 * As for ID tokens (discovery.ts): what the provider announces, and only by keys that are public; never `none`, never
 * the secret.
 */
function algorithmsOf(configuration: Configuration): string[] {
  const { id_token_signing_alg_values_supported: announced = ['RS256'] } = configuration.serverMetadata()
  const safe = announced.filter((each) => /^(?:RS|PS|ES)(?:256|384|512)$|^EdDSA$|^Ed25519$/.test(each))
  return safe.length === 0 ? ['RS256'] : safe
}

function refusalOrThrow(error: unknown): { readonly refused: string } {
  if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired) {
    return { refused: error.claim }
  }
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) {
    throw new Fault('provider_unreachable', { cause: error })
  }
  // The base class is what the library says of an answer that is no key set.
  if (error instanceof errors.JOSEError && error.code !== 'ERR_JOSE_GENERIC') return { refused: 'signature' }
  throw new Fault('provider_unreachable', { cause: error })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTextOrMissing(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && value !== '' && value.length <= 255)
}
