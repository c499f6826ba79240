/** Whether an account that is signed in in the browser will do, a page must ask, or (`prompt=none`) neither may be. */

import { loginHintOf } from './account.ts'
import type { AuthorizeRequest } from './authorize-request.ts'
import type { Account } from './browser-sessions.ts'
import type { Person } from './directory.ts'
import { consumersId, tenancies } from './tenancies.ts'

export interface SignedIn {
  readonly account: Account
  /** The object of the account under the authority that is asked. */
  readonly person: Person
}

export type Verdict =
  | ({ readonly act: 'issue' } & SignedIn)
  | { readonly act: 'ask'; readonly suggested: Person | null }
  | { readonly act: 'refuse'; readonly code: number }

/** @param policy the seconds after which Conditional Access asks again (null: never), and the time */
export function judge(
  wanted: AuthorizeRequest,
  signedIn: readonly SignedIn[],
  people: readonly Person[],
  policy: { readonly frequency: number | null; readonly now: number },
): Verdict {
  const hinted = wanted.loginHint === null ? null : personByHint(people, wanted.loginHint)
  const ask: Verdict = { act: 'ask', suggested: hinted }
  if (wanted.prompt === 'login' || wanted.prompt === 'select_account') return ask
  const silent = wanted.prompt === 'none'
  const age = Math.min(wanted.maxAge ?? Number.POSITIVE_INFINITY, policy.frequency ?? Number.POSITIVE_INFINITY)
  const fitting = signedIn
    .filter(({ person }) => wanted.loginHint === null || person.id === hinted?.id)
    .filter(({ person }) => isAtHome(person, wanted.domainHint))
    .filter(({ account }) => policy.now - account.signedInAt <= age)
  const [found] = fitting
  if (found === undefined) return silent ? { act: 'refuse', code: 50058 } : ask
  if (fitting.length > 1) return silent ? { act: 'refuse', code: 16000 } : ask
  return { act: 'issue', ...found }
}

function personByHint(people: readonly Person[], hint: string): Person | null {
  const wanted = hint.toLowerCase()
  const names = (person: Person) => [person.username, person.userPrincipalName, person.mail ?? person.username]
  return (
    people.find((person) => loginHintOf(person) === hint) ??
    people.find((person) => names(person).some((own) => own.toLowerCase() === wanted)) ??
    null
  )
}

/** `domain_hint`: a verified domain, `organizations` or `consumers`; any other is passed over, as at Entra. */
function isAtHome(person: Person, hint: string | null): boolean {
  const home = person.homeDirectory ?? person.directory
  if (hint === 'consumers') return home === consumersId
  if (hint === 'organizations') return home !== consumersId
  const named = tenancies.find(({ domain }) => domain === hint?.toLowerCase())
  return named === undefined || home === named.id
}
