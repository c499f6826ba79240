/** Notices somebody signed in who is sent to prove something again and again, and never comes back with it (T52). */
import { createHash } from 'node:crypto'
import type { Session } from '../core/identity/session.ts'

export interface ProofRounds {
  /** The person has been sent to the provider, and is to come back to this address. */
  began(session: Session, target: string): void
  /**
   * The person stands there again, without the proof.
   * @returns whether that has happened three times within a minute.
   */
  goesRound(session: Session, target: string): boolean
}

const mostRounds = 3
const forgottenAfter = 60
/**
 * Of one session; the oldest goes first. Twenty tabs that need the same proof are twenty addresses, not one round after
 * the other.
 */
const mostAddresses = 32

interface Entry {
  readonly since: number
  readonly rounds: number
}

/**
 * Whoever comes back with the proof has another session, so what is counted here has failed. Gone with the session.
 * @param clock seconds since 1970.
 */
export function createProofRounds(clock: () => number): ProofRounds {
  const sessions = new WeakMap<Session, Map<string, Entry>>()
  return {
    began(session, target) {
      const addresses = sessions.get(session) ?? new Map<string, Entry>()
      sessions.set(session, addresses)
      const address = addressOf(target)
      const known = addresses.get(address)
      const isOver = known === undefined || clock() - known.since > forgottenAfter
      addresses.delete(address)
      addresses.set(address, isOver ? { since: clock(), rounds: 1 } : { ...known, rounds: known.rounds + 1 })
      const [oldest] = addresses.keys()
      if (addresses.size > mostAddresses && oldest !== undefined) addresses.delete(oldest)
    },
    goesRound(session, target) {
      const known = sessions.get(session)?.get(addressOf(target))
      return known !== undefined && clock() - known.since <= forgottenAfter && known.rounds >= mostRounds
    },
  }
}

/** A hash, so that long addresses take no room. */
function addressOf(target: string): string {
  return createHash('sha256').update(target).digest('base64url')
}
