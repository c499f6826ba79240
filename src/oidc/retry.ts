/** Asking once more: only for what changes nothing at the provider, and only as long as somebody waits. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { CustomFetch } from 'openid-client'

/** After the first. */
export const mostRetries = 2
/**
 * Who asks for more patience gets his answer passed on: a person waits, and what runs in the background comes back by
 * itself.
 */
export const longestPause = 3_000
/** Doubled each time, and spread over its half, so that replicas do not come back all at once. */
const firstPause = 200

/**
 * A GET is asked at most twice more after a network failure, 429, 502, 503 or 504, with the pause that `Retry-After`
 * asks for (RFC 9110 section 10.2.3). A POST is not: it may have had its effect, and a code counts once (RFC 6749
 * section 4.1.2).
 * @param random from 0 up to 1.
 * @param isSafe whether a method changes nothing at this provider.
 */
export function askedAgain(
  ask: CustomFetch,
  random: () => number = Math.random,
  isSafe: (method: string) => boolean = (method) => method === 'GET',
): CustomFetch {
  return async (url, options) => {
    if (!isSafe(options.method)) return await ask(url, options)
    for (let retry = 0; ; retry += 1) {
      const answer = await ask(url, options).catch((error: unknown) => ({ error }))
      const failed = 'error' in answer
      if (failed && (retry === mostRetries || !isNetworkFailure(answer.error))) throw answer.error
      if (!failed && !isPassing(answer.status)) return answer
      const own = ownPause(retry, random)
      const pause = failed ? own : (readRetryAfter(answer.headers.get('retry-after')) ?? own)
      if (!failed && (retry === mostRetries || pause > longestPause)) return answer
      if (!failed) await answer.body?.cancel()
      await pauseFor(pause, options.signal)
    }
  }
}

/** Milliseconds before the next attempt, where nobody asks for a certain time. */
export function ownPause(retry: number, random: () => number): number {
  return firstPause * 2 ** retry * (0.5 + random() / 2)
}

/** @throws the reason of the signal, as fetch does: the library tells a timeout from an abort by it. */
export async function pauseFor(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(milliseconds, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
    throw signal?.reason ?? error
  })
}

/** Whether it may be another answer the next time. */
export function isPassing(status: number): boolean {
  return status === 429 || status === 502 || status === 503 || status === 504
}

/** What fetch says of a connection that failed; an abort is no such thing. */
function isNetworkFailure(error: unknown): boolean {
  return error instanceof TypeError && error.message === 'fetch failed'
}

/** Milliseconds; null where nothing usable is said. */
export function readRetryAfter(retryAfter: string | null): number | null {
  if (retryAfter === null) return null
  if (/^\d{1,6}$/.test(retryAfter)) return Number(retryAfter) * 1_000
  const until = Date.parse(retryAfter)
  return Number.isNaN(until) ? null : Math.max(0, until - Date.now())
}
