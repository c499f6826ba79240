/**
 * Where a session stands whose provider was asked again and has not simply said yes; sealed into the store, for the
 * other replicas.
 */
import { type FaultCode, outcomes } from '../core/answer/outcomes.ts'
import type { SessionFacts, SessionTokens } from '../core/identity/session.ts'

export type Unsettled =
  /** There is nothing to ask with: the browser is sent to the provider, which shows nothing if it knows the person. */
  | { readonly is: 'silent'; readonly hint: string | null }
  /** Only the person can satisfy the provider. `claims`: what it asks for, as JSON. */
  | { readonly is: 'interactive'; readonly claims: string | null; readonly hint: string | null }
  /** It is not known, for a bounded time; then requests end with the fault. */
  | { readonly is: 'grace'; readonly fault: FaultCode }
  /** The operator has something to put right; nobody is logged out for it. */
  | { readonly is: 'alarm' }

/**
 * After which time the provider is asked again, in seconds; spread over half as much again, so that sessions do not
 * come all at once.
 */
const pause = { silent: 600, interactive: 600, grace: 30, alarm: 60 } as const

/** @param random from 0 up to 1. */
export function pauseFor({ is }: Unsettled, random: () => number): number {
  return pause[is] * (1 + random() / 2)
}

/**
 * Another version of this program may have written it: what it does not say is not known, which is the bounded grace.
 */
export function readUnsettled(note: string): Unsettled {
  const value: unknown = JSON.parse(note)
  const { is, claims, hint, fault } =
    typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  const textOrNull = (text: unknown) => (typeof text === 'string' ? text : null)
  if (is === 'silent') return { is, hint: textOrNull(hint) }
  if (is === 'interactive') return { is, claims: textOrNull(claims), hint: textOrNull(hint) }
  if (is === 'alarm') return { is }
  return { is: 'grace', fault: isFault(fault) ? fault : 'provider_unreachable' }
}

function isFault(code: unknown): code is FaultCode {
  const row = Object.entries(outcomes).find(([name]) => name === code)?.[1]
  return row?.kind === 'fault'
}

/** How the provider is told who is meant: Entra's own hint, or the user name. */
export function hintFor({ claims }: SessionFacts, tokens: SessionTokens | null): string | null {
  const { preferred_username: username } = claims
  return tokens?.loginHint ?? (typeof username === 'string' && username !== '' ? username : null)
}
