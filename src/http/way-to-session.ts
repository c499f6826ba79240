/**
 * Where somebody is sent who could open what they asked for, if only they signed in: at once, without a word, or by a
 * page.
 */
import type { Answer } from '../core/answer/answer.ts'
import { outcomes } from '../core/answer/outcomes.ts'
import type { RequestFacts } from '../core/request/facts.ts'
import type { Answers } from './answers.ts'
import type { Budgets } from './budgets.ts'
import type { Login } from './login.ts'
import { cookieOf } from './read-facts.ts'
import type { SignInAgain } from './revalidation.ts'
import type { ProofStart } from './step-up-asked.ts'

/** Who is to prove what, and for which tenant. */
export type Wanted = Pick<ProofStart, 'tenant' | 'session' | 'stepUp'>

interface Asking extends Wanted {
  readonly facts: RequestFacts
  readonly requestId: string
  /** The sign-in that a revalidation asks for, or null. */
  readonly again: SignInAgain['again'] | null
  /** Where to come back to, if it is not what was asked for. */
  readonly returnTo?: string
}

export interface WayParts {
  readonly login: Login
  readonly answers: Answers
  readonly budgets: Budgets
}

/** How a request is counted that got this answer. */
export function countedAs({ status }: Answer): 'login' | 'too_many_requests' {
  return status === outcomes.too_many_requests.status ? 'too_many_requests' : 'login'
}

/** @throws Fault as `Login.start`. */
export async function wayToSession(
  { login, answers, budgets }: WayParts,
  { facts, requestId, again, returnTo, ...wanted }: Asking,
): Promise<Answer> {
  const { tenant, session } = wanted
  const start = { tenant, cookieHeader: cookieOf(facts), returnTo: returnTo ?? facts.target }
  const mayAsk = facts.kind !== 'frame' || again?.intent?.silent === true
  if (again !== null && mayAsk) return await login.start({ ...start, attempt: 0, ...again })
  if (tenant.keepFragment && returnTo === undefined && facts.kind === 'navigation' && session === null)
    return answers.fragment({ requestId, facts, tenant, session })
  // Who is to sign in again has a session, and has been asked about at the provider: that is a limit of its own.
  const tooMany = again === null ? await budgets.signIn({ requestId, facts, tenant, session }) : null
  if (tooMany !== null) return tooMany
  // Nobody can be asked anything inside a frame: the provider says at once who it is, or that it cannot.
  const provider = again?.provider ?? tenant.providers[0]
  return facts.kind === 'frame'
    ? await login.start({ ...start, provider, attempt: 0, prompt: 'none', intent: { silent: true } })
    : await login.prove({ ...wanted, ...start })
}
