/** How the gateway asks a provider: answers are bounded, and of Entra's keys only those are seen that may vouch for the directory. */
import type { CustomFetch } from 'openid-client'
import type { Provider } from '../core/gateway.ts'
import { withOwnKeys } from './keys.ts'

/** Documents, key sets, tokens and claims are a few kilobytes; this is room for all of them, and none for an endless answer (T88). */
const mostBytes = 1_048_576

/** @returns a fetch for the library. An answer that is too long breaks off while it is read, also one that unpacks to it (T60). */
export function fetchFrom(provider: Provider): CustomFetch {
  return provider.kind === 'entra' ? withOwnKeys(provider, boundedFetch) : boundedFetch
}

const boundedFetch: CustomFetch = async (url, options) => {
  const response = await fetch(url, options as RequestInit)
  if (response.body === null) return response
  const { status, statusText, headers } = response
  return new Response(response.body.pipeThrough(atMost(mostBytes)), { status, statusText, headers })
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
