/**
 * How the gateway asks a provider: answers are bounded, what is safe to ask again is, and of Entra's keys only those
 * are seen that may vouch for the directory.
 */
import type { CustomFetch } from 'openid-client'
import type { Provider } from '../core/gateway.ts'
import { keySetsOnce } from './key-sets.ts'
import { withOwnKeys } from './keys.ts'
import { askedAgain } from './retry.ts'

/**
 * Documents, key sets, tokens and claims are a few kilobytes; this is room for all of them, and none for an endless
 * answer (T88).
 */
const mostBytes = 1_048_576

/**
 * @param ask the way out.
 * @param directory whose people the keys must vouch for, at Entra.
 * @returns a fetch for the library. An answer that is too long breaks off while it is read, also one that unpacks to it
 *   (T60).
 */
export function fetchFrom(provider: Provider, ask: CustomFetch, directory: () => string | null): CustomFetch {
  const patient = keySetsOnce(askedAgain(bounded(ask)))
  return provider.kind === 'entra' ? withOwnKeys(provider, patient, directory) : patient
}

/** The same fetch, whose answers have at most a megabyte. */
export function bounded(ask: CustomFetch): CustomFetch {
  return async (url, options) => {
    const response = await ask(url, options)
    const { status, statusText } = response
    // Made anew in any case: the library knows an answer by the class of the platform.
    const headers = new Headers([...response.headers])
    const body = response.body === null ? null : response.body.pipeThrough(atMost(mostBytes))
    return new Response(body, { status, statusText, headers })
  }
}

function atMost(bytes: number): TransformStream<Uint8Array, Uint8Array> {
  let seen = 0
  return new TransformStream({
    transform(chunk, controller) {
      seen += chunk.byteLength
      if (seen > bytes) controller.error(new Error('the answer of the provider is too long'))
      else controller.enqueue(chunk)
    },
  })
}
