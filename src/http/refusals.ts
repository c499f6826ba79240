/** How our own endpoints say no: with a line in the log, as the gate does it for everything else, and the answer for it. */
import type { Answer } from '../core/answer/answer.ts'
import { outcomes, type RefusalCode } from '../core/answer/outcomes.ts'
import type { Log, LogFields } from '../ops/log.ts'
import type { Answers } from './answers.ts'
import { loggedPath } from './report.ts'
import type { Walk } from './walk.ts'

/** Logs the refusal at its level, and gives the answer in the form that this kind of request can use. */
export type Refuse = (walk: Walk, code: RefusalCode) => Answer

export function createRefuse({ answers, log }: { readonly answers: Answers; readonly log: Log }): Refuse {
  return function refuse(walk, code) {
    const { facts, tenant, session, requestId } = walk
    const path = loggedPath(facts)
    log[outcomes[code].level]('request_refused', { ...whoAsked(walk), method: facts.method, path, reason: code })
    return answers.outcome(code, { requestId, facts, tenant, session })
  }
}

/** The fields of a log line about somebody at one of our endpoints. */
export function whoAsked({ requestId, tenant, facts, session }: Walk): LogFields {
  return {
    requestId,
    tenant: tenant.name,
    directoryId: session?.facts.directoryId,
    objectId: session?.facts.objectId,
    callerAddress: facts.callerAddress,
  }
}
