/** What can be said of an account alone, whoever asks: whether it is a guest's, the hint that picks it, why it is refused. */
import type { Person } from './directory.ts'

/** A guest comes from another directory, or from somewhere that is none. */
export function isGuest(person: Person): boolean {
  return person.homeDirectory !== null || person.identityProvider !== null
}

/** The opaque `login_hint` claim: it picks the account at a sign-out, which a username does not. */
export function loginHintOf(person: Person): string {
  return `O.${Buffer.from(JSON.stringify({ oid: person.id, tid: person.directory })).toString('base64url')}`
}

/** Given name and family names, as the first blank parts them. */
export function namesOf(person: Person): { readonly given: string; readonly family: string | null } {
  const [given = '', ...rest] = person.name.split(' ')
  return { given, family: rest.length === 0 ? null : rest.join(' ') }
}

/** The AADSTS code with which this person is refused, at a sign-in as at a refresh; null for none. */
export function refusalOf(person: Person): number | null {
  return person.enabled ? person.refusedWith : 50057
}
