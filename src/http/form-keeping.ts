/**
 * What becomes of a form whose sender has to sign in first: it is read, sealed and kept, and the person led to the
 * sign-in; or told, before anything is lost, that it is not kept.
 */
import type { Answer } from '../core/answer/answer.ts'
import { Fault } from '../core/fault.ts'
import type { Tenant } from '../core/gateway.ts'
import type { Session } from '../core/identity/session.ts'
import { personKey } from '../core/identity/step-up.ts'
import { keptFormAddress } from '../core/request/addresses.ts'
import { isEmbeddable } from '../core/request/cross-site.ts'
import type { RequestFacts } from '../core/request/facts.ts'
import type { ToRoute } from '../core/request/locate.ts'
import { formPage, type Unkept, unkeptForm } from '../core/request/own-form.ts'
import type { Log } from '../ops/log.ts'
import { formCookie, newBinding, readFormSecret } from '../session/cookie.ts'
import { type FormPlace, formSeconds, type KeptForms, newFormId } from '../session/kept-forms.ts'
import type { Answers } from './answers.ts'
import type { Budgets } from './budgets.ts'
import { networkOf } from './caller-network.ts'
import type { Passage } from './enforce.ts'
import type { Login } from './login.ts'
import { readBody } from './read-body.ts'
import { cookieOf } from './read-facts.ts'
import type { SignInAgain } from './revalidation.ts'
import { type Wanted, wayToSession } from './way-to-session.ts'

/** A form, and what its sender has to prove. */
export interface Sent {
  readonly located: ToRoute
  readonly wanted: Wanted
  /** Where a revalidation asks for the person. */
  readonly again: SignInAgain | null
}

export type Kept =
  /** It is kept, and this leads to the sign-in. */
  | { readonly answer: Answer }
  | { readonly refused: 'form_not_kept'; readonly detail: Unkept }
  | { readonly refused: 'request_too_slow' }

export interface FormKeeping {
  /** @throws Fault where the sign-in cannot begin: then nothing is kept. */
  keep(passage: Passage, sent: Sent): Promise<Kept>
  /** The way to the sign-in for a form that is kept already. @throws Fault where it cannot begin. */
  leadBack(passage: Passage, sent: Sent, id: string): Promise<Answer>
}

export interface FormKeepingParts {
  readonly keptForms: KeptForms
  readonly login: Login
  readonly answers: Answers
  readonly budgets: Budgets
  readonly log: Log
}

export function createFormKeeping({ keptForms, login, answers, budgets, log }: FormKeepingParts): FormKeeping {
  /**
   * By way of a page: browsers hold every redirect after a form to the policy of the page that the form stood on, and
   * one with `form-action 'self'` would lead nowhere.
   */
  async function leadBack({ facts, requestId }: Passage, { wanted, again }: Sent, id: string): Promise<Answer> {
    const asking = { ...wanted, facts, requestId, again: again?.again ?? null, returnTo: keptFormAddress(id) }
    const way = await wayToSession({ login, answers, budgets }, asking)
    return answers.withFormKept(way, { requestId, facts, tenant: wanted.tenant, session: wanted.session })
  }

  async function keep(passage: Passage, sent: Sent): Promise<Kept> {
    const { facts, request, requestId, exchange } = passage
    const { tenant } = sent.wanted
    const against = sent.located.route.to.act === 'forward' ? unkeptForm(facts, tenant) : 'off'
    if (against !== null) return { refused: 'form_not_kept', detail: against }
    const browser = readFormSecret(cookieOf(facts)) ?? newBinding()
    const room = keptForms.reserve(networkOf(facts.callerAddress), `${tenant.name} ${browser}`, bytesFor(facts, tenant))
    if (room === null) return { refused: 'form_not_kept', detail: 'full' }
    try {
      // One as long as what stands for a kept form has been read already.
      const body = passage.body?.bytes ?? (await readBody(request, tenant.keptFormBytes, exchange.tooSlow))
      if (body === 'too-slow') return { refused: 'request_too_slow' }
      if (typeof body === 'string') return { refused: 'form_not_kept', detail: body }
      const place = { tenant: tenant.name, browser, id: newFormId() }
      const answer = await leadBack(passage, sent, place.id)
      // Nobody is led anywhere: then the text is safer where it is.
      if (!leadsOn(answer)) return { answer }
      const person = sent.again?.of ?? sent.wanted.session
      const note = { ...noteOf(facts, tenant, person), is: 'kept' } as const
      if (!(await isKept(place, { note, body, room }))) return { refused: 'form_not_kept', detail: 'store-down' }
      log.info('form_kept', { requestId, tenant: tenant.name, bytes: body.length, callerAddress: facts.callerAddress })
      const cookies = [answer.headers['Set-Cookie'] ?? [], formCookie(browser, formSeconds, isEmbeddable(tenant))]
      return { answer: { ...answer, headers: { ...answer.headers, 'Set-Cookie': cookies.flat() } } }
    } finally {
      room.free()
    }
  }

  async function isKept(place: FormPlace, form: Parameters<KeptForms['keep']>[1]): Promise<boolean> {
    try {
      await keptForms.keep(place, form)
      return true
    } catch (error) {
      if (error instanceof Fault) return false
      throw error
    }
  }

  return { keep, leadBack }
}

function leadsOn({ headers }: Answer): boolean {
  return headers['WWW-Authenticate'] !== undefined
}

/** Sealed, it takes a third more. */
function bytesFor({ headers }: RequestFacts, { keptFormBytes }: Tenant): number {
  const stated = headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : keptFormBytes
  return Math.ceil((stated * 4) / 3)
}

function noteOf(facts: RequestFacts, tenant: Tenant, session: Session | null) {
  return {
    target: facts.target,
    contentType: String(facts.headers['content-type']),
    page: formPage(facts, tenant),
    person: session === null ? null : personOfForm(session),
  }
}

/** Who alone may send a form: the person, at the place that vouches for them. */
export function personOfForm({ facts }: Session): string {
  return `${facts.authority} ${personKey(facts)}`
}
