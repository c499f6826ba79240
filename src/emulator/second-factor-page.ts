/** The page that asks for a second factor, for which one button stands. */
import type { Person } from './directory.ts'
import { type Html, html } from './html.ts'
import { page } from './page-frame.ts'
import type { Application } from './registration.ts'

/** What a page asks a person who has chosen an account; the request travels on as in the picker. */
export interface Question {
  readonly application: Application
  readonly person: Person
  readonly query: string
  readonly segment: string
}

/** Conditional Access wants more than the account. `accepted` carries on the consent that the page before has asked for. */
export function secondFactorPage({ application, person, query, segment }: Question, accepted: boolean): Html {
  return page(
    'Approve the sign-in',
    html`<h1>Approve the sign-in</h1>
<p class="quiet">A policy wants a second factor of ${person.name} (${person.username}) for ${application.name}. Pretend that your telephone rings.</p>
<form method="post" action="/${segment}/choose-account">
<input type="hidden" name="request" value="${query}">
<input type="hidden" name="account" value="${person.id}">
${accepted ? html`<input type="hidden" name="consent" value="accept">` : null}
<div class="actions"><button class="main" name="factor" value="shown">Approve</button>
<button class="plain" name="cancel" value="yes">Cancel</button></div>
</form>`,
  )
}
