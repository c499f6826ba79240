/**
 * `/.auth/frontchannel-logout/<provider>`: the provider's sign-out page opens it in a hidden frame, in the person's
 * browser. No cookie comes along there, so the sessions are found by what the provider calls its own.
 * @see https://openid.net/specs/openid-connect-frontchannel-1_0.html
 */
import type { Answer } from '../core/answer/answer.ts'
import type { Provider } from '../core/gateway.ts'
import { isDirectoryId, registrationOf } from '../core/identity/authority.ts'
import { providerCalled } from '../core/identity/choice.ts'
import { issuerOf } from '../oidc/directories.ts'
import { endSessionOrigin } from '../oidc/end-session.ts'
import type { Providers } from '../oidc/provider.ts'
import type { Log } from '../ops/log.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { Endings } from '../session/endings.ts'
import type { Answers } from './answers.ts'
import type { Budgets } from './budgets.ts'
import { onceEach } from './query.ts'
import type { Refuse } from './refusals.ts'
import type { Walk } from './walk.ts'

export interface FrontchannelLogoutParts {
  readonly answers: Answers
  readonly refuse: Refuse
  readonly providers: Providers
  readonly endings: Endings
  readonly budgets: Budgets
  readonly metrics: Metrics
  readonly log: Log
}

/**
 * The answer of the endpoint. Every session that came from this one of the provider ends, at all tenants that share the
 * client; a `sid` that nobody has, and an `iss` of somebody else, change nothing and are answered alike (T73). Faults
 * are thrown.
 * @param segment the provider, as the tenant writes its name.
 */
export type FrontchannelLogout = (walk: Walk, segment: string, query: string) => Promise<Answer>

export function createFrontchannelLogout(parts: FrontchannelLogoutParts): FrontchannelLogout {
  const { refuse, endings, budgets, metrics, log } = parts

  return async function frontchannelLogout(walk, segment, query) {
    const { tenant, requestId, facts } = walk
    const provider = providerCalled(tenant, segment)
    if (provider === null) return refuse(walk, 'endpoint_unknown')
    const tooMany = await budgets.providerSignOut(walk)
    if (tooMany !== null) return tooMany
    const asked = onceEach(query, ['sid', 'iss'])
    const sid = asked === null ? null : sidOf(provider, asked.sid)
    if (asked === null || sid === null) return refuse(walk, 'request_malformed')
    const directoryId = directoryOf(provider, asked.iss)
    const whose = { of: 'sid', registration: registrationOf(provider), sid } as const
    const ended = directoryId === unknown ? 0 : await endings.end(whose, directoryId)
    if (ended === 0) return done(parts, provider)
    await budgets.endedSessions(walk)
    metrics.signOut(tenant.name)
    const named = { tenant: tenant.name, provider: provider.name, channel: 'front' }
    log.info('signed_out_by_provider', { requestId, ...named, callerAddress: facts.callerAddress, sessions: ended })
    return done(parts, provider)
  }
}

/** As it is kept of the ID token; null where it can be none. */
function sidOf({ kind }: Provider, said: string | undefined): string | null {
  if (said === undefined || !/^[\x21-\x7e]{1,255}$/.test(said)) return null
  return kind === 'entra' ? said.toLowerCase() : said
}

/**
 * Entra has been seen to leave it out; where it is there, it names the directory of the person. Not only one that this
 * tenant admits: the address is that of one tenant, and stands for all that share the registration.
 * @returns null where nothing is said, `unknown` where it is no issuer of this provider.
 */
function directoryOf(provider: Provider, issuer: string | undefined): string | null {
  if (issuer === undefined) return null
  if (provider.kind === 'oidc') return issuer === provider.issuer ? issuer : unknown
  const [, directoryId = ''] = /\/([^/]+)\/v2\.0$/.exec(issuer) ?? []
  return isDirectoryId(directoryId) && issuer === issuerOf(provider, directoryId) ? directoryId : unknown
}

/** No directory and no issuer is called so. */
const unknown = 'unknown'

/** Nobody but the provider may frame it. What is framed is seen by nobody, so there is nothing to see. */
function done({ answers, providers }: FrontchannelLogoutParts, provider: Provider): Answer {
  const home = new URL(provider.kind === 'entra' ? provider.authority : provider.issuer).origin
  const origins = new Set([home, endSessionOrigin(providers, provider) ?? home])
  const answer = answers.text({
    act: 'respond',
    status: 200,
    contentType: 'text/plain; charset=utf-8',
    body: 'Done.\n',
  })
  const policy = `default-src 'none'; frame-ancestors ${[...origins].join(' ')}`
  return { ...answer, headers: { ...answer.headers, 'Content-Security-Policy': policy } }
}
