/** What a sign-in has to prove, between the address that it is asked by and the transaction that remembers it. */
import type { Tenant } from '../core/gateway.ts'
import type { Session } from '../core/identity/session.ts'
import { contextValue, personKey, type StepUp } from '../core/identity/step-up.ts'
import type { Intent } from '../session/transaction.ts'

/** A sign-in that has to prove something. */
export interface ProofStart {
  readonly tenant: Tenant
  /** Of the person who is signed in already, or null. */
  readonly session: Session | null
  readonly stepUp: StepUp
  readonly cookieHeader: string | undefined
  readonly returnTo: string
}

/**
 * What our sign-in address takes beside the hints; a page or a script that lacks something is sent there with these.
 */
export const stepUpParameters = ['auth_context', 'max_age'] as const

/**
 * What the address of a sign-in asks to be proved: names of our configuration, of which each provider of the tenant
 * knows the meaning, and a number of seconds. Anything else is passed over (T47). Nobody gains by asking: it only ever
 * costs a sign-in.
 */
export function stepUpAsked(
  tenant: Tenant,
  asked: Readonly<Partial<Record<(typeof stepUpParameters)[number], string>>>,
): StepUp | null {
  const { auth_context: name, max_age: seconds } = asked
  const isKnown = name !== undefined && tenant.providers.every((provider) => contextValue(provider, name) !== null)
  const authContext = isKnown ? name : null
  const maxAge = seconds !== undefined && /^[1-9]\d{0,6}$/.test(seconds) ? Number(seconds) : null
  return authContext === null && maxAge === null ? null : { authContext, maxAge }
}

/** The same as parameters. */
export function stepUpQuery({ authContext, maxAge }: StepUp): readonly (readonly [string, string])[] {
  return [
    ...(authContext === null ? [] : [['auth_context', authContext] as const]),
    ...(maxAge === null ? [] : [['max_age', String(maxAge)] as const]),
  ]
}

/** @param session of the person who alone may answer; null: nobody is signed in. */
export function intentOf({ authContext, maxAge }: StepUp, session: Session | null): Intent {
  return {
    ...(session === null ? {} : { person: personKey(session.facts) }),
    ...(authContext === null ? {} : { authContext }),
    ...(maxAge === null ? {} : { maxAge }),
  }
}

/** How the provider is told who is meant, so that it does not ask which account: a user name, which a hint may be. */
export function accountHint({ facts }: Session): string | null {
  const named = ['preferred_username', 'upn', 'email'].map((name) => facts.claims[name])
  return named.find((each): each is string => typeof each === 'string' && each !== '' && each.length <= 254) ?? null
}
