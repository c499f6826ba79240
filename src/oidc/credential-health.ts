/**
 * What providers think of our credentials, and how long these last: so that an operator hears of it before people do.
 */
import type { Credential, Provider } from '../core/gateway.ts'
import type { Log } from '../ops/log.ts'

export interface CredentialHealth {
  /** In which order the secrets of a provider are tried now: the one that works first. */
  order(provider: Provider): readonly number[]
  /** @param code what the provider calls it, or `not to be had`. Alarms when it is news. */
  refused(provider: Provider, index: number, code: string): void
  accepted(provider: Provider, index: number): void
  /** Warns of what expires soon: each once a day, however often it is called. */
  look(providers: readonly Provider[]): void
  /** What is wrong, by the provider's name; nothing for one whose credential works and lasts. */
  summary(providers: readonly Provider[]): Readonly<Record<string, string>>
  /** Providers that refuse the credential, or the first of several secrets. */
  refusals(providers: readonly Provider[]): readonly (readonly [string, number])[]
  /** When credentials expire, in seconds since 1970, as far as that is known. */
  expiries(providers: readonly Provider[]): readonly (readonly [string, number])[]
}

interface State {
  /** Of secrets: the one that worked when the first did not. */
  works: number
  /** Until when it is tried first, in seconds since 1970. */
  until: number
  /** By the secret's place. */
  readonly refused: Map<number, string>
  warnedAt: number
}

/** Then the first is tried again: a new secret takes minutes until the provider knows it everywhere. */
const remembered = 600
const [day, warnedBefore] = [86_400, 30 * 86_400]
const mostNames = 50

/** @param clock seconds since 1970. */
export function createCredentialHealth({ log, clock }: { readonly log: Log; readonly clock: () => number }) {
  // Hangs on the compiled credential: a new secret begins without a past.
  const states = new WeakMap<Credential, State>()

  function stateOf({ credential }: Provider): State {
    const found = states.get(credential)
    if (found !== undefined) return found
    const made: State = { works: 0, until: 0, refused: new Map(), warnedAt: Number.NEGATIVE_INFINITY }
    states.set(credential, made)
    return made
  }

  function order(provider: Provider): readonly number[] {
    const { credential } = provider
    const all = credential.form === 'secrets' ? credential.secrets.map((_, index) => index) : [0]
    const { works, until } = stateOf(provider)
    return clock() < until ? [works, ...all.filter((index) => index !== works)] : all
  }

  function refused(provider: Provider, index: number, code: string): void {
    const state = stateOf(provider)
    if (state.works === index) state.until = 0
    if (state.refused.get(index) === code) return
    state.refused.set(index, code)
    log.error('credential_refused', { provider: provider.name, ...which(provider, index), providerCode: code })
  }

  function accepted(provider: Provider, index: number): void {
    const state = stateOf(provider)
    if (index !== 0 && (state.works !== index || clock() >= state.until)) {
      Object.assign(state, { works: index, until: clock() + remembered })
      log.warn('credential_replaced', { provider: provider.name, ...which(provider, index) })
    }
    if (state.refused.delete(index))
      log.info('credential_accepted', { provider: provider.name, ...which(provider, index) })
  }

  function look(providers: readonly Provider[]): void {
    const now = clock()
    for (const provider of providers) {
      const expiresAt = expiryOf(provider.credential)
      const state = stateOf(provider)
      if (expiresAt === null || expiresAt - now > warnedBefore || now - state.warnedAt < day) continue
      state.warnedAt = now
      const { name, credential } = provider
      const what = { provider: name, form: credential.form, on: dateOf(expiresAt), expired: expiresAt <= now }
      log.warn('credential_expires', what)
    }
  }

  function troubleOf(provider: Provider): string | null {
    const state = stateOf(provider)
    const { form } = provider.credential
    const expiresAt = expiryOf(provider.credential)
    const all = order(provider)
    const parts = [...state.refused].map(([index, code]) =>
      all.length > 1
        ? `secret ${index + 1} of ${all.length} refused (${code})`
        : `${form === 'secrets' ? 'secret' : form} refused (${code})`,
    )
    if (expiresAt !== null && expiresAt - clock() <= warnedBefore)
      parts.push(`${expiresAt > clock() ? 'expires' : 'expired'} on ${dateOf(expiresAt)}`)
    return parts.length === 0 ? null : parts.join(', ')
  }

  return {
    ...{ order, refused, accepted, look },
    summary: (providers) =>
      Object.fromEntries(
        providers
          .map((provider) => [provider.name, troubleOf(provider)] as const)
          .filter((each): each is readonly [string, string] => each[1] !== null)
          .slice(0, mostNames),
      ),
    refusals: (providers) =>
      providers.filter((provider) => stateOf(provider).refused.size > 0).map(({ name }) => [name, 1] as const),
    expiries: (providers) =>
      providers.flatMap(({ name, credential }) => {
        const expiresAt = expiryOf(credential)
        return expiresAt === null ? [] : [[name, expiresAt] as const]
      }),
  } satisfies CredentialHealth
}

/** Of several secrets, which: counted as people count. */
function which({ credential }: Provider, index: number): Readonly<Record<string, unknown>> {
  const { form } = credential
  return form === 'secrets' ? { form, secret: index + 1, of: credential.secrets.length } : { form }
}

function expiryOf(credential: Credential): number | null {
  if (credential.form === 'secrets') return credential.expiresAt
  return credential.form === 'certificate' ? credential.certificate.expiresAt : null
}

function dateOf(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().slice(0, 10)
}
