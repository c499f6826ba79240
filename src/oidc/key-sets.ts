/**
 * Key sets are asked for by one at a time. Libraries keep the keys that they have, and wait before they ask again for one
 * that they do not know; but a crowd that arrives when keys have grown old would each ask, as would a flood of tokens
 * while the provider's keys cannot be had (T59).
 */
import type { CustomFetch } from 'openid-client'

/**
 * So long a failure is shared, in milliseconds. An answer is shared by those alone who asked while it was on its way:
 * keys may be replaced the moment after, in an emergency. How often anybody asks for new ones has bounds of its own
 * (oidc/grant.ts, oidc/logout-token.ts).
 */
const failureShared = 1_000

type Options = Parameters<CustomFetch>[1]

interface Copyable {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
}

interface Flight {
  readonly url: string
  readonly answer: Promise<Copyable>
  /** Infinite as long as there is no answer. */
  until: number
}

/**
 * @param clock milliseconds.
 * @returns the same fetch for everything but key sets: who asks for one while another is on its way gets the same answer,
 *   and whoever asks a moment after a failure the same failure.
 */
export function keySetsOnce(ask: CustomFetch, clock: () => number = () => performance.now()): CustomFetch {
  let last: Flight | null = null

  async function fetchWhole(url: string, options: Options): Promise<Copyable> {
    const answer = await ask(url, options)
    return { status: answer.status, headers: [...answer.headers], body: await answer.text() }
  }

  function flightTo(url: string, options: Options): Promise<Copyable> {
    if (last?.url === url && clock() < last.until) return last.answer
    const flight: Flight = { url, answer: fetchWhole(url, options), until: Number.POSITIVE_INFINITY }
    const shareFor = (milliseconds: number) => {
      flight.until = clock() + milliseconds
    }
    flight.answer.then(
      ({ status }) => shareFor(status === 200 ? 0 : failureShared),
      () => shareFor(failureShared),
    )
    last = flight
    return flight.answer
  }

  return async (url, options) => {
    if (!asksForKeys(options)) return await ask(url, options)
    const { status, headers, body } = await flightTo(url, options)
    return new Response(body, { status, headers: headers.map(([name, value]) => [name, value]) })
  }
}

/** As both libraries that fetch keys say it (RFC 7517 section 8.5.2). */
function asksForKeys({ method, headers }: Options): boolean {
  return method === 'GET' && new Headers(headers).get('accept')?.includes('application/jwk-set+json') === true
}
