/** Sign-ins that show nothing, in place of a refresh token: what they change where they come back. */
import type { Provider } from '../core/gateway.ts'
import { renewFacts } from '../core/identity/renewal.ts'
import type { SessionFacts, SessionTokens } from '../core/identity/session.ts'
import type { ProviderError } from '../oidc/redeem.ts'
import type { Log } from '../ops/log.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Finished } from '../session/transaction.ts'
import type { LoginStart } from './login.ts'
import { cookieOf } from './read-facts.ts'
import { tellRoles } from './role-changes.ts'
import { hintFor } from './unsettled.ts'
import type { Walk } from './walk.ts'

/** OpenID Connect Core 3.1.2.6: what `prompt=none` is answered with where something must be shown. */
const withPerson = ['login_required', 'interaction_required', 'account_selection_required', 'consent_required']

type Opened = Extract<Finished, { outcome: 'opened' }>

/** Whether nothing is wrong but that the person has to be asked. */
export function needsPerson({ facts }: Walk, { intent }: Opened, said: ProviderError | null): boolean {
  // Neither does a frame, a script or a prefetch begin a sign-in here (T53).
  return intent.silent === true && facts.kind === 'navigation' && said !== null && withPerson.includes(said.error)
}

/** The same sign-in once more, in which the person is asked; it cannot come back as a silent one. */
export function aloud(walk: Walk, { from, returnTo, attempt }: Opened & { readonly from: Provider }): LoginStart {
  const { tenant, facts, session } = walk
  const loginHint = session === null ? null : hintFor(session.facts, null)
  return { tenant, provider: from, cookieHeader: cookieOf(facts), returnTo, attempt: attempt + 1, loginHint }
}

/**
 * A silent sign-in of the same person is a revalidation: the session goes on, with its id and its lifetime, so that
 * neither its open WebSockets nor requests under way notice.
 * @returns false of anybody else, by another session at the provider, or without a session here: then it is a sign-in
 *   like any other. True also where the session has ended meanwhile: it is not brought back (T74), and what the person
 *   opens next begins with a sign-in.
 */
export async function confirmsSession(
  { sessions, log }: { readonly sessions: Sessions; readonly log: Log },
  { tenant, session }: Walk,
  { intent }: Opened,
  { facts, tokens }: { readonly facts: SessionFacts; readonly tokens: SessionTokens },
): Promise<boolean> {
  if (intent.silent !== true || session === null || !isVouchedForAlike(session.facts, facts)) return false
  const renewed = renewFacts(session.facts, facts)
  if (renewed === null) return false
  const now = await sessions.revise(session, { facts: renewed, tokens })
  if (now !== null) tellRoles(log, tenant, session, renewed)
  return true
}

/**
 * By whatever ends at the provider, and by what an operator ends, a session is found as it was put into its groups at
 * the sign-in (T69).
 */
function isVouchedForAlike(before: SessionFacts, now: SessionFacts): boolean {
  const { provider, registration, sid } = now
  return provider === before.provider && registration === before.registration && (sid === null || sid === before.sid)
}
