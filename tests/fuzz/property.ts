/** What must hold for any input: a name, and how to check it for one that fast-check makes up. */
import type fc from 'fast-check'

export interface Property {
  /** A sentence whose subject is the function. */
  readonly name: string
  /** How many inputs `npm test` tries; `npm run fuzz` goes on for as long as it is told. */
  readonly runs: number
  readonly property: fc.IRawProperty<unknown>
}

/** The input's type is the property's own matter. */
export function property<T>(name: string, runs: number, checked: fc.IRawProperty<T>): Property {
  return { name, runs, property: checked as fc.IRawProperty<unknown> }
}
