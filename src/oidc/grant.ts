/**
 * A grant at the token endpoint: asked once, and judged with the keys and the issuer that belong to the answer. The
 * library does both in one step, so its second judgement gets the kept answer in place of the network.
 */
import * as client from 'openid-client'
import type { EntraProvider, Provider } from '../core/gateway.ts'
import { admitsDirectory, isDirectoryId } from '../core/identity/authority.ts'
import { hasSeveral } from './directories.ts'
import { shareKeys } from './discovery.ts'
import type { Providers } from './provider.ts'

export type Granted<Answer> =
  | { readonly answer: Answer }
  /**
   * Of several directories it came from one that is not allowed (null: from none at all): nothing more of it was read.
   */
  | { readonly refused: 'directory'; readonly directoryId: string | null }

type Run<Answer> = (configuration: client.Configuration) => Promise<Answer>

/** What the token endpoint answered, as it came. */
interface Kept {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

/** Keys are fetched anew for an answer with an unknown one, this often at most, in milliseconds. */
const keysAtMostEvery = 5_000
const renewedAt = new WeakMap<client.Configuration, { at: number; done: Promise<unknown> }>()

/**
 * @param directoryId the directory that must answer; null where the answer says it, which is then held against what is
 *   allowed.
 * @param run one grant of the library. It may run twice, and asks the token endpoint once.
 * @throws as the library does, when the provider refuses or its answer fails a check.
 */
export async function grant<Answer>(
  providers: Providers,
  provider: Provider,
  directoryId: string | null,
  run: Run<Answer>,
): Promise<Granted<Answer>> {
  const configuration = await providers.configuration(provider, directoryId)
  const first = await attempt({ providers, provider, configuration, kept: null }, run)
  if ('answer' in first) return first
  const { error, kept } = first
  if (kept?.status !== 200) throw error
  if (hasSeveral(provider) && directoryId === null) return await ofDirectory(providers, provider, kept, run)
  if (!isUnknownKey(error)) throw error
  return await withNewKeys({ providers, provider, configuration, kept }, run)
}

/**
 * The issuer of the first judgement was a template, which no token names: now that there is a token, it says its
 * directory.
 */
async function ofDirectory<Answer>(
  providers: Providers,
  provider: EntraProvider,
  kept: Kept,
  run: Run<Answer>,
): Promise<Granted<Answer>> {
  const directoryId = directoryIn(kept.body)
  if (directoryId === null || !admitsDirectory(provider, directoryId)) return { refused: 'directory', directoryId }
  const judged = { providers, provider, kept, configuration: await providers.configuration(provider, directoryId) }
  const first = await attempt(judged, run)
  if ('answer' in first) return first
  if (!isUnknownKey(first.error)) throw first.error
  return await withNewKeys(judged, run)
}

interface Attempt {
  readonly providers: Providers
  readonly provider: Provider
  readonly configuration: client.Configuration
  /** The token endpoint's answer, where it is there already. */
  readonly kept: Kept | null
}

type Attempted<Answer> = { readonly answer: Answer } | { readonly error: unknown; readonly kept: Kept | null }

/** One run of the grant, on a copy that keeps what the token endpoint says. */
async function attempt<Answer>(
  { providers, provider, configuration, kept: before }: Attempt,
  run: Run<Answer>,
  { knownKeys } = { knownKeys: true },
): Promise<Attempted<Answer>> {
  const ask = fetchOf(configuration)
  let kept = before
  let hasNewKeys = false
  const copy = providers.asking(provider, configuration, async (url, options) => {
    if (options.method !== 'POST') {
      hasNewKeys = true
      return await ask(url, options)
    }
    kept ??= await keep(await ask(url, options))
    // An answer such as 204 may not even have an empty body.
    return new Response(kept.body === '' ? null : kept.body, kept)
  })
  if (knownKeys) shareKeys(configuration, copy)
  try {
    return { answer: await run(copy) }
  } catch (error) {
    return { error, kept }
  } finally {
    // Only what was fetched: another may have newer ones by now than this one began with.
    if (hasNewKeys) shareKeys(copy, configuration)
  }
}

/**
 * Keys may be replaced at once, in an emergency, and the library asks for new ones a minute later at the earliest.
 * Whoever comes by this way holds a fresh answer of the token endpoint, so no stranger can make us ask; still it is
 * done once for all who wait.
 */
async function withNewKeys<Answer>(judged: Attempt, run: Run<Answer>): Promise<{ readonly answer: Answer }> {
  const { configuration } = judged
  const last = renewedAt.get(configuration)
  const isFresh = last !== undefined && performance.now() - last.at < keysAtMostEvery
  if (isFresh) await last.done
  const attempted = attempt(judged, run, { knownKeys: isFresh })
  if (!isFresh) renewedAt.set(configuration, { at: performance.now(), done: attempted })
  const found = await attempted
  if ('error' in found) throw found.error
  return found
}

function isUnknownKey(error: unknown): boolean {
  return error instanceof client.ClientError && error.code === 'OAUTH_KEY_SELECTION_FAILED'
}

async function keep(response: Response): Promise<Kept> {
  const { status, headers } = response
  return { status, headers, body: await response.text() }
}

function fetchOf(configuration: client.Configuration): client.CustomFetch {
  const ask = configuration[client.customFetch]
  if (ask === undefined) throw new Error('a configuration without a way to ask')
  return ask
}

/** Unverified: it chooses whose keys and issuer the token is then held against (access-tokens#validate-the-issuer). */
function directoryIn(body: string): string | null {
  try {
    const { id_token: token } = JSON.parse(body) as { readonly id_token?: unknown }
    const payload = typeof token === 'string' ? (token.split('.')[1] ?? '') : ''
    const { tid } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { readonly tid?: unknown }
    return typeof tid === 'string' && isDirectoryId(tid.toLowerCase()) ? tid.toLowerCase() : null
  } catch {
    return null
  }
}
