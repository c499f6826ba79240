/** The page behind `response_mode=form_post`. */
import { type Html, html } from './html.ts'
import { page } from './page-frame.ts'

/** Carries an answer to the application as a form; without JavaScript one presses the button. */
export function formPostPage(
  address: string,
  parameters: Readonly<Record<string, string | null>>,
  nonce: string,
): Html {
  const fields = Object.entries(parameters).flatMap(([name, value]) =>
    value === null ? [] : [html`<input type="hidden" name="${name}" value="${value}">`],
  )
  return page(
    'Going on',
    html`<h1>Going on</h1>
<form method="post" action="${address}">${fields}<div class="actions"><button class="main">Go on</button></div></form>
<script nonce="${nonce}">document.forms[0].submit()</script>`,
  )
}
