/** The pretend directories as data: who is in which, which groups there are, and the one application that is registered. */
import { createHash } from 'node:crypto'
import { createGroups, type Groups, type NewGroup } from './groups.ts'
import { defaultPeople } from './people.ts'
import { type Application, checked, createRegistration } from './registration.ts'
import { type Authority, consumersId, contoso } from './tenancies.ts'

/** For those who start an emulator: the identifiers to configure an application with. */
export { allEmployees, payrollAdministrators, payrollStaff } from './groups.ts'
export { administratorRole, readerRole } from './people.ts'
export { clientId, clientSecret } from './registration.ts'
export const directoryId = contoso.id

export interface Person {
  /** Object id: the `oid` claim. */
  readonly id: string
  /** The directory that this object stands in: the `tid` claim. One account may have an object in several. */
  readonly directory: string
  /** What is typed to sign in: the `preferred_username` claim. */
  readonly username: string
  readonly userPrincipalName: string
  readonly name: string
  /** The line under the name in the account picker. */
  readonly description: string
  readonly mail: string | null
  /** How the token says that the owner of the mail's domain has been verified; undefined where it says nothing. */
  readonly mailVerified: boolean | number | string | undefined
  /** Only the direct ones; which others these belong to, the groups say. */
  readonly groups: readonly string[]
  readonly appRoles: readonly string[]
  /** Template ids of directory roles. */
  readonly directoryRoles: readonly string[]
  /** The home directory of a guest; null for a member. */
  readonly homeDirectory: string | null
  /** Of a guest without a home directory here, such as `live.com` or `mail`. */
  readonly identityProvider: string | null
  /** What the ID token says besides, whatever the registration asks for: `ipaddr`, `in_corp`, a claim of one's own. */
  readonly claims: Readonly<Record<string, unknown>>
  /** What Graph knows besides: `department`, `employeeId`, `onPremisesSamAccountName` and so on. */
  readonly properties: Readonly<Record<string, unknown>>
  /** A JPEG, in base64; null for none. */
  readonly photo: string | null
  /** Asked for on a page; null, as for almost everybody, for none. */
  readonly password: string | null
  readonly enabled: boolean
  /** An AADSTS code with which every sign-in and refresh of this person is refused; null for none. */
  readonly refusedWith: number | null
}

/** Username and name are enough; the object id is then worked out from the username, so that it stays the same. */
export type NewPerson = Pick<Person, 'username' | 'name'> & Partial<Person>

export interface Directory {
  readonly application: Application
  readonly groups: Groups
  /** Everybody, or those whom an authority lets in: one directory its members and guests, a keyword those who are at home somewhere. */
  people(authority?: Authority): readonly Person[]
  byId(id: string): Person | null
  /** Looks for the username, the user principal name and the mail, in any case of letters; Contoso first. */
  byName(name: string): Person | null
  /** The object that the account of this person has under the authority; null for none (50020). */
  under(authority: Authority, person: Person): Person | null
  /** By object id, or else by name. Throws where there is no such person. */
  find(name: string): Person
  /** Merges the change into the person, who is found by object id or name. Throws where there is no such person. */
  change(name: string, change: Partial<Omit<Person, 'id'>>): void
  /** Adds a person, or replaces the one of that object id. */
  add(person: NewPerson): void
  remove(id: string): void
  changeApplication(change: Partial<Application>): void
}

/**
 * @param people   further people, beside the four that are always there
 * @param application what the registration says differently; its redirect URIs are added to the two that are always there
 */
export function createDirectory(
  people: readonly NewPerson[] = [],
  application: Partial<Application> = {},
  groups: readonly NewGroup[] = [],
): Directory {
  const byId = new Map([...defaultPeople, ...people].map(completed).map((person) => [person.id, person]))
  let registration = createRegistration(application)
  const byName = (name: string) => {
    const wanted = name.toLowerCase()
    const names = (person: Person) => [person.username, person.userPrincipalName, person.mail ?? person.username]
    const found = [...byId.values()].filter((person) => names(person).some((own) => own.toLowerCase() === wanted))
    return found.find((person) => person.directory === contoso.id) ?? found[0] ?? null
  }
  const find = (name: string) => {
    const person = byId.get(name) ?? byName(name)
    if (person === null) throw new Error(`The pretend directory has nobody called ${name}.`)
    return person
  }
  const peopleOf = (authority: Authority) => [...byId.values()].filter((person) => isLetIn(person, authority))
  return {
    get application() {
      return registration
    },
    groups: createGroups(groups),
    people: (authority) => (authority === undefined ? [...byId.values()] : peopleOf(authority)),
    byId: (id) => byId.get(id) ?? null,
    byName,
    under: (authority, person) =>
      peopleOf(authority).find(({ id }) => id === person.id) ??
      peopleOf(authority).find(({ username }) => username === person.username) ??
      null,
    find,
    change(name, change) {
      const person = find(name)
      byId.set(person.id, { ...person, ...change })
    },
    add(person) {
      const added = completed(person)
      byId.set(added.id, added)
    },
    remove: (id) => void byId.delete(id),
    changeApplication(change) {
      registration = checked({ ...registration, ...change })
    },
  }
}

/** A keyword lets in those who are at home in a directory that it stands for: guests are guests of one directory only. */
function isLetIn(person: Person, { keyword, tenancyId }: Authority): boolean {
  if (tenancyId !== null) return person.directory === tenancyId
  if (person.homeDirectory !== null || person.identityProvider !== null) return false
  return keyword === 'common' || person.directory !== consumersId
}

function completed(person: NewPerson): Person {
  return {
    // An account of another directory has another object id there.
    id: guidFrom(person.directory === undefined ? person.username : `${person.directory} ${person.username}`),
    directory: contoso.id,
    userPrincipalName: person.username,
    description: 'Member of the directory',
    mail: null,
    mailVerified: undefined,
    groups: [],
    appRoles: [],
    directoryRoles: [],
    homeDirectory: null,
    identityProvider: null,
    claims: {},
    properties: {},
    photo: null,
    password: null,
    enabled: true,
    refusedWith: null,
    ...person,
  }
}

/** A GUID that is always the same for the same text. */
function guidFrom(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
