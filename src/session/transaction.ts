/** The time between "sign in" and the provider's answer. It travels in `state`, sealed, so starting one stores nothing. */
import { createHash, randomBytes } from 'node:crypto'
import { isSameSecret } from '../ops/same-secret.ts'
import type { KeyRing } from './seal.ts'
import type { SessionStore } from './store.ts'

export interface TransactionParts {
  readonly store: SessionStore
  readonly ring: KeyRing
  /** Seconds since 1970. */
  readonly clock: () => number
}

/** What a sign-in is to prove beyond who somebody is; it is held against the answer. Empty for an ordinary one. */
export interface Intent {
  /** Nothing was shown to the person (`prompt=none`): if that fails, they are asked. */
  readonly silent?: true
  /** Only this person may answer: directory and object id, with a slash between them. */
  readonly person?: string
  /** Our name of the authentication context that the answer must prove. */
  readonly authContext?: string
  /** How long ago the person may have proved who they are, in seconds. */
  readonly maxAge?: number
  /** Nobody is to be signed in: an administrator is asked for consent. */
  readonly adminConsent?: true
  /** Not to a provider: to the console, for an account of the gateway itself. */
  readonly breakGlass?: true
}

interface Start {
  readonly tenant: string
  readonly provider: string
  /** The value of the browser's binding cookie. */
  readonly binding: string
  /** Where the person wanted to go: a path and query that was already checked. */
  readonly returnTo: string
  /** Which try this is, so that a loop can be noticed. */
  readonly attempt: number
  readonly intent: Intent
}

interface Started {
  /** At most 1,900 characters: Entra takes 2 KB. */
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  /** Seconds since 1970. */
  readonly startedAt: number
}

export type Finished =
  | {
      readonly outcome: 'opened'
      readonly provider: string
      readonly nonce: string
      readonly codeVerifier: string
      readonly returnTo: string
      readonly attempt: number
      readonly startedAt: number
      readonly intent: Intent
    }
  /** used: it was finished before. foreign: another browser began it, or the cookie is gone. expired: ten minutes passed. */
  | { readonly outcome: 'used' | 'foreign' | 'expired'; readonly returnTo: string; readonly attempt: number }
  /** Not made by us, not for this tenant, or changed. */
  | { readonly outcome: 'unreadable' }

export type Looked = Pick<Content, 'nonce' | 'startedAt' | 'intent'>

export interface Transactions {
  /** Throws the fault `session_store_down` only where `returnTo` is so long that it must be stored. */
  begin(start: Start): Promise<Started>
  /**
   * Looks into a state where there is no binding cookie to hold it against; nothing is used up, and nothing may be given
   * for it but to the browser that began it. Null: not made by us, not for this tenant, or expired.
   */
  look(state: string, tenant: string): Looked | null
  /** Judges a state that came back; `opened` is given once (T45). Throws the fault `session_store_down`. */
  finish(state: string, at: { readonly tenant: string; readonly binding: string | null }): Promise<Finished>
}

/** How long a sign-in may take. */
export const transactionSeconds = 600
/** Stored things outlive their transaction, so that a late answer is still judged rightly. */
const storedSeconds = 2 * transactionSeconds
const clockLeeway = 60
const maxStateLength = 1900
/** A longer address is not kept: the person starts at the front page. */
const maxReturnTo = 8192
/** Long addresses per minute and replica: strangers must not fill the store (T95). */
const maxKeptPerMinute = 120

/** What is sealed, in this order. `kept` names a stored address; then `returnTo` is empty. */
interface Content {
  readonly provider: string
  readonly nonce: string
  readonly codeVerifier: string
  readonly bindingHash: string
  readonly startedAt: number
  readonly attempt: number
  readonly returnTo: string
  readonly kept: string
  readonly intent: Intent
}

export function createTransactions({ store, ring, clock }: TransactionParts): Transactions {
  let minute = { since: Number.NEGATIVE_INFINITY, kept: 0 }

  const sealed = (tenant: string, content: Content) => ring.sealText(['transaction', tenant], pack(content))

  function opened(state: string, tenant: string): Content | null {
    const text = state.length > maxStateLength ? null : ring.openText(['transaction', tenant], state)
    return text === null ? null : unpack(text)
  }

  async function keepAddress(tenant: string, returnTo: string): Promise<string> {
    const now = clock()
    if (now >= minute.since + 60) minute = { since: now, kept: 0 }
    if (returnTo.length > maxReturnTo || minute.kept >= maxKeptPerMinute) return ''
    minute.kept += 1
    const key = randomBytes(16).toString('base64url')
    await store.keep(key, ring.sealText(['address', tenant, key], returnTo), storedSeconds)
    return key
  }

  async function addressOf(tenant: string, content: Content): Promise<string> {
    if (content.kept === '') return content.returnTo
    const kept = await store.take(content.kept)
    const returnTo = kept === null ? null : ring.openText(['address', tenant, content.kept], kept)
    return returnTo ?? '/'
  }

  return {
    async begin({ tenant, provider, binding, returnTo, attempt, intent }) {
      const nonce = randomBytes(32).toString('base64url')
      const codeVerifier = randomBytes(32).toString('base64url')
      const bindingHash = hash(binding)
      const startedAt = clock()
      const content = { provider, nonce, codeVerifier, bindingHash, startedAt, attempt, returnTo, kept: '', intent }
      const state = sealed(tenant, content)
      if (state.length <= maxStateLength) return { state, nonce, codeVerifier, startedAt }
      const kept = await keepAddress(tenant, returnTo)
      return { state: sealed(tenant, { ...content, returnTo: '/', kept }), nonce, codeVerifier, startedAt }
    },
    look(state, tenant) {
      const content = opened(state, tenant)
      if (content === null || !isInTime(content, clock())) return null
      const { nonce, startedAt, intent } = content
      return { nonce, startedAt, intent }
    },
    async finish(state, { tenant, binding }) {
      const content = opened(state, tenant)
      if (content === null) return { outcome: 'unreadable' }
      const outcome = judge(content, binding, clock())
      const first = outcome === 'opened' && (await store.markOnce(hash(state), storedSeconds))
      const returnTo = await addressOf(tenant, content)
      const { provider, nonce, codeVerifier, attempt, startedAt, intent } = content
      if (outcome !== 'opened') return { outcome, returnTo, attempt }
      return first
        ? { outcome, provider, nonce, codeVerifier, returnTo, attempt, startedAt, intent }
        : { outcome: 'used', returnTo, attempt }
    },
  }
}

function judge(content: Content, binding: string | null, now: number): 'opened' | 'foreign' | 'expired' {
  if (binding === null || !isSameSecret(content.bindingHash, hash(binding))) return 'foreign'
  return isInTime(content, now) ? 'opened' : 'expired'
}

function isInTime({ startedAt }: Content, now: number): boolean {
  return now <= startedAt + transactionSeconds && now >= startedAt - clockLeeway
}

function pack(content: Content): string {
  const { provider, nonce, codeVerifier, bindingHash, startedAt, attempt, returnTo, kept, intent } = content
  return JSON.stringify([provider, nonce, codeVerifier, bindingHash, startedAt, attempt, returnTo, kept, intent])
}

/** null where another version of this program packed it. */
function unpack(text: string): Content | null {
  const values: unknown = JSON.parse(text)
  if (!Array.isArray(values) || values.length !== 9) return null
  const [provider, nonce, codeVerifier, bindingHash, startedAt, attempt, returnTo, kept, intent]: unknown[] = values
  if (typeof provider !== 'string' || typeof nonce !== 'string' || typeof codeVerifier !== 'string') return null
  if (typeof bindingHash !== 'string' || typeof startedAt !== 'number' || typeof attempt !== 'number') return null
  if (typeof returnTo !== 'string' || typeof kept !== 'string') return null
  // The seal is ours: whoever wrote the rest wrote this too.
  const meant = typeof intent === 'object' && intent !== null ? (intent as Intent) : null
  if (meant === null) return null
  return { provider, nonce, codeVerifier, bindingHash, startedAt, attempt, returnTo, kept, intent: meant }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
