/** The control as a page: the people and the clock of the pretend directories, with a button for each thing that may happen. */
import type { Control } from './control.ts'
import type { Directory, Person } from './directory.ts'
import { type Html, html } from './html.ts'
import { page } from './page-frame.ts'

interface Shown {
  readonly directory: Directory
  readonly control: Control
  /** Where people sign in. */
  readonly origin: string
}

export function controlPage({ directory, control, origin }: Shown): Html {
  const { application } = directory
  const time = new Date(control.clock.now() * 1000).toISOString().slice(0, 19).replace('T', ' ')
  return page(
    'Control of the pretend directories',
    html`<h1>Behind the stage</h1>
<p>People sign in at <a href="${origin}">${origin}</a>. What you press here happens at once.</p>
<h2>Clock</h2>
<p id="clock">${time} UTC</p>
<div class="actions">${button('An hour later', 'forward-clock', { seconds: 3600 })}
${button('A day later', 'forward-clock', { seconds: 86_400 })}
${button('Ninety days later', 'forward-clock', { seconds: 90 * 86_400 })}</div>
<h2>Signing keys</h2>
<div class="actions">${button('Publish a new one', 'publish-key')}${button('Sign with it', 'switch-key')}
${button('Withdraw the others', 'retire-keys')}${button('Emergency: all at once', 'emergency-key')}</div>
<h2>Failures</h2>
<div class="actions">${button('Token endpoint: 503, once', 'fail', { endpoint: 'token', failure: { kind: 'status', status: 503 } })}
${button('Token endpoint: three requests a minute', 'throttle', { endpoint: 'token', requests: 3, seconds: 60 })}
${button('Graph: 429, once', 'fail', { endpoint: 'graph', failure: throttled })}
${button('Next sign-in: AADSTS50105', 'refuse-sign-in', { code: 50_105 })}
${button('Forget all failures', 'recover')}</div>
<h2>Policies</h2>
<div class="actions">${button(
      application.secondFactor ? 'No second factor' : 'Ask for a second factor',
      'change-application',
      {
        change: { secondFactor: !application.secondFactor },
      },
    )}${button('Sign everybody out', 'sign-out-everybody')}</div>
<h2>People</h2>
<div class="table" tabindex="0" role="group" aria-label="People"><table>
<thead><tr><th>Name</th><th>Username</th><th>State</th><th></th></tr></thead>
<tbody>${directory.people().map(personRow)}</tbody></table></div>`,
    'wide',
  )
}

const throttled = { kind: 'status', status: 429, headers: { 'Retry-After': '2' } }

function personRow(person: Person): Html {
  const { id: username, enabled, refusedWith } = person
  const refuseWith = (code: number | null) => ({ username, change: { refusedWith: code } })
  const state = enabled ? (refusedWith === null ? 'may sign in' : `refused with ${refusedWith}`) : 'disabled'
  return html`<tr><td>${person.name}</td><td>${person.username}</td><td>${state}</td><td><div class="actions">
${button(enabled ? 'Disable' : 'Enable', 'change-person', { username, change: { enabled: !enabled } })}
${button('Revoke', 'revoke', { username })}
${refusedWith === null ? button('Unassign', 'change-person', refuseWith(50_105)) : button('Let in', 'change-person', refuseWith(null))}
${button('Delete', 'remove-person', { username })}</div></td></tr>`
}

function button(label: string, action: string, sent: Readonly<Record<string, unknown>> = {}): Html {
  return html`<form method="post" action="/${action}"><input type="hidden" name="json" value="${JSON.stringify(sent)}"><button class="plain">${label}</button></form>`
}
