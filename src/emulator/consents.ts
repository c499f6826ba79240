/** Who has consented to the application: people for themselves, administrators for everybody in their directory. */
import type { Person } from './directory.ts'
import type { Application } from './registration.ts'
import { consumersId } from './tenancies.ts'

export interface Consents {
  /** What is missing: nothing, the person's own consent, or that of an administrator (90094). */
  missing(person: Person, application: Application): 'nothing' | 'person' | 'administrator'
  giveFor(person: Person): void
  giveForAll(tenancyId: string): void
  /** Takes back what the person has consented to; a refresh then fails with 65001. */
  withdraw(person: Person): void
}

export function createConsents(): Consents {
  const people = new Set<string>()
  const withdrawn = new Set<string>()
  const directories = new Set<string>()
  return {
    missing(person, { consent }) {
      if (withdrawn.has(person.id)) return 'person'
      if (consent === 'given' || directories.has(person.directory)) return 'nothing'
      // Nobody administers personal accounts: each person consents alone.
      if (consent === 'administrator' && person.directory !== consumersId) return 'administrator'
      return people.has(person.id) ? 'nothing' : 'person'
    },
    giveFor(person) {
      withdrawn.delete(person.id)
      people.add(person.id)
    },
    giveForAll: (tenancyId) => void directories.add(tenancyId),
    withdraw(person) {
      people.delete(person.id)
      withdrawn.add(person.id)
    },
  }
}
