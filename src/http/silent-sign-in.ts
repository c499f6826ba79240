/** Sign-ins that show nothing, in place of a refresh token: what they change where they come back. */
import type { Provider } from '../core/gateway.ts'
import { isSamePerson } from '../core/identity/renewal.ts'
import type { Session, SessionFacts } from '../core/identity/session.ts'
import type { ProviderError } from '../oidc/redeem.ts'
import type { Finished, Intent } from '../session/transaction.ts'
import type { LoginStart } from './login.ts'
import { cookieOf } from './read-facts.ts'
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
 * A silent sign-in of the same person goes on with the session that it confirms: its lifetime counts from when the person signed
 * in, and no redirect prolongs it. Of anybody else, or without that session, it is a sign-in like any other.
 */
export function continued(facts: SessionFacts, intent: Intent, session: Session | null): SessionFacts {
  if (intent.silent !== true || session === null || !isSamePerson(session.facts, facts)) return facts
  if (intent.person !== `${facts.directoryId}/${facts.objectId}`) return facts
  const { startedAt, contexts } = session.facts
  return { ...facts, startedAt, contexts }
}
