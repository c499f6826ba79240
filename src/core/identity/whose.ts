/**
 * Whose sessions are meant, where several are ended or listed at once; and all the groups that one session belongs to.
 */
import type { SessionFacts } from './session.ts'

export type Whose =
  | { readonly of: 'everybody' }
  | { readonly of: 'tenant'; readonly tenant: string }
  /** Name of a provider of our YAML; that of a tenant's own begins with the tenant's name and a slash. */
  | { readonly of: 'provider'; readonly provider: string }
  | { readonly of: 'person'; readonly directoryId: string; readonly objectId: string }
  /** A person of whichever directory. */
  | { readonly of: 'object'; readonly objectId: string }
  /** A person who has come in by this client of a provider (back-channel log-out without `sid`). */
  | { readonly of: 'subject'; readonly registration: string; readonly objectId: string }
  /** One session at the provider, which may have led to sessions of several tenants that share the client. */
  | { readonly of: 'sid'; readonly registration: string; readonly sid: string }

/** What of a session says to which groups it belongs. */
export type Belongings = Pick<SessionFacts, 'tenant' | 'provider' | 'registration' | 'directoryId' | 'objectId' | 'sid'>

/** Every group that a session belongs to, each in the one form in which it can be asked for. */
export function groupsOf(session: Belongings): readonly Whose[] {
  const { tenant, provider, registration, directoryId, objectId, sid } = session
  return [
    { of: 'everybody' },
    { of: 'tenant', tenant },
    { of: 'provider', provider },
    { of: 'person', directoryId, objectId },
    { of: 'object', objectId },
    { of: 'subject', registration, objectId },
    ...(sid === null ? [] : [{ of: 'sid', registration, sid } as const]),
  ]
}

/** One text per group, and for each group another: no value can be mistaken for a part of its neighbour (T56). */
export function textOfGroup(whose: Whose): string {
  switch (whose.of) {
    case 'everybody':
      return JSON.stringify([whose.of])
    case 'tenant':
      return JSON.stringify([whose.of, whose.tenant])
    case 'provider':
      return JSON.stringify([whose.of, whose.provider])
    case 'person':
      return JSON.stringify([whose.of, whose.directoryId, whose.objectId])
    case 'object':
      return JSON.stringify([whose.of, whose.objectId])
    case 'subject':
      return JSON.stringify([whose.of, whose.registration, whose.objectId])
    case 'sid':
      return JSON.stringify([whose.of, whose.registration, whose.sid])
    default:
      return whose satisfies never
  }
}

/**
 * Whether a group may come up again and again without anybody's doing: a provider may name it with every sign-out. That
 * such a group was ended is then remembered only for as long as a sign-in takes.
 */
export function isEndedByProviders({ of }: Whose): boolean {
  return of === 'sid' || of === 'subject'
}
