/** What a page shows, worked out and made safe: every text has been cleaned and every link judged; templates only place them. */
import { displayText } from './display-text.ts'
import type { Link } from './links.ts'
import type { Page, Person } from './page.ts'

export interface View {
  readonly title: string
  /** Empty if the page belongs to no application. */
  readonly application: string
  readonly requestId: string
  /** Code of the outcome; empty if the page is none. */
  readonly code: string
  readonly text: readonly string[]
  readonly person: PersonView | null
  readonly help: HelpLine | null
  /** The first is the primary button, unless there is a form. */
  readonly actions: readonly Action[]
  /** Lines of the block to copy; none, no block. */
  readonly details: readonly string[]
  readonly formAction: Link | null
  /** What is known of a code, term by term. */
  readonly explanation: readonly Term[] | null
  /** Where more is told. */
  readonly more: Action | null
  readonly search: SearchView | null
  readonly choice: ChoiceView | null
  readonly access: AccessView | null
  readonly credentials: CredentialsView | null
  /** Where the frame goes on, for the page that stands in one; empty for the frame's own address. */
  readonly again: Link | '' | null
  /** Where the page leads by itself, as the browser is told it; null: nowhere. */
  readonly refresh: string | null
  readonly kept: KeptView | null
}

/** What becomes of a kept form: each by a button, with the same field. */
export interface KeptView {
  readonly send: Link
  readonly discard: Link
  readonly field: readonly [name: string, value: string]
}

/** The form for an account of the gateway itself. */
export interface CredentialsView {
  readonly action: Link
  readonly state: string
  readonly token: string
  readonly failed: boolean
}

/** The ways to sign in. */
export interface ChoiceView {
  readonly ways: readonly (Action & { readonly initial: string })[]
  readonly form: { readonly action: Link; readonly kept: readonly (readonly [string, string])[] } | null
}

export interface Term {
  readonly term: string
  readonly parts: readonly TextPart[]
}

export interface TextPart {
  readonly text: string
  /** Whether it is something to type. */
  readonly code: boolean
}

export interface SearchView {
  readonly action: Link
  /** Whether its button is the primary one of the page. */
  readonly primary: boolean
  readonly often: readonly Action[]
}

export interface AccessView {
  readonly who: readonly Term[]
  /** Sentences about roles, and where each came from. */
  readonly roles: readonly Term[]
  readonly others: string
  readonly action: Link
  /** What was found out about the request that was asked about, the answer first. */
  readonly found: { readonly title: string; readonly terms: readonly Term[] } | null
}

export interface PersonView {
  readonly name: string
  /** Empty if it says nothing that the name does not say. */
  readonly username: string
}

export interface Action {
  readonly label: string
  readonly href: Link
  /** Whether it opens a window of its own. */
  readonly apart?: boolean
}

/** A sentence around a contact, of which the address may be a link. */
export interface HelpLine {
  readonly before: string
  readonly contact: string
  readonly href: Link | null
  readonly after: string
}

/** What every page has, and nothing else yet. */
export function blankView(page: Page): Omit<View, 'title' | 'text'> {
  return {
    application: page.applicationName === null ? '' : displayText(page.applicationName),
    requestId: displayText(page.requestId),
    code: '',
    person: null,
    help: null,
    actions: [],
    details: [],
    formAction: null,
    explanation: null,
    more: null,
    search: null,
    choice: null,
    access: null,
    credentials: null,
    again: null,
    refresh: null,
    kept: null,
  }
}

/** Who is signed in: the name and the user name, or one of them alone. Null if neither has anything to show. */
export function personView(person: Person | null): PersonView | null {
  if (person === null) return null
  const name = displayText(person.name)
  const username = displayText(person.username)
  if (name === '' && username === '') return null
  if (name === '' || name === username) return { name: username, username: '' }
  return { name, username }
}
