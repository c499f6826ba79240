/**
 * `/.auth/backchannel-logout/<provider>`: a provider tells us, from server to server, that somebody has signed out
 * there. Entra has nothing of the kind.
 * @see https://openid.net/specs/openid-connect-backchannel-1_0.html
 */
import { createHash, randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Answer } from '../core/answer/answer.ts'
import type { Provider } from '../core/gateway.ts'
import { registrationOf } from '../core/identity/authority.ts'
import { providerCalled } from '../core/identity/choice.ts'
import type { Whose } from '../core/identity/whose.ts'
import { type LogoutTokens, logoutTokenAge, type SignedOut } from '../oidc/logout-token.ts'
import type { Log } from '../ops/log.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { Endings } from '../session/endings.ts'
import type { SessionStore } from '../session/store.ts'
import type { Answers } from './answers.ts'
import type { Budgets } from './budgets.ts'
import { readForm } from './form.ts'
import type { Refuse } from './refusals.ts'
import type { Walk } from './walk.ts'

export interface BackchannelLogoutParts {
  readonly answers: Answers
  readonly refuse: Refuse
  readonly tokens: LogoutTokens
  readonly store: Pick<SessionStore, 'lease' | 'release'>
  readonly endings: Endings
  readonly budgets: Budgets
  readonly metrics: Metrics
  readonly log: Log
}

/**
 * The answer of the endpoint: 200 once the sessions have ended, at all tenants that share the client; 400 for a token
 * that is not right, or was here before (T72). Faults are thrown: a provider that tries again is heard then.
 * @param segment the provider, as the tenant writes its name.
 */
export type BackchannelLogout = (request: IncomingMessage, walk: Walk, segment: string) => Promise<Answer>

export function createBackchannelLogout(parts: BackchannelLogoutParts): BackchannelLogout {
  const { answers, refuse, tokens, store, endings, budgets, metrics, log } = parts

  /** Section 2.8: why is between us and whoever runs this. */
  function refused({ tenant, facts, requestId }: Walk, provider: Provider, detail: string): Answer {
    const { callerAddress } = facts
    const named = { tenant: tenant.name, provider: provider.name }
    log.warn('logout_token_refused', { requestId, ...named, callerAddress, detail })
    return answers.json(400, { error: 'invalid_request' })
  }

  return async function backchannelLogout(request, walk, segment) {
    const { tenant, requestId, facts } = walk
    const provider = providerCalled(tenant, segment)
    if (provider?.kind !== 'oidc') return refuse(walk, 'endpoint_unknown')
    const tooMany = await budgets.providerSignOut(walk)
    if (tooMany !== null) return tooMany
    const form = await readForm(request, ['logout_token'])
    if (form?.logout_token === undefined) return refused(walk, provider, 'form')
    const said = await tokens.read(provider, form.logout_token)
    if ('refused' in said) return refused(walk, provider, said.refused)
    const once = createHash('sha256')
      .update(JSON.stringify(['logout', provider.issuer, said.jti]))
      .digest('base64url')
    // Spent only once it has had its effect: what fails before that may be sent again, when the store is back.
    const owner = randomUUID()
    if ((await store.lease(once, owner, workSeconds)) !== owner) return refused(walk, provider, 'jti-used')
    await budgets.endedSessions(walk)
    const ended = await endings.end(whoseOf(provider, said)).catch(async (error: unknown) => {
      await store.release(once, owner, null).catch(() => {})
      throw error
    })
    await store.release(once, owner, { owner: 'spent', ttlSeconds: 2 * logoutTokenAge })
    if (ended > 0) metrics.signOut(tenant.name)
    const named = { tenant: tenant.name, provider: provider.name, channel: 'back' }
    log.info('signed_out_by_provider', { requestId, ...named, callerAddress: facts.callerAddress, sessions: ended })
    return answers.text({ act: 'respond', status: 200, contentType: 'text/plain; charset=utf-8', body: '' })
  }
}

/** Longer than it takes to end all sessions of a person. */
const workSeconds = 30

/**
 * With a `sid` that one session at the provider, whoever `sub` says it is of; otherwise all that the person has by this
 * client.
 */
function whoseOf(provider: Provider, { sid, sub }: SignedOut): Whose {
  const registration = registrationOf(provider)
  return sid === null ? { of: 'subject', registration, objectId: sub ?? '' } : { of: 'sid', registration, sid }
}
