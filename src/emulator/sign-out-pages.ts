/** The pages of a sign-out: which account, that it is done, and the hidden frames of the front channel. */
import { tile } from './account-tile.ts'
import type { Person } from './directory.ts'
import { type Html, html } from './html.ts'
import { page } from './page-frame.ts'

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
