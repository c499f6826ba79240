/**
 * Break-glass on a tenant's own origin: where somebody sets out for the console, and where they come back with a code.
 * The password is never typed here, where the application's scripts could read it (T118).
 */
import type { IncomingMessage } from 'node:http'
import type { Answer } from '../core/answer/answer.ts'
import { inAscii, safeReturnTo } from '../core/answer/return-to.ts'
import type { EmergencyAccount, Gateway, Tenant } from '../core/gateway.ts'
import { breakGlassFacts, breakGlassProvider, objectIdOf } from '../core/identity/break-glass.ts'
import { endpointMethods } from '../core/request/addresses.ts'
import { breakGlassAddress } from '../core/request/console-place.ts'
import { isEmbeddable } from '../core/request/cross-site.ts'
import type { Log } from '../ops/log.ts'
import type { Metrics } from '../ops/metrics.ts'
import { isSameSecret } from '../ops/same-secret.ts'
import { newBond } from '../session/bonds.ts'
import { bindingCookie, newBinding, readBinding, withoutDoublets } from '../session/cookie.ts'
import type { Transactions } from '../session/transaction.ts'
import type { VouchedBindings } from '../session/vouched-binding.ts'
import type { SessionRequest, SessionWriter } from '../session/writer.ts'
import type { Answers } from './answers.ts'
import type { Budgets } from './budgets.ts'
import type { GlassCode, GlassCodes } from './glass-code.ts'
import type { Openings } from './openings.ts'
import { onceEach } from './query.ts'
import { cookieOf } from './read-facts.ts'
import { type Refuse, whoAsked } from './refusals.ts'
import type { Walk } from './walk.ts'

export interface GlassDoorParts {
  readonly answers: Answers
  readonly refuse: Refuse
  readonly current: () => Gateway
  readonly openings: Openings
  readonly transactions: Transactions
  readonly codes: GlassCodes
  readonly writer: SessionWriter
  readonly budgets: Budgets
  readonly bindings: VouchedBindings
  readonly metrics: Metrics
  readonly log: Log
  /** Seconds since 1970. */
  readonly clock: () => number
}

export interface GlassDoor {
  /** To the console, as long as it is open; else there is nothing here. @throws Fault `session_store_down`. */
  leave(walk: Walk, query: string): Promise<Answer>
  /** Makes the session, once per transaction. @throws Fault `session_store_down`. */
  arrive(request: IncomingMessage & SessionRequest, walk: Walk, query: string): Promise<Answer>
}

export function createGlassDoor(parts: GlassDoorParts): GlassDoor {
  const { answers, refuse, openings, transactions, codes, log, metrics, clock } = parts

  /** What both ask of any request; null: nothing is against it. */
  function unfit(walk: Walk): Answer | null {
    if (!endpointMethods.breakGlass.includes(walk.facts.method)) return refuse(walk, 'method_refused')
    return walk.facts.kind === 'navigation' ? null : refuse(walk, 'login_required')
  }

  function refused(walk: Walk, why: string, account?: string): Answer {
    metrics.signIn(walk.tenant.name, 'break_glass_refused')
    log.error('break_glass_refused', { ...whoAsked(walk), why, account })
    return refuse(walk, why === 'used' ? 'transaction_used' : 'transaction_missing')
  }

  async function admit(
    request: SessionRequest,
    walk: Walk,
    { account, returnTo }: { readonly account: EmergencyAccount; readonly returnTo: string },
  ): Promise<Answer> {
    const { tenant, requestId } = walk
    const now = clock()
    const lifetime = parts.current().breakGlass?.lifetimeSeconds ?? 0
    const facts = { ...breakGlassFacts(tenant.name, account, now, now + lifetime), bond: newBond() }
    await parts.writer.signIn(request, facts, { loginHint: null, refreshToken: null })
    metrics.signIn(tenant.name, 'break_glass_signed_in')
    const { callerAddress } = walk.facts
    const who = { account: account.name, objectId: objectIdOf(account.name), roles: [account.role] }
    log.error('break_glass_signed_in', { requestId, tenant: tenant.name, ...who, callerAddress })
    const applicationName = tenant.branding.name
    const page = answers.page(200, { page: 'signed-in', applicationName, startUrl: returnTo, goesOn: true, requestId })
    // A page rather than a redirect: browsers would hold what the application does next against the policy of the form.
    // And nobody is told the address that it has, with the code in it.
    return { ...page, headers: { ...page.headers, Refresh: `0; url=${returnTo}`, 'Referrer-Policy': 'no-referrer' } }
  }

  return {
    async leave(walk, query) {
      const { tenant, facts } = walk
      const { console } = parts.current().server
      if (!openings.isOpen(tenant) || console === null) return refuse(walk, 'endpoint_unknown')
      const against = unfit(walk)
      if (against !== null) return against
      const asked = onceEach(query, ['return_to'])
      if (asked === null) return refuse(walk, 'request_malformed')
      const tooMany = await parts.budgets.signIn(walk)
      if (tooMany !== null) return tooMany
      const binding = readBinding(cookieOf(facts)) ?? newBinding()
      const { state } = await transactions.begin({
        ...{ tenant: tenant.name, provider: breakGlassProvider, binding, attempt: 0, intent: { breakGlass: true } },
        returnTo: inAscii(safeReturnTo(asked.return_to ?? '/', tenant.publicUrl.origin) ?? '/'),
      })
      const location = `${console.origin}${breakGlassAddress(tenant.name)}?${new URLSearchParams({ state })}`
      const cookies = [
        ...withoutDoublets(cookieOf(facts)),
        bindingCookie(parts.bindings.vouch(binding, cookieOf(facts)), isEmbeddable(tenant)),
      ]
      return answers.redirect(location, cookies)
    },

    async arrive(request, walk, query) {
      const { tenant, facts } = walk
      const asked = onceEach(query, ['state', 'code'])
      const state = asked?.state ?? ''
      const looked = transactions.look(state, tenant.name)
      // Without what only an open door has given out, there is nothing here.
      if (looked?.intent.breakGlass !== true) return refuse(walk, 'endpoint_unknown')
      const against = unfit(walk)
      if (against !== null) return against
      const code = codes.open(tenant.name, asked?.code ?? '')
      if (code === null || !isSameSecret(code.nonce, looked.nonce)) return refused(walk, 'code')
      const finished = await transactions.finish(state, { tenant: tenant.name, binding: readBinding(cookieOf(facts)) })
      if (finished.outcome !== 'opened') return refused(walk, finished.outcome, code.account.name)
      // The configuration may have changed within the minute (T83).
      const account = accountOf(tenant, code)
      if (account === null) return refused(walk, 'account', code.account.name)
      return await admit(request, walk, { account, returnTo: finished.returnTo })
    },
  }
}

function accountOf({ emergency }: Tenant, { account }: GlassCode): EmergencyAccount | null {
  return emergency.find(({ name, authority }) => name === account.name && authority === account.authority) ?? null
}
