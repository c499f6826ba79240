/** `/.auth/me`: who is signed in, for the application's own scripts. Facts and roles, never tokens (T66). */
import type { Answer } from '../core/answer/answer.ts'
import { providerOf } from '../core/identity/authority.ts'
import { vouchedEmail } from '../core/identity/email.ts'
import { resolveRoles } from '../core/identity/roles.ts'
import { endpoints } from '../core/request/addresses.ts'
import type { Answers } from './answers.ts'
import { personOf } from './outcome-page.ts'
import type { Refuse } from './refusals.ts'
import type { Walk } from './walk.ts'

/** @returns JSON in any case: also a person who opens it as a page gets no page. */
export function meAnswer(answers: Answers, refuse: Refuse, walk: Walk): Answer {
  const { tenant, facts, session } = walk
  if (session === null) return refuse({ ...walk, facts: { ...facts, kind: 'data' } }, 'login_required')
  const { roles } = resolveRoles(tenant, session)
  const provider = providerOf(tenant, session.facts)
  return answers.json(200, {
    directoryId: session.facts.directoryId,
    objectId: session.facts.objectId,
    ...personOf(session),
    email: provider === null ? null : vouchedEmail(provider, session.facts, false),
    roles,
    groups: session.facts.groups,
    signedInAt: new Date(session.facts.startedAt * 1_000).toISOString(),
    ...(tenant.photo ? { photo: endpoints.photo } : {}),
  })
}
