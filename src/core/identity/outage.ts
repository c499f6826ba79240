/**
 * Whether a provider is away, from nothing but when it was asked and whether it answered. It has to be silent for long
 * before it counts as away, and to answer for a while before it counts as back: one lost packet opens nothing, and a
 * provider that flickers does not open and close with it.
 */

/** Times are seconds since 1970. */
export interface Reach {
  /** Since when no question has been answered; null: the last one was. */
  readonly silentSince: number | null
  /** Since when every question has been answered; null: the last one was not. */
  readonly answersSince: number | null
  readonly away: boolean
}

export const neverAsked: Reach = { silentSince: null, answersSince: null, away: false }

/** How long a provider must answer again, every time, before it counts as back. */
export const backAfterSeconds = 60

/** @param awayAfter how long a provider must be silent, in seconds. */
export function reachAfter(before: Reach, answered: boolean, now: number, awayAfter: number): Reach {
  if (answered) {
    // A time that is still to come is one of a clock that was set back.
    const answersSince = Math.min(before.answersSince ?? now, now)
    return { silentSince: null, answersSince, away: before.away && now - answersSince < backAfterSeconds }
  }
  // The first silence never suffices, however long nobody has asked: a clock may have jumped.
  const silentSince = Math.min(before.silentSince ?? now, now)
  return { silentSince, answersSince: null, away: before.away || now - silentSince >= awayAfter }
}
