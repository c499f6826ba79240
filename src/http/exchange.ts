/** A request that has come in and is not over: what the port knows of it, and what is noted there about its way. */
import type { ServerResponse } from 'node:http'
import type { Granted, NotLetThrough } from '../core/answer/granted.ts'
import type { Reins } from '../proxy/passage.ts'
import type { Ending } from './lasting.ts'
import type { Passing } from './report.ts'

export interface Exchange extends Reins {
  readonly response: ServerResponse
  /** In milliseconds that only grow. */
  readonly startedAt: number
  /** On what grounds it was forwarded; null while it is not. */
  granted: (Granted & { readonly passing: Passing }) | null
  /** What to do about it since it is watched over; see lasting.ts. */
  held: { release(): void; tooMany(refused: NotLetThrough): void } | null
  /** Gives back what it takes of the limits. */
  place: (() => void) | null
  /** Why it was cut. */
  ending: Ending | null
}

export function createExchange(response: ServerResponse, tooSlow: AbortSignal | null): Exchange {
  const startedAt = performance.now()
  // All that will be noted is named at once: an object that grows becomes slow.
  return { response, tooSlow, startedAt, recall: null, granted: null, held: null, place: null, ending: null }
}

/** It is over, however: nobody need watch over it any more. */
export function closeExchange({ held, place }: Exchange): void {
  held?.release()
  place?.()
}
