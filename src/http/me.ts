/** `/.auth/me`: who is signed in, for the application's own scripts. Facts and roles, never tokens (T66). */
import type { Answer } from '../core/answer/answer.ts'
import { resolveRoles } from '../core/identity/roles.ts'
import type { Answers } from './answers.ts'
import { personOf } from './answers.ts'
import type { Walk } from './walk.ts'

export function meAnswer(answers: Answers, walk: Walk): Answer {
  const { tenant, facts, session, requestId } = walk
  if (session === null)
    return answers.outcome('login_required', { requestId, facts: { ...facts, kind: 'data' }, tenant, session })
  const { roles } = resolveRoles(tenant, session)
  return answers.json(200, {
    directoryId: session.facts.directoryId,
    objectId: session.facts.objectId,
    ...personOf(session),
    email: typeof session.facts.claims.email === 'string' ? session.facts.claims.email : null,
    roles,
    groups: session.facts.groups,
    signedInAt: new Date(session.facts.startedAt * 1_000).toISOString(),
  })
}
