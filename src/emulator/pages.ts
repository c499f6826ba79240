/** The pages of the pretend directory. They work without JavaScript, and say on top that this is not Microsoft. */
import type { Directory, Person } from './directory.ts'
import type { EntraError } from './errors.ts'
import { Html, html } from './html.ts'
import { pageStyle } from './page-style.ts'
import type { Application } from './registration.ts'
import { contoso, tenancies } from './tenancies.ts'

interface Picker {
  readonly application: Application
  readonly people: readonly Person[]
  /** Ids of those who are signed in in this browser. */
  readonly signedIn: readonly string[]
  readonly suggested: Person | null
  /** The authorization request as it was sent: it travels in a hidden field, so that the page may stay open for long. */
  readonly query: string
  /** First part of the addresses under which the sign-in goes on. */
  readonly segment: string
}

/** One button per person; the suggested one comes first and has the focus. */
export function pickerPage({ application, people, signedIn, suggested, query, segment }: Picker): Html {
  const ordered = suggested === null ? people : [suggested, ...people.filter((person) => person !== suggested)]
  const tiles = ordered.map((person) =>
    tile(person, signedIn.includes(person.id) ? 'signed in' : null, person === suggested),
  )
  return page(
    'Choose an account',
    html`<h1>Choose an account</h1>
<p class="quiet">to go on to ${application.name}. No password is asked for.</p>
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

interface Question {
  readonly application: Application
  readonly person: Person
  readonly query: string
  readonly segment: string
}

/** Shown where the application asked for consent to be asked for. */
export function consentPage({
  application,
  person,
  scopes,
  query,
  segment,
}: Question & { readonly scopes: readonly string[] }): Html {
  return page(
    'Permissions requested',
    html`<h1>${application.name} asks for permission</h1>
<p class="quiet">You are signing in as ${person.name} (${person.username}).</p>
<ul>${scopes.map((scope) => html`<li><code>${scope}</code></li>`)}</ul>
<form method="post" action="/${segment}/choose-account">
<input type="hidden" name="request" value="${query}">
<input type="hidden" name="account" value="${person.id}">
<div class="actions"><button class="main" name="consent" value="accept">Accept</button>
<button class="plain" name="consent" value="decline">Decline</button></div>
</form>`,
  )
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

interface Leaving {
  /** The front-channel addresses to call. */
  readonly calls: readonly string[]
  /** Where it goes on; null to stay. */
  readonly next: string | null
  readonly nonce: string
}

/** Tells applications of a sign-out in hidden frames, and goes on when all of them have answered. */
export function frontChannelPage({ calls, next, nonce }: Leaving): Html {
  const frames = calls.map((address) => html`<iframe hidden title="Sign-out" src="${address}"></iframe>`)
  const onward =
    next === null
      ? null
      : html`<p><a id="next" href="${next}">Go on</a></p>
<script nonce="${nonce}">addEventListener('load', () => location.replace(document.getElementById('next').href))</script>`
  return page(
    'Signed out',
    html`<h1>You are signed out</h1>
<p>This account is no longer signed in to the pretend directory in this browser.</p>
${frames}${onward}`,
  )
}

/** Who of several signed-in people is to be signed out. */
export function signOutPickerPage(people: readonly Person[], query: string, segment: string): Html {
  return page(
    'Which account?',
    html`<h1>Which account do you want to sign out of?</h1>
<form method="post" action="/${segment}/choose-sign-out">
<input type="hidden" name="request" value="${query}">
<ul class="tiles">${people.map((person) => tile(person, null, false))}</ul>
</form>`,
  )
}

export function signedOutPage(): Html {
  return page(
    'Signed out',
    html`<h1>You are signed out</h1>
<p>This account is no longer signed in to the pretend directory in this browser. You may close this window.</p>`,
  )
}

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

/** What the directory holds, for somebody who opens its address. */
export function frontPage(directory: Directory, origin: string): Html {
  const { application } = directory
  return page(
    'A pretend directory',
    html`<h1>A pretend directory</h1>
<p>It signs people in with the protocol of Microsoft Entra, and believes whatever they choose. Use it for trying things out only.</p>
<dl>${tenancies.map(({ id, name, domain }) => html`<dt>${name}</dt><dd>${id}<br>${domain}</dd>`)}
<dt>Application (client) ID</dt><dd>${application.clientId}</dd>
<dt>Metadata</dt><dd><a href="/${contoso.id}/v2.0/.well-known/openid-configuration">${origin}/${contoso.id}/v2.0/.well-known/openid-configuration</a></dd></dl>
<h2>People</h2>
<div class="table" tabindex="0" role="group" aria-label="People"><table><thead><tr><th>Name</th><th>Username</th><th>Groups</th><th>App roles</th></tr></thead>
<tbody>${directory.people().map(
      (
        person,
      ) => html`<tr><td>${person.name}<br><span class="quiet">${person.description}</span></td><td>${person.username}</td>
<td>${person.groups.length > 10 ? `${person.groups.length} groups` : person.groups.map((id) => html`<code>${id}</code><br>`)}</td>
<td>${person.appRoles.join(', ')}</td></tr>`,
    )}</tbody></table></div>`,
    'wide',
  )
}

function tile(person: Person, badge: string | null, suggested: boolean): Html {
  return html`<li><button class="${suggested ? 'tile suggested' : 'tile'}" name="account" value="${person.id}"${suggested ? new Html(' autofocus') : null}>
<span class="face" aria-hidden="true">${initials(person.name)}</span>
<strong>${person.name}${badge === null ? null : html`<small class="badge">${badge}</small>`}</strong>
<span>${person.username}</span><span>${person.description}</span></button></li>`
}

function initials(name: string): string {
  const [first = '', second = ''] = name.split(' ')
  return `${[...first].at(0) ?? ''}${[...second].at(0) ?? ''}`
}

/** The frame around every page of the pretend directories. */
export function page(title: string, content: Html, layout: 'narrow' | 'wide' = 'narrow'): Html {
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>${title} · ${contoso.name}</title>
<style>${new Html(pageStyle)}</style>
</head>
<body>
<p class="banner" role="note">This is not Microsoft: a pretend directory for trying things out</p>
<main class="${layout}">
<p class="directory">${contoso.name}</p>
${content}
</main>
</body>
</html>
`
}
