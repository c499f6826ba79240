/** What a fault is: how it begins and ends, and what is right meanwhile. */
import type { Right } from './ordinary.ts'
import type { Place, Wish } from './place.ts'

export interface Fault {
  readonly name: string
  /** For the table: what happens, in a few words. */
  readonly what: string
  readonly wish: Wish
  /** What is right besides the ordinary from the beginning until all is well again. */
  readonly right: Right
  /** Whether nothing may be lost: then the load sees a fault of the gateway in it. */
  readonly losesNothing: boolean
  /** People lose their sessions, which is stated: the number is told apart, and is no mistake. */
  readonly losesSessions?: boolean
  /** Whether the provider has to be asked about every session at the beginning. */
  readonly dueSessions?: boolean
  /** How long it lasts, in seconds. */
  readonly seconds?: number
  begin(place: Place): Promise<void> | void
  end(place: Place): Promise<void> | void
}

/** What a gateway says while it cannot ask the store: the cookie stays. */
const away = '503 session_store_down'

/**
 * The store is away: who is known goes on, who is not is told to wait, and nobody is sent to a sign-in for it. A sign-in
 * cannot be finished; a sign-out is finished later, and its page says so.
 */
export const storeAway: Right = {
  data: [away],
  page: [away],
  upload: [away],
  refused: [away],
  ended: [away],
  socket: ['cut', '503'],
  'sign-in': ['503'],
  'sign-out': [away, '503 sign_out_unfinished'],
  'signed out': [away],
}
