/** The steps of a form whose sender has to sign in first: kept on its way out, and sent on its way back. */
import type { Answer } from '../core/answer/answer.ts'
import { causeOfLoop } from '../core/answer/causes.ts'
import type { Person } from '../core/answer/headers.ts'
import { keptFormAddress } from '../core/request/addresses.ts'
import type { ToRoute } from '../core/request/locate.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { Passage } from './enforce.ts'
import type { FormKeeping, Sent } from './form-keeping.ts'
import type { FormSending } from './form-sending.ts'
import type { Login } from './login.ts'
import type { Reporter } from './report.ts'
import { countedAs } from './way-to-session.ts'

export interface FormWalk {
  /** Leads the sender to the sign-in, with the form kept, or says why it is not. @throws Fault as `FormKeeping`. */
  keep(passage: Passage, sent: Sent): Promise<void>
  /**
   * Sends the kept form that the request stands for, or says why it cannot be.
   * @param forward carries out the walk of the form itself. What it throws is thrown on, and the form is kept on.
   */
  send(
    passage: Passage,
    located: ToRoute,
    person: Person | null,
    forward: (form: Passage) => Promise<void> | void,
  ): Promise<void>
}

export interface FormWalkParts {
  readonly formKeeping: FormKeeping
  readonly formSending: FormSending
  readonly login: Login
  readonly metrics: Metrics
}

/** How enforce answers. */
interface Mouth {
  say(passage: Passage, answer: Answer): void
  answerOutcome(passage: Passage, outcome: ReturnType<Reporter['refusal']>): void
}

export function createFormWalk(parts: FormWalkParts, report: Reporter, { say, answerOutcome }: Mouth): FormWalk {
  const { formKeeping, formSending, login, metrics } = parts
  return {
    async keep(passage, sent) {
      const { facts, standsFor } = passage
      const { tenant, session, stepUp } = sent.wanted
      const id = standsFor?.placeholder?.id ?? null
      // A form that is kept already is led back to its page, and goes round by that.
      const target = id === null ? facts.target : keptFormAddress(id)
      if (login.goesRound({ ...facts, target }, session)) {
        const cause = session === null ? causeOfLoop(facts) : null
        return answerOutcome(passage, report.refusal(passage, { reason: 'login_loop', tenant, cause }))
      }
      const kept =
        id === null ? await formKeeping.keep(passage, sent) : { answer: await formKeeping.leadBack(passage, sent, id) }
      if ('refused' in kept) {
        const { refused: reason } = kept
        const detail = 'detail' in kept ? { detail: kept.detail } : {}
        return answerOutcome(passage, report.refusal(passage, { reason, ...detail, tenant, session, stepUp }))
      }
      metrics.request(tenant.name, countedAs(kept.answer))
      say(passage, kept.answer)
    },

    async send(passage, { tenant, route }, person, forward) {
      const taken =
        route.to.act === 'forward'
          ? await formSending.take(passage, tenant, person)
          : ({ refused: 'form_gone' } as const)
      if ('refused' in taken) {
        const session = person?.session ?? null
        return answerOutcome(passage, report.refusal(passage, { reason: taken.refused, tenant, session }))
      }
      try {
        await forward(taken.passage)
      } catch (error) {
        await formSending.settle(taken, false)
        throw error
      }
      // Where we had to answer in place of the application, or the browser went before it did, as at a second click,
      // nobody knows how much of it has arrived.
      await formSending.settle(taken, passage.exchange.granted !== null && passage.response.headersSent)
    },
  }
}
