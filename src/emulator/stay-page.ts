/** The page that asks whether to stay signed in, after everything else has been done. */
import { type Html, html } from './html.ts'
import { page } from './page-frame.ts'
import { type Question, questionForm } from './question.ts'

/** No ends the single sign-on after a day, yes after ninety days without a visit. */
export function stayPage(question: Question): Html {
  return page(
    'Stay signed in?',
    html`<h1>Stay signed in?</h1>
<p class="quiet">${question.person.name} (${question.person.username}) will be asked less often in this browser.</p>
${questionForm(
  question,
  html`<div class="actions"><button class="main" name="stay" value="yes">Yes</button>
<button class="plain" name="stay" value="no">No</button></div>`,
)}`,
  )
}
