/** Notices somebody signed in who is sent to prove something again and again, and never comes back with it (T52). */
import { createHash } from 'node:crypto'
import type { Session } from '../core/identity/session.ts'

export interface ProofRounds {
  /** The person is about to be sent from this address. @returns whether that is the fourth time within a minute. */
  goesRound(session: Session, target: string): boolean
}

const mostRounds = 3
const forgottenAfter = 60
/** Of one session; the oldest goes first. Twenty tabs that need the same proof are twenty addresses, not one round after the other. */
const mostAddresses = 32

/**
 * Whoever comes back with the proof has another session, so what is counted here has failed. Gone with the session.
 * @param clock seconds since 1970.
 */
export function createProofRounds(clock: () => number): ProofRounds {
  const sessions = new WeakMap<Session, Map<string, { readonly since: number; readonly rounds: number }>>()
  return {
    goesRound(session, target) {
      // A hash, so that long addresses take no room.
      const address = createHash('sha256').update(target).digest('base64url')
      const addresses = sessions.get(session) ?? new Map()
      sessions.set(session, addresses)
      const known = addresses.get(address)
      const isOver = known === undefined || clock() - known.since > forgottenAfter
      const entry = isOver ? { since: clock(), rounds: 1 } : { since: known.since, rounds: known.rounds + 1 }
      addresses.delete(address)
      addresses.set(address, entry)
      const [oldest] = addresses.keys()
      if (addresses.size > mostAddresses && oldest !== undefined) addresses.delete(oldest)
      return entry.rounds > mostRounds
    },
  }
}
