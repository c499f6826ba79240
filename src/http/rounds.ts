/** Notices sign-ins that go round and round: finished again and again, and each time nobody is signed in afterwards (T52). */
import { createHash } from 'node:crypto'

export interface Rounds {
  /** A sign-in of this browser has succeeded, and the person is sent to the address. */
  finished(binding: string, returnTo: string): void
  /** The browser stands at the address without a session. @returns whether it has come round three times within a minute. */
  goesRound(binding: string, returnTo: string): boolean
  /** The person has signed out: that the next request has no session is as it should be. */
  left(binding: string): void
}

const mostRounds = 3
const forgottenAfter = 60
/** Only finished sign-ins make entries, so strangers cannot fill it; the oldest goes first. */
const mostBrowsers = 10_000
const mostAddresses = 32

interface Entry {
  /** True between a finished sign-in and what the browser asks next. Twenty tabs that finish at once are one round. */
  readonly finished: boolean
  readonly rounds: number
  readonly at: number
}

/** @param clock seconds since 1970. */
export function createRounds(clock: () => number): Rounds {
  const browsers = new Map<string, Map<string, Entry>>()

  function known(binding: string, address: string): Entry | null {
    const entry = browsers.get(binding)?.get(address)
    return entry === undefined || clock() - entry.at > forgottenAfter ? null : entry
  }

  return {
    finished(binding, returnTo) {
      const address = addressOf(returnTo)
      const rounds = known(binding, address)?.rounds ?? 0
      const addresses = browsers.get(binding) ?? new Map<string, Entry>()
      keep(addresses, address, { finished: true, rounds, at: clock() }, mostAddresses)
      keep(browsers, binding, addresses, mostBrowsers)
    },
    goesRound(binding, returnTo) {
      const address = addressOf(returnTo)
      const entry = known(binding, address)
      if (entry === null) return false
      const rounds = entry.finished ? entry.rounds + 1 : entry.rounds
      browsers.get(binding)?.set(address, { finished: false, rounds, at: entry.finished ? clock() : entry.at })
      return rounds >= mostRounds
    },
    left: (binding) => void browsers.delete(binding),
  }
}

/** Puts an entry at the end, and takes the first one out where there are too many. */
function keep<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > most && oldest !== undefined) map.delete(oldest)
}

/** As a browser asks for it: it keeps the fragment to itself. A hash, so that long addresses take no room. */
function addressOf(returnTo: string): string {
  return createHash('sha256').update(returnTo.replace(/#.*$/s, '')).digest('base64url')
}
