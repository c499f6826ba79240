/** The pages on which a refusal is told, and on which a code is explained. */
import type { EntraError } from './errors.ts'
import { type Html, html } from './html.ts'
import { page } from './page-frame.ts'

/** Entra's own error page: the application never hears of what is told here. */
export function errorPage(error: EntraError): Html {
  return page(
    'Sign-in failed',
    html`<h1>Sorry, but this sign-in cannot go on</h1>
<p class="message">${error.message}</p>
<p>Go back to the application and try again, or show the lines below to whoever runs it.</p>
<dl><dt>Request Id</dt><dd>${error.traceId}</dd>
<dt>Correlation Id</dt><dd>${error.correlationId}</dd>
<dt>Timestamp</dt><dd>${error.timestamp}</dd></dl>`,
  )
}

/** Where the `error_uri` of a refusal leads. Only digits are repeated. */
export function errorHelpPage(code: string): Html {
  const digits = /^\d{1,8}$/.test(code) ? code : 'unknown'
  return page(
    'About an error',
    html`<h1>AADSTS${digits}</h1>
<p>The pretend directory refuses with the codes that Microsoft Entra uses. What each means stands in Microsoft's list of
sign-in error codes, under this number.</p>`,
  )
}
