/** The pretend directory as data: who is in it, which groups there are, and the one application that is registered. */
import { createHash } from 'node:crypto'

export const directoryId = '0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30'
export const directoryName = 'Contoso (pretend)'
/** The verified domain: the directory may be asked for by it, and answers with its id. */
export const directoryDomain = 'contoso.example'
export const clientId = '6d1f0c52-3b7e-4a98-8c15-f0e2d4b6a791'
export const clientSecret = 'pretend-secret-for-the-demo-only'

export const payrollAdministrators = '4f9d2b6a-1c83-4e57-b0a9-7d6e5c4b3a21'
export const payrollStaff = '8e2c7a10-5d4f-4b96-a3e8-1f0d9c8b7a65'
export const allEmployees = 'c7b1e3f5-9a2d-4068-8f4c-6e5d3b2a1908'

/** App roles of the registration, by their `value`. */
export const administratorRole = 'Payroll.Admin'
export const readerRole = 'Payroll.Reader'

/** Home directory of the guest. */
const fabrikam = 'd94e1c37-6a5b-4f02-8e71-b3c0a9d85f16'

export interface Person {
  /** Object id: the `oid` claim. */
  readonly id: string
  /** What is typed to sign in: the `preferred_username` claim. */
  readonly username: string
  readonly userPrincipalName: string
  readonly name: string
  /** The line under the name in the account picker. */
  readonly description: string
  readonly mail: string | null
  readonly groups: readonly string[]
  readonly appRoles: readonly string[]
  /** The home directory of a guest; null for a member. */
  readonly homeDirectory: string | null
  readonly enabled: boolean
  /** An AADSTS code with which every sign-in and refresh of this person is refused; null for none. */
  readonly refusedWith: number | null
}

/** Username and name are enough; the object id is then worked out from the username, so that it stays the same. */
export type NewPerson = Pick<Person, 'username' | 'name'> & Partial<Person>

export interface Application {
  readonly name: string
  readonly clientId: string
  readonly clientSecrets: readonly string[]
  /** Exact, but for the port of `http://localhost`. Addresses to come back to after a sign-out stand here too. */
  readonly redirectUris: readonly string[]
}

export interface Directory {
  readonly application: Application
  people(): readonly Person[]
  byId(id: string): Person | null
  /** Looks for the username, the user principal name and the mail, in any case of letters. */
  byName(name: string): Person | null
  /** Merges the change into the person. Throws where there is no such person. */
  change(username: string, change: Partial<Omit<Person, 'id'>>): void
}

const defaultPeople: readonly NewPerson[] = [
  {
    id: '3c6e0a94-8d1b-4b57-9f20-5e7a1c4d8b36',
    username: 'ada@contoso.example',
    name: 'Ada Lovelace',
    description: 'Payroll administrator',
    mail: 'ada@contoso.example',
    groups: [payrollAdministrators, payrollStaff, allEmployees],
  },
  {
    id: '71f8d2b5-0e4c-4936-a6d7-9b3c5f1e2a48',
    username: 'uwe@contoso.example',
    name: 'Uwe Müller',
    description: 'Payroll staff',
    mail: 'uwe.mueller@contoso.example',
    groups: [payrollStaff, allEmployees],
  },
  {
    id: 'a25b9c0e-4f67-4d18-8b3a-0c9e7d6f5142',
    username: 'nora@contoso.example',
    name: 'Nora Nobody',
    description: 'Belongs to no group and has no role',
  },
  {
    id: 'e8046d1f-b92a-47c3-9d5e-6f1a3b8c7d20',
    username: 'zoë@fabrikam.example',
    userPrincipalName: 'zoë_fabrikam.example#EXT#@contoso.example',
    name: 'Zoë Björk-Łukasiewicz 山田',
    description: 'Guest of another company, may read',
    mail: 'zoe@fabrikam.example',
    appRoles: [readerRole],
    homeDirectory: fabrikam,
  },
]

const defaultApplication: Application = {
  name: 'Payroll',
  clientId,
  clientSecrets: [clientSecret],
  redirectUris: ['http://localhost/.auth/callback', 'http://localhost/.auth/signed-out'],
}

/**
 * @param people   further people, beside the four that are always there
 * @param application what the registration says differently; its redirect URIs are added to the two that are always there
 */
export function createDirectory(people: readonly NewPerson[] = [], application: Partial<Application> = {}): Directory {
  const byId = new Map([...defaultPeople, ...people].map(completed).map((person) => [person.id, person]))
  const byName = (name: string) => {
    const wanted = name.toLowerCase()
    const names = (person: Person) => [person.username, person.userPrincipalName, person.mail ?? person.username]
    return [...byId.values()].find((person) => names(person).some((own) => own.toLowerCase() === wanted)) ?? null
  }
  return {
    application: {
      ...defaultApplication,
      ...application,
      clientId: (application.clientId ?? clientId).toLowerCase(),
      redirectUris: [...defaultApplication.redirectUris, ...(application.redirectUris ?? [])],
    },
    people: () => [...byId.values()],
    byId: (id) => byId.get(id) ?? null,
    byName,
    change(username, change) {
      const person = byName(username)
      if (person === null) throw new Error(`The pretend directory has nobody called ${username}.`)
      byId.set(person.id, { ...person, ...change })
    },
  }
}

/** Whether an address may be redirected to: byte for byte one that is registered; only the port of http://localhost is free. */
export function isRegistered(application: Application, address: string): boolean {
  return application.redirectUris.map(withPath).includes(withPath(withoutLocalPort(address)))
}

function withoutLocalPort(address: string): string {
  return address.replace(/^http:\/\/localhost:\d{1,5}(?=\/|$)/, 'http://localhost')
}

/** Entra adds the slash where an address has no path. */
function withPath(address: string): string {
  return /^https?:\/\/[^/?#]+$/.test(address) ? `${address}/` : address
}

function completed(person: NewPerson): Person {
  return {
    id: guidFrom(person.username),
    userPrincipalName: person.username,
    description: 'Member of the directory',
    mail: null,
    groups: [],
    appRoles: [],
    homeDirectory: null,
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
