/** The page that asks for a password, of those people who have one. */
import { type Html, html } from './html.ts'
import { page } from './page-frame.ts'
import { type Question, questionForm } from './question.ts'

/** @param message why the last one was not taken; null for the first time */
export function passwordPage(question: Question, message: string | null): Html {
  const { person, application } = question
  return page(
    'Enter the password',
    html`<h1>Enter the password</h1>
<p class="quiet">of ${person.name} (${person.username}), to go on to ${application.name}.</p>
${message === null ? null : html`<p class="message" role="alert">${message}</p>`}
${questionForm(
  question,
  html`<p><label>Password: <input type="password" name="password" autocomplete="off" autofocus></label></p>
<div class="actions"><button class="main">Sign in</button>
<button class="plain" name="cancel" value="yes">Cancel</button></div>`,
)}`,
  )
}
