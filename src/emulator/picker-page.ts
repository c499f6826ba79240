/** The page on which one chooses an account, of those that may sign in or any other. */
import { tile } from './account-tile.ts'
import type { Person } from './directory.ts'
import { type Html, html } from './html.ts'
import { page } from './page-frame.ts'
import type { Application } from './registration.ts'
import { contoso } from './tenancies.ts'

interface Picker {
  readonly application: Application
  readonly people: readonly Person[]
  /** Ids of those who are signed in in this browser. */
  readonly signedIn: readonly string[]
  readonly suggested: Person | null
  /** What was wrong with the account that was typed; null for nothing. */
  readonly message: string | null
  /** The authorization request as it was sent: it travels in a hidden field, so that the page may stay open for long. */
  readonly query: string
  /** First part of the addresses under which the sign-in goes on. */
  readonly segment: string
}

/** One button per person; the suggested one comes first and has the focus. */
export function pickerPage({ application, people, signedIn, suggested, message, query, segment }: Picker): Html {
  const ordered = suggested === null ? people : [suggested, ...people.filter((person) => person !== suggested)]
  const tiles = ordered.map((person) =>
    tile(person, signedIn.includes(person.id) ? 'signed in' : null, person === suggested),
  )
  return page(
    'Choose an account',
    html`<h1>Choose an account</h1>
<p class="quiet">to go on to ${application.name}. Hardly anybody has a password.</p>
${message === null ? null : html`<p class="message" role="alert">${message}</p>`}
<form method="post" action="/${segment}/choose-account">
<input type="hidden" name="request" value="${query}">
<ul class="tiles">${tiles}</ul>
</form>
<form method="post" action="/${segment}/choose-account">
<input type="hidden" name="request" value="${query}">
<p><label>Another account: <input name="username" autocomplete="off" placeholder="somebody@${contoso.domain}"></label></p>
<div class="actions"><button class="main">Next</button>
<button class="plain" name="cancel" value="yes">Cancel</button></div>
</form>`,
  )
}
