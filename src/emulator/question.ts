/** What a page asks a person who has chosen an account, and the form in which the answer comes back. */
import type { Person } from './directory.ts'
import { type Html, html } from './html.ts'
import { type Progress, progressFields } from './progress.ts'
import type { Application } from './registration.ts'

export interface Question {
  readonly application: Application
  readonly person: Person
  /** The authorization request as it was sent. */
  readonly query: string
  /** First part of the addresses under which the sign-in goes on. */
  readonly segment: string
  readonly progress: Progress
}

/** @param content what is asked, with buttons; everything else comes back in hidden fields */
export function questionForm({ person, query, segment, progress }: Question, content: Html): Html {
  return html`<form method="post" action="/${segment}/choose-account">
<input type="hidden" name="request" value="${query}">
<input type="hidden" name="account" value="${person.id}">
${progressFields(progress)}${content}
</form>`
}
