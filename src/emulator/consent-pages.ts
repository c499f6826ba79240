/** The pages that ask for consent: a person for one's own, an administrator for everybody. */
import { type Html, html } from './html.ts'
import { page } from './page-frame.ts'
import { type Question, questionForm } from './question.ts'
import type { Application } from './registration.ts'

/** Shown where consent is missing, and where the application asked for it to be asked for. */
export function consentPage(question: Question, scopes: readonly string[]): Html {
  const { application, person } = question
  return page(
    'Permissions requested',
    html`<h1>${application.name} asks for permission</h1>
<p class="quiet">You are signing in as ${person.name} (${person.username}).</p>
<ul>${scopes.map((scope) => html`<li><code>${scope}</code></li>`)}</ul>
${questionForm(
  question,
  html`<div class="actions"><button class="main" name="consent" value="accept">Accept</button>
<button class="plain" name="consent" value="decline">Decline</button></div>`,
)}`,
  )
}

/** An administrator consents for everybody in the directory. */
export function adminConsentPage(application: Application, query: string, segment: string): Html {
  return page(
    'Permissions requested',
    html`<h1>${application.name} asks for permission for everybody</h1>
<p class="quiet">You answer for the whole directory, as its administrator.</p>
<form method="post" action="/${segment}/choose-admin-consent">
<input type="hidden" name="request" value="${query}">
<div class="actions"><button class="main" name="consent" value="accept">Accept</button>
<button class="plain" name="consent" value="decline">Decline</button></div>
</form>`,
  )
}
