/** Whether a provider answers at all: asked now and then, where something depends on its being away. */
import { closeSync, openSync } from 'node:fs'
import type { Provider } from '../core/gateway.ts'
import { documentUrl, type WayOut } from './discovery.ts'
import type { Providers } from './provider.ts'

/**
 * True where it answers, whatever it says; false for silence, an error of its own, and no way there; null where it is
 * this machine that has nothing left to ask with. Never rejects.
 */
export type Probe = (provider: Provider) => Promise<boolean | null>

const patienceMilliseconds = 8_000

/**
 * Asks for the discovery document, and asks the token endpoint nothing: an empty question is one that it refuses
 * (RFC 6749 section 5.2). A provider of which either is silent lets nobody in.
 */
export function createProbe({
  ask,
  providers,
}: Pick<WayOut, 'ask'> & { readonly providers: Pick<Providers, 'known'> }): Probe {
  async function answers(url: string, method: 'GET' | 'POST'): Promise<boolean | null> {
    const signal = AbortSignal.timeout(patienceMilliseconds)
    const isForm = method === 'POST'
    const headers: Record<string, string> = isForm ? { 'content-type': 'application/x-www-form-urlencoded' } : {}
    try {
      const response = await ask(url, { method, headers, body: isForm ? '' : null, redirect: 'manual', signal })
      // Only the status matters: nothing of what it says is read.
      await response.body?.cancel()
      return response.status < 500
    } catch (error) {
      return isOurOwn(error) || hasNothingLeft() ? null : false
    }
  }

  return async function probe(provider) {
    const tokenEndpoint = providers.known(provider)?.serverMetadata().token_endpoint
    const [document, token] = await Promise.all([
      answers(documentUrl(provider).href, 'GET'),
      tokenEndpoint === undefined ? true : answers(tokenEndpoint, 'POST'),
    ])
    return document === null || token === null ? null : document && token
  }
}

/** Whoever takes all sockets of this machine must not be able to have a provider be taken for away. */
const own: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL'])

/** A name is then merely not found, since the files that say how to look it up cannot be opened. */
function hasNothingLeft(): boolean {
  try {
    closeSync(openSync('/dev/null', 'r'))
    return false
  } catch (error) {
    return isOurOwn(error)
  }
}

function isOurOwn(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : []
  return ('code' in error && own.has(error.code)) || [error.cause, ...errors].some(isOurOwn)
}
