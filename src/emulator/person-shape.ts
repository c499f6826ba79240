/** Reads people that somebody wrote down, in a file or for the control, and says what is wrong with them. */
import type { NewPerson } from './directory.ts'

type Kind = 'text' | 'texts' | 'flag' | 'text-or-null' | 'number-or-null' | 'object' | 'anything'

/** Every key of a person that may be said. */
const shape: Readonly<Record<keyof NewPerson, Kind>> = {
  id: 'text',
  directory: 'text',
  username: 'text',
  userPrincipalName: 'text',
  name: 'text',
  description: 'text',
  mail: 'text-or-null',
  mailVerified: 'anything',
  groups: 'texts',
  appRoles: 'texts',
  directoryRoles: 'texts',
  homeDirectory: 'text-or-null',
  identityProvider: 'text-or-null',
  claims: 'object',
  properties: 'object',
  photo: 'text-or-null',
  password: 'text-or-null',
  enabled: 'flag',
  refusedWith: 'number-or-null',
}

/** The people of a JSON text: a list, each with `username` and `name` at least. Throws an error that names the place and what is allowed. */
export function readPeople(text: string): readonly NewPerson[] {
  const list: unknown = JSON.parse(text)
  if (!Array.isArray(list)) throw new Error('People are a list: [{ "username": "…", "name": "…" }, …].')
  return list.map((person: unknown, at) => {
    const problem = personProblem(person)
    if (problem !== null) throw new Error(`Person ${at + 1}: ${problem}`)
    return person as NewPerson
  })
}

/** What is wrong with a whole person; null for nothing. */
export function personProblem(person: unknown): string | null {
  const problem = changeProblem(person)
  if (problem !== null) return problem
  const { username, name } = person as Readonly<Record<string, unknown>>
  return username === undefined || name === undefined ? '"username" and "name" are needed.' : null
}

/** What is wrong with some keys of a person; null for nothing. */
export function changeProblem(change: unknown): string | null {
  if (typeof change !== 'object' || change === null || Array.isArray(change)) return 'it is no object.'
  for (const [key, value] of Object.entries(change)) {
    const kind = Object.hasOwn(shape, key) ? shape[key as keyof NewPerson] : null
    if (kind === null) return `"${key}" is not known; there is ${Object.keys(shape).join(', ')}.`
    if (!fits(value, kind)) return `"${key}" must be ${kind.replaceAll('-', ' ')}.`
  }
  return null
}

function fits(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string' && value !== ''
    case 'texts':
      return Array.isArray(value) && value.every((each) => typeof each === 'string')
    case 'flag':
      return typeof value === 'boolean'
    case 'text-or-null':
      return value === null || typeof value === 'string'
    case 'number-or-null':
      return value === null || typeof value === 'number'
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    case 'anything':
      return true
    default:
      return kind satisfies never
  }
}
