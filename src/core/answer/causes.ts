/**
 * Why a sign-in does not come to its end in a browser: what can be told from its requests, for the person and for the
 * operator.
 */
import type { RequestFacts } from '../request/facts.ts'
import { loginCookieName, sessionCookieName, timesIn } from './cookies.ts'

interface Meaning {
  /** What the person is told: what probably happened, and what to do. */
  readonly text: string
  /** What the operator should look at. */
  readonly remedy: string
}

export const causes = {
  framed: {
    text: 'This page was opened inside another page, and there your browser does not let it keep anything. Open the application in a window of its own.',
    remedy:
      'The sign-in came back in a frame, without our cookie: the browser blocks cookies of framed sites. Link to the application instead of framing it, or see `cookie.embeddedBy`.',
  },
  plain_http: {
    text: 'The address was opened without https, and so your browser keeps nothing of the sign-in. Open it with https:// at its beginning.',
    remedy:
      'A proxy in front says that the browser uses http (`X-Forwarded-Proto`), and browsers keep Secure cookies on https alone. Redirect http to https in front.',
  },
  no_cookies: {
    text: 'Your browser sent no cookie at all. Allow cookies for this site in its settings, or use another browser.',
    remedy:
      'The browser sent no cookie although it was given one: cookies are switched off there, or something in front removes Set-Cookie or Cookie.',
  },
  cookie_lost: {
    text: 'Your browser keeps other cookies of this site, but not the one of the sign-in. Delete the cookies of this site, and allow new ones.',
    remedy:
      'Cookies came, but not the one that the sign-in had set: an extension or a policy filters cookies, something in front removes ours, or the sign-in took longer than the hour that `__Host-login` lives.',
  },
  other_browser: {
    text: 'The sign-in was begun in another browser or in a private window, or its cookies have been deleted meanwhile. Start again here.',
    remedy:
      'The cookie `__Host-login` is another than the one that the sign-in began with: a link that was copied between browsers, deleted cookies, or a forged answer.',
  },
  cookie_twice: {
    text: 'Your browser has our cookie twice. Delete the cookies of this site, and sign in again.',
    remedy:
      'There are two cookies of one name, and none is believed. Something else sets `__Host-…` for this host, or what is in front doubles Cookie.',
  },
  too_late: {
    text: 'The sign-in page had been open for more than ten minutes. Start again, and go through without a long break.',
    remedy:
      'The person needs longer than ten minutes, twice in a row; or the clocks of the gateways differ by more than a minute.',
  },
  session_lost: {
    text: 'Your browser has done its part, but what it shows us stands for no session. The people who run this application have to look into it: show them this page.',
    remedy:
      'The browser keeps `__Host-sid`, and no session belongs to it: the store loses what is written (evicted, another Redis for each gateway, the memory store behind more than one gateway), the gateways have different `session.secrets`, or `idle` is very short.',
  },
} as const satisfies Record<string, Meaning>

export type Cause = keyof typeof causes

type Seen = Pick<RequestFacts, 'kind' | 'headers'>

/** Why an answer of the provider does not belong to a sign-in of this browser; null where nothing can be told. */
export function causeOfForeign(
  outcome: 'used' | 'foreign' | 'expired' | 'unreadable' | 'moved',
  seen: Seen,
): Cause | null {
  if (outcome === 'expired') return 'too_late'
  if (outcome !== 'foreign') return null
  const held = timesIn(cookiesOf(seen), loginCookieName)
  if (held > 1) return 'cookie_twice'
  if (held === 1) return 'other_browser'
  if (seen.kind === 'frame') return 'framed'
  return lost(seen)
}

/** Why a browser that has just signed in has no session. */
export function causeOfLoop(seen: Seen): Cause {
  const held = timesIn(cookiesOf(seen), sessionCookieName)
  if (held > 1) return 'cookie_twice'
  return held === 1 ? 'session_lost' : lost(seen)
}

function lost(seen: Seen): Cause {
  // Only the log and the page depend on it, so it does not matter who wrote the header.
  if (/^\s*http\s*(?:,|$)/i.test(String(seen.headers['x-forwarded-proto'] ?? ''))) return 'plain_http'
  return cookiesOf(seen) === '' ? 'no_cookies' : 'cookie_lost'
}

function cookiesOf({ headers }: Seen): string {
  return typeof headers.cookie === 'string' ? headers.cookie : ''
}
