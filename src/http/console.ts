/**
 * The console's origin. For now it has one thing: the form where an account of the gateway itself signs in, for whoever
 * was sent there by a tenant for which break-glass is open. For everybody else there is nothing.
 */
import type { IncomingMessage } from 'node:http'
import type { Answer } from '../core/answer/answer.ts'
import { outcomes, type RefusalCode } from '../core/answer/outcomes.ts'
import type { BreakGlassAccount, Gateway, Tenant } from '../core/gateway.ts'
import { foldAccountName } from '../core/identity/break-glass.ts'
import { endpoints } from '../core/request/addresses.ts'
import { breakGlassAddress, type ConsolePlace } from '../core/request/console-place.ts'
import type { RequestFacts } from '../core/request/facts.ts'
import type { Log } from '../ops/log.ts'
import type { Metrics } from '../ops/metrics.ts'
import { isSameSecret } from '../ops/same-secret.ts'
import { consoleCookie, newBinding, readConsoleBinding } from '../session/cookie.ts'
import { oncePerMinute } from '../session/once-per-minute.ts'
import type { KeyRing } from '../session/seal.ts'
import type { Looked, Transactions } from '../session/transaction.ts'
import type { Answers } from './answers.ts'
import { networkOf } from './caller-network.ts'
import { readForm } from './form.ts'
import type { GlassCodes } from './glass-code.ts'
import type { Limit } from './limits.ts'
import type { Openings } from './openings.ts'
import type { PasswordQueue } from './password-queue.ts'
import { onceEach } from './query.ts'
import { cookieOf } from './read-facts.ts'
import { loggedPath } from './report.ts'

export interface ConsoleParts {
  readonly answers: Answers
  readonly current: () => Gateway
  readonly openings: Openings
  readonly transactions: Transactions
  readonly codes: GlassCodes
  readonly ring: KeyRing
  readonly lookAtPassword: PasswordQueue
  /** How often somebody may guess: from an address, and at a name in whatever spelling (T54). */
  readonly guesses: { readonly address: Limit; readonly account: Limit }
  readonly metrics: Metrics
  readonly log: Log
  /** Seconds since 1970. */
  readonly clock: () => number
}

export interface Calling {
  readonly request: IncomingMessage
  readonly facts: RequestFacts
  readonly requestId: string
}

export interface Console {
  answer(calling: Calling, place: ConsolePlace): Promise<Answer>
}

/**
 * How old what an open door gave out may be where this replica sees none: it may not have noticed yet, or another one
 * not that it is over.
 */
const strangeSeconds = 120

export function createConsole(parts: ConsoleParts): Console {
  const { answers, current, openings, transactions, codes, ring, guesses, metrics, log, clock } = parts
  const quietly = oncePerMinute(clock)

  function refuse({ facts, requestId }: Calling, code: RefusalCode, retryAfter: number | null = null): Answer {
    const { method, kind, callerAddress } = facts
    const fields = { requestId, method, kind, callerAddress, path: loggedPath(facts), reason: code }
    log[outcomes[code].level]('request_refused', fields)
    metrics.request('', code)
    return answers.outcome(code, { requestId, facts, tenant: null, session: null, retryAfter })
  }

  /** The tenant that sent somebody here with this state; null: nobody did who may. */
  function senderOf(name: string, state: string): Sender | null {
    const tenant = current().tenants.find((each) => each.name === name)
    if (tenant === undefined || tenant.emergency.length === 0) return null
    const looked = transactions.look(state, name)
    if (looked?.intent.breakGlass !== true) return null
    return openings.isOpen(tenant) || clock() - looked.startedAt <= strangeSeconds ? { tenant, looked, state } : null
  }

  function form({ facts, requestId }: Calling, { tenant, state }: Sender, failed: boolean): Answer {
    const binding = readConsoleBinding(cookieOf(facts)) ?? newBinding()
    const page = answers.page(failed ? 403 : 200, {
      page: 'break-glass',
      applicationName: tenant.branding.name,
      actionUrl: breakGlassAddress(tenant.name),
      returnOrigin: tenant.publicUrl.origin,
      token: ring.sealText(formContext(state), binding),
      ...{ state, failed, requestId },
    })
    return { ...page, headers: { ...page.headers, 'Set-Cookie': [consoleCookie(binding)] } }
  }

  /** Whether the form was shown to this browser, here, for this transaction. */
  function isOurs({ facts }: Calling, state: string, token: string): boolean {
    const binding = readConsoleBinding(cookieOf(facts))
    const shownTo = ring.openText(formContext(state), token)
    return binding !== null && shownTo !== null && isSameSecret(shownTo, binding)
  }

  async function submitted(calling: Calling, name: string): Promise<Answer> {
    if (!isFromHere(calling.facts, current())) return refuse(calling, 'cross_site_refused')
    const asked = await readForm(calling.request, ['state', 'token', 'name', 'password'])
    if (asked === null) return refuse(calling, 'request_malformed')
    const sender = senderOf(name, asked.state ?? '')
    if (sender === null) return refuse(calling, 'endpoint_unknown')
    if (!isOurs(calling, sender.state, asked.token ?? '')) return form(calling, sender, false)
    return await judge(calling, sender, { name: asked.name ?? '', password: asked.password ?? '' })
  }

  async function judge(calling: Calling, sender: Sender, typed: Typed): Promise<Answer> {
    const { facts, requestId } = calling
    const { tenant, looked, state } = sender
    const folded = foldAccountName(typed.name)
    const account = accountOf(current(), tenant, folded)
    const said = { requestId, tenant: tenant.name, account: account?.name, callerAddress: facts.callerAddress }
    const network = networkOf(facts.callerAddress)
    // An endless password would be hashed too.
    const password = typed.password.length > 1_024 ? '' : typed.password
    const hash = account?.password.reveal() ?? null
    const found = await parts.lookAtPassword(password, hash, () => tooMany(network, folded))
    // It was not looked at, and no guess: else a crowd could shut out whoever has the account without guessing at all.
    if (found === 'busy') return tooOften(calling, said, { why: 'busy', wait: 10 })
    if (typeof found === 'object') return tooOften(calling, said, { why: 'limit', ...found })
    if (found === 'right') await giveBack(network, folded)
    metrics.signIn(tenant.name, found === 'right' ? 'break_glass_accepted' : 'break_glass_refused')
    if (found === 'wrong' || account === null) {
      log.error('break_glass_refused', { ...said, why: account === null ? 'name' : 'password' })
      return form(calling, sender, true)
    }
    log.error('break_glass_accepted', said)
    const code = codes.seal(tenant.name, { nonce: looked.nonce, account })
    const query = new URLSearchParams({ state, code })
    const answer = answers.redirect(`${tenant.publicUrl.origin}${endpoints.breakGlassReturn}?${query}`)
    return { ...answer, status: 303 }
  }

  /** Counted before anything is looked at, so that many at once gain nothing. */
  async function tooMany(network: string, folded: string): Promise<number | null> {
    // One after the other: an address that is stopped must not go on to use up the attempts at a name.
    return (await guesses.address.take(network)) ?? (await guesses.account.take(folded))
  }

  async function giveBack(network: string, folded: string): Promise<void> {
    await Promise.all([guesses.address.giveBack(network), guesses.account.giveBack(folded)])
  }

  function tooOften(
    calling: Calling,
    said: object,
    { why, wait }: { readonly why: string; readonly wait: number },
  ): Answer {
    quietly(why, () => log.error('break_glass_refused', { ...said, why }))
    return refuse(calling, 'too_many_requests', wait)
  }

  return {
    async answer(calling, place) {
      const { facts } = calling
      const isRead = facts.method === 'GET' || facts.method === 'HEAD'
      if (place.at === 'front' && isRead) return answers.text(front)
      if (place.at !== 'break-glass') return refuse(calling, 'endpoint_unknown')
      if (facts.method === 'POST') return await submitted(calling, place.tenant)
      const asked = onceEach(place.query, ['state'])
      const sender = senderOf(place.tenant, asked?.state ?? '')
      if (sender === null || !isRead) return refuse(calling, 'endpoint_unknown')
      if (facts.kind !== 'navigation') return refuse(calling, 'endpoint_unknown')
      return form(calling, sender, false)
    },
  }
}

interface Sender {
  readonly tenant: Tenant
  readonly looked: Looked
  readonly state: string
}

interface Typed {
  readonly name: string
  readonly password: string
}

/** An account that is for other tenants is none here, and takes as long to be refused. */
function accountOf({ breakGlass }: Gateway, { emergency }: Tenant, name: string): BreakGlassAccount | null {
  const account = breakGlass?.accounts.find((each) => each.name === name)
  return account !== undefined && emergency.some(({ authority }) => authority === account.authority) ? account : null
}

/** Browsers say where a form comes from; who says nothing is no browser, or hides it. */
function isFromHere({ headers }: RequestFacts, { server }: Gateway): boolean {
  const { origin, 'sec-fetch-site': site } = headers
  if (site !== undefined && site !== 'same-origin') return false
  return origin === server.console?.origin
}

const front = {
  act: 'respond',
  status: 200,
  contentType: 'text/plain; charset=utf-8',
  body: 'This is the console of a Sallyport gateway. There is nothing to see here.\n',
} as const

function formContext(state: string): readonly string[] {
  return ['console form', state]
}
