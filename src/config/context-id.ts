/** What providers call their authentication contexts. */
import type { Reading } from './values.ts'

/** The ID of an authentication context of Conditional Access. */
export function readContextId(text: string): Reading<string> {
  return /^c[1-9]\d?$/.test(text) ? { value: text } : { problem: 'this is not the ID of an authentication context' }
}

/** A value of `acr`: it is asked for in a list with blanks between (OpenID Connect Core 3.1.2.1). */
export function readAcrValue(text: string): Reading<string> {
  return /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/.test(text) ? { value: text } : { problem: 'this is not a value of `acr`' }
}
