/** Says in the log that a limit refuses callers: at once, and then how many, once a minute. A flood must not fill it. */
import type { Log, LogFields } from '../ops/log.ts'

export interface LimitLog {
  /** @param limit as the configuration calls it. @param who the one who was refused, for the line that this may become. */
  refused(limit: string, who: LogFields): void
}

const quietSeconds = 60

/** @param clock seconds since 1970. */
export function createLimitLog(log: Log, clock: () => number): LimitLog {
  const since = new Map<string, { readonly at: number; refused: number }>()
  return {
    refused(limit, who) {
      const now = clock()
      const running = since.get(limit)
      if (running !== undefined && now >= running.at && now < running.at + quietSeconds) {
        running.refused += 1
        return
      }
      since.set(limit, { at: now, refused: 0 })
      // Of those since the last line, and this one. Who came between is not named: there may be thousands.
      log.warn('too_many_requests', { limit, refused: (running?.refused ?? 0) + 1, ...who })
    },
  }
}
