/** `/.auth/callback`, where the provider sends people back: checks the answer and makes the session, or says why not. */
import type { Request } from 'express'
import type { Answer } from '../core/answer/answer.ts'
import { type Cause, causeOfForeign } from '../core/answer/causes.ts'
import { type OutcomeCode, outcomes } from '../core/answer/outcomes.ts'
import { Fault } from '../core/fault.ts'
import type { Provider } from '../core/gateway.ts'
import { bondAfter, browsersAfter } from '../core/identity/bond.ts'
import { authTimeAfter, contextsAfter } from '../core/identity/step-up.ts'
import type { Identify } from '../oidc/identify.ts'
import type { Providers } from '../oidc/provider.ts'
import { type ProviderError, ProviderRefusal, type Redeemed, redeem } from '../oidc/redeem.ts'
import type { Log } from '../ops/log.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { Unreturned } from '../ops/unreturned.ts'
import { browserOf, newBond } from '../session/bonds.ts'
import { readBinding } from '../session/cookie.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Finished, Transactions } from '../session/transaction.ts'
import type { SessionWriter } from '../session/writer.ts'
import type { AdminConsent } from './admin-consent.ts'
import type { Answers } from './answers.ts'
import type { Budgets } from './budgets.ts'
import { begunAt, type Login } from './login.ts'
import { objection, stepUpOf } from './objection.ts'
import { onceEach } from './query.ts'
import { cookieOf } from './read-facts.ts'
import type { Rounds } from './rounds.ts'
import { refusedFields, signedInFields } from './sign-in-log.ts'
import { aloud, confirmsSession, needsPerson } from './silent-sign-in.ts'
import { told, toldInLog } from './told.ts'
import type { Walk } from './walk.ts'

export interface CallbackParts {
  readonly answers: Answers
  readonly login: Login
  readonly providers: Providers
  readonly transactions: Transactions
  readonly writer: SessionWriter
  readonly sessions: Sessions
  readonly rounds: Rounds
  readonly metrics: Metrics
  readonly unreturned: Unreturned
  readonly log: Log
  readonly identify: Identify
  readonly adminConsent: AdminConsent
  readonly budgets: Budgets
  /** Seconds since 1970. */
  readonly clock: () => number
}

type Opened = Extract<Finished, { outcome: 'opened' }>
/** With the provider that it came back from, and when that is asked. */
type Returned = Opened & { readonly from: Provider; readonly askedAt: number }
/** `moved`: the tenant has another provider by now. */
type NotOurs = Exclude<Finished, Opened> | (Omit<Opened, 'outcome'> & { readonly outcome: 'moved' })

/** @returns the handler of the endpoint: `(request, walk, query) → Answer`. Faults are thrown. */
export function createCallback(parts: CallbackParts): (request: Request, walk: Walk, query: string) => Promise<Answer> {
  const { answers, transactions, log, metrics, unreturned, budgets } = parts

  return async function callback(request, walk, query) {
    const asked = onceEach(query, parameters)
    if (asked === null) return refuse(walk, 'request_malformed', '/')
    const finished = await transactions.finish(asked.state ?? '', {
      tenant: walk.tenant.name,
      binding: readBinding(cookieOf(walk.facts)),
    })
    // Only what belongs to no sign-in of this browser: whoever is on the way back gets through, whatever a limit says.
    const tooMany = finished.outcome === 'opened' ? null : await budgets.strayAnswer(walk)
    if (tooMany !== null) return tooMany
    // What comes back from a consent is no sign-in, and begins none.
    if (finished.outcome !== 'opened' && asked.admin_consent !== undefined) {
      return refuse(walk, finished.outcome === 'used' ? 'transaction_used' : 'transaction_missing', '/')
    }
    if (finished.outcome !== 'opened') return await heal(walk, finished)
    // It was no sign-in, and becomes none whatever came back with it.
    if (finished.intent.adminConsent === true) return parts.adminConsent.returned(walk, asked)
    metrics.signIn(walk.tenant.name, 'returned')
    unreturned.returned(walk.tenant.name, finished.startedAt)
    // A code of the one provider must not be handed to the other (RFC 9700 section 4.4).
    const provider = walk.tenant.providers.find((each) => begunAt(each) === finished.provider)
    if (provider === undefined) return await heal(walk, { ...finished, outcome: 'moved' })
    const returned = { ...finished, from: provider, askedAt: parts.clock() }
    try {
      return await finish(request, walk, returned, asked.state ?? '')
    } catch (error) {
      if (error instanceof Fault) return fail(walk, error, returned)
      throw error
    }
  }

  async function finish(request: Request, walk: Walk, finished: Returned, state: string): Promise<Answer> {
    const redeemed = await redeem(parts.providers, finished.from, {
      currentUrl: new URL(`${walk.tenant.publicUrl.origin}${walk.facts.target}`),
      state,
      nonce: finished.nonce,
      codeVerifier: finished.codeVerifier,
    })
    if ('refused' in redeemed && finished.intent.silent && walk.facts.kind === 'frame')
      return askInWindow(walk, finished)
    if ('refused' in redeemed && needsPerson(walk, finished, redeemed.said))
      return await parts.login.start(aloud(walk, finished))
    if ('refused' in redeemed) {
      if ('detail' in redeemed) log.warn('identity_refused', refusedFields(walk, finished.from, redeemed))
      return refuse(walk, redeemed.refused, finished.returnTo, { ...redeemed, from: finished.from })
    }
    return await signIn(request, walk, finished, redeemed)
  }

  /**
   * The answer belongs to no sign-in that this browser can finish: it never makes a session (T41, T44). Who is signed in by now
   * goes where they wanted; otherwise the sign-in begins anew, once, and then it is explained.
   */
  async function heal(walk: Walk, finished: NotOurs): Promise<Answer> {
    const { tenant, facts, session, requestId } = walk
    const { outcome } = finished
    const cause = causeOfForeign(outcome, facts)
    log.info('callback_not_ours', { requestId, tenant: tenant.name, why: outcome, cause: cause ?? undefined })
    if (outcome === 'unreadable') {
      return session === null ? refuse(walk, 'transaction_missing', '/') : answers.redirect('/')
    }
    const { returnTo, attempt } = finished
    if (session !== null) return answers.redirect(returnTo)
    // Neither does a frame, a script or a prefetch begin a sign-in here (T53).
    if (attempt > 0 || facts.kind !== 'navigation') {
      return refuse(walk, outcome === 'used' ? 'transaction_used' : 'transaction_missing', returnTo, { cause })
    }
    const tooMany = await budgets.signIn(walk)
    if (tooMany !== null) return tooMany
    return await parts.login.begin({ tenant, cookieHeader: cookieOf(facts), returnTo, attempt: attempt + 1 })
  }

  async function signIn(
    request: Request,
    walk: Walk,
    finished: Returned,
    redeemed: Exclude<Redeemed, { refused: string }>,
  ): Promise<Answer> {
    const { tenant } = walk
    const { returnTo, from, intent } = finished
    const read = await parts.identify(tenant, finished.from, redeemed)
    if ('refused' in read) {
      log.warn('identity_refused', refusedFields(walk, from, { detail: read.detail, ...read.person }))
      return refuse(walk, read.refused, returnTo, { from })
    }
    const now = parts.clock()
    const { claims, tokens } = redeemed
    const against = objection({ tenant, provider: from, intent, facts: read.facts, claims }, now)
    if (against !== null) {
      log.warn('identity_refused', refusedFields(walk, from, { ...read.facts, detail: against.detail }))
      return refuse(walk, against.code, returnTo, { from, missing: against.missing })
    }
    // What nobody was shown proves nothing new (T130).
    const stepUp = intent.silent === true ? nothingMore : stepUpOf(intent)
    const before = walk.session?.facts ?? null
    const contexts = contextsAfter(stepUp, from, { before, facts: read.facts }, now)
    const bond = bondAfter(before, read.facts, newBond())
    const authTime = authTimeAfter(before, read.facts)
    const browsers = browsersAfter(before, read.facts, browserOf(cookieOf(walk.facts)))
    const bound = { bond, ...(browsers === null ? {} : { browsers }) }
    // It began before the provider gave its word, which may have been taken back while Graph or userinfo was waited for (T124).
    const facts = { ...read.facts, contexts, authTime, ...bound, startedAt: finished.askedAt }
    if (!(await confirmsSession(parts, walk, finished, { facts, tokens }))) {
      await parts.writer.signIn(request, facts, tokens)
      log.info('signed_in', signedInFields(walk, facts, read))
    }
    metrics.signIn(tenant.name, 'signed_in')
    const binding = readBinding(cookieOf(walk.facts))
    if (binding !== null) parts.rounds.finished(binding, returnTo)
    return answers.redirect(returnTo)
  }

  /** What was tried in a frame without a word takes a window: nothing has gone wrong. */
  function askInWindow({ tenant, facts, requestId }: Walk, { returnTo }: Returned): Answer {
    metrics.signIn(tenant.name, 'login_required')
    return answers.outcome('login_required', { requestId, facts, tenant, session: null, returnTo })
  }

  function refuse(walk: Walk, code: OutcomeCode, returnTo: string, why: Why = {}): Answer {
    const { tenant, facts, session, requestId } = walk
    const { said = null, missing = [], cause = null, from } = why
    metrics.signIn(tenant.name, code)
    log.warn('sign_in_refused', {
      requestId,
      tenant: tenant.name,
      provider: from?.name,
      reason: code,
      cause: cause ?? undefined,
      callerAddress: facts.callerAddress,
      missing: missing.length === 0 ? undefined : missing,
      ...toldInLog(said),
    })
    const occasion = { requestId, facts, tenant, session, ...told(tenant, said), returnTo, missing, cause }
    return answers.outcome(code, occasion)
  }

  /** The gate would answer for a fault too, but only here it is known where the person wanted to go. */
  function fail({ tenant, facts, session, requestId }: Walk, error: Fault, { returnTo, from }: Returned): Answer {
    const { code } = error
    const said = error.cause instanceof ProviderRefusal ? error.cause.said : null
    metrics.signIn(tenant.name, code)
    log[outcomes[code].level]('sign_in_failed', {
      requestId,
      tenant: tenant.name,
      provider: from.name,
      reason: code,
      callerAddress: facts.callerAddress,
      ...toldInLog(said),
      error,
    })
    return answers.outcome(code, { requestId, facts, tenant, session, ...told(tenant, said), returnTo })
  }
}

/** Why a sign-in was refused, as far as there is more to tell. */
interface Why {
  readonly from?: Provider
  readonly said?: ProviderError | null
  readonly cause?: Cause | null
  readonly missing?: readonly string[]
}

const nothingMore = { authContext: null, maxAge: null }

/** Of an answer to a sign-in, or to an administrator’s consent. */
const parameters = ['state', 'code', 'error', 'error_description', 'iss', 'admin_consent', 'tenant'] as const
