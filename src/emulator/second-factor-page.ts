/** The page that asks for a second factor, for which one button stands. */
import { type Html, html } from './html.ts'
import { page } from './page-frame.ts'
import { type Question, questionForm } from './question.ts'

/** Conditional Access wants more than the account. */
export function secondFactorPage(question: Question): Html {
  const { person, application } = question
  return page(
    'Approve the sign-in',
    html`<h1>Approve the sign-in</h1>
<p class="quiet">A policy wants a second factor of ${person.name} (${person.username}) for ${application.name}. Pretend that your telephone rings.</p>
${questionForm(
  question,
  html`<div class="actions"><button class="main" name="factor" value="shown">Approve</button>
<button class="plain" name="cancel" value="yes">Cancel</button></div>`,
)}`,
  )
}
