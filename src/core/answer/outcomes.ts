/**
 * Every way in which a request can end other than with the application's own answer: one table.
 * Pages, problem+json, log lines, metrics and the README's table all come from it; a code without a row does not
 * compile.
 */

/** refusal: we decided against it. fault: something we depend on failed. bug: we failed. */
export type OutcomeKind = 'refusal' | 'fault' | 'bug'

export interface Outcome {
  readonly kind: OutcomeKind
  /** HTTP status of the answer. */
  readonly status: number
  /** Level of the log line. */
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  /** Heading of the page, and `title` of problem+json (RFC 9457). */
  readonly title: string
  /** What the person is told: what happened, and what to do next. */
  readonly text: string
  /** What the operator should look at. */
  readonly remedy: string
}

export const outcomes = {
  request_malformed: {
    kind: 'refusal',
    status: 400,
    level: 'info',
    title: 'This request cannot be understood',
    text: 'Something in the request is written in a way that we do not accept. Go back and try again from the start page.',
    remedy:
      'The field `detail` of the log line names the rule: a missing or doubled Host, a doubled single-value header, a Connection header that names an identity header, a target that does not begin with a slash.',
  },
  tenant_unknown: {
    kind: 'refusal',
    status: 421,
    level: 'info',
    title: 'There is no application at this address',
    text: 'Check the address for typing errors.',
    remedy:
      'No tenant has this host in `publicUrl`. The Host header decides, port included: a proxy in front must pass it on unchanged.',
  },
  tenant_off: {
    kind: 'refusal',
    status: 503,
    level: 'info',
    title: 'This application is switched off',
    text: 'It has been switched off for now. Try again later, or ask whoever runs it.',
    remedy: 'The tenant has `enabled: false`, or all its providers have.',
  },
  tenant_broken: {
    kind: 'refusal',
    status: 503,
    level: 'warn',
    title: 'This application cannot be opened at the moment',
    text: 'Something in its set-up has to be put right first. Try again later, or ask whoever runs it.',
    remedy:
      'The configuration of the tenant has an issue and never was valid since the start: the log line `tenant_refused` and `sallyport check` say what and where. It is served as soon as the issue is gone.',
  },
  path_refused: {
    kind: 'refusal',
    status: 400,
    level: 'info',
    title: 'This address cannot be opened',
    text: 'The address contains characters that we do not accept. Go to the start page and find the page from there.',
    remedy:
      'The path has a reading that could mean another place to the application (dot segments, control characters, backslash, doubly encoded separators). The field `detail` of the log line names the rule.',
  },
  path_too_long: {
    kind: 'refusal',
    status: 414,
    level: 'info',
    title: 'This address is too long',
    text: 'The address is longer than we accept. Go to the start page and find the page from there.',
    remedy: 'A path may have 8,192 bytes.',
  },
  route_unknown: {
    kind: 'refusal',
    status: 404,
    level: 'info',
    title: 'There is nothing here',
    text: 'This application has no page at this address.',
    remedy: 'No route of the tenant covers the path. What no route covers is closed; add a route if it should be open.',
  },
  endpoint_unknown: {
    kind: 'refusal',
    status: 404,
    level: 'info',
    title: 'There is nothing here',
    text: 'There is no page at this address. Go to the start page.',
    remedy: 'Paths under `/.auth` belong to the gateway and never reach the application.',
  },
  method_refused: {
    kind: 'refusal',
    status: 405,
    level: 'info',
    title: 'This cannot be done here',
    text: 'The page does not accept this kind of request.',
    remedy: 'The `methods` of the route that covers the path do not contain the method of the request.',
  },
  expectation_refused: {
    kind: 'refusal',
    status: 417,
    level: 'info',
    title: 'This request cannot be understood',
    text: 'The request asks for something that we do not offer.',
    remedy: 'Of `Expect`, only `100-continue` is known (RFC 9110 section 10.1.1).',
  },
  headers_too_large: {
    kind: 'refusal',
    status: 431,
    level: 'info',
    title: 'Your browser sent too much',
    text: 'The cookies of this site have become too large. Delete the cookies of this site and try again.',
    remedy:
      'The header section is larger than `server.limits.headers`, or has more than 100 fields. Usually cookies of the application or of sibling hosts have piled up.',
  },
  upgrade_refused: {
    kind: 'refusal',
    status: 400,
    level: 'info',
    title: 'This connection cannot be opened',
    text: 'The connection asks for a protocol that we do not pass on.',
    remedy: 'Only WebSocket, version 13, by GET and without a body, is passed on (RFC 6455 section 4.1).',
  },
  origin_refused: {
    kind: 'refusal',
    status: 403,
    level: 'warn',
    title: 'This connection cannot be opened',
    text: 'The connection was opened by another site.',
    remedy: 'The Origin header of a WebSocket must be the origin of `publicUrl` (cross-site WebSocket hijacking).',
  },
  cross_site_refused: {
    kind: 'refusal',
    status: 403,
    level: 'warn',
    title: 'This has to be done here',
    text: 'Another site tried to do this for you. If you want it, open this application and do it there.',
    remedy:
      'A request that changes the session came from another origin (Sec-Fetch-Site, Origin); or, at a tenant with `cookie.embeddedBy`, another site made a request with the cookie of a person that does not merely open a page.',
  },
  request_too_slow: {
    kind: 'refusal',
    status: 408,
    level: 'info',
    title: 'What you were sending came too slowly',
    text: 'The connection stood still for too long, so nothing of it was kept. Check your connection and try again.',
    remedy:
      'The headers of a request took longer than `server.timeouts.headers`, or its body stood still for `server.timeouts.body`, or came in more slowly than `server.limits.minimumRate` over that time.',
  },
  too_many_requests: {
    kind: 'refusal',
    status: 429,
    // A line of its own says how many there are, once a minute (http/limit-log.ts).
    level: 'debug',
    title: 'Too many requests',
    text: 'More is being asked here than can be answered now. Please try again in a minute.',
    remedy:
      'More was asked within a minute than `server.limits.signIns` or `server.limits.failures` allow. The line `too_many_requests` names which of them as `limit`, and one caller: a flood, somebody who tries things out, or a limit that is too small for how many people come from one address.',
  },
  too_many_open: {
    kind: 'refusal',
    status: 429,
    level: 'info',
    title: 'You have too much open',
    text: 'Too many pages of this application are open at the same time. Close some of them and try again.',
    remedy:
      'One person has `server.limits.openPerPerson` WebSockets and long requests open at this gateway: a page that opens them without end, or an account that many devices share.',
  },
  websockets_full: {
    kind: 'refusal',
    status: 503,
    level: 'warn',
    title: 'Too much is open at the moment',
    text: 'The connection cannot be opened now. Please try again in a minute.',
    remedy:
      'This gateway has `server.limits.webSockets` WebSockets open, or half as many of people who are not signed in. Raise the limit, or run more gateways.',
  },
  https_required: {
    kind: 'refusal',
    status: 403,
    level: 'info',
    title: 'This must be sent encrypted',
    text: 'Open the address with https:// at its beginning, and try again from there.',
    remedy:
      'Something sends data to the plain HTTP port. Only GET and HEAD are redirected from there: whatever else was sent has already crossed the network in the open, and must not seem to work.',
  },
  login_required: {
    kind: 'refusal',
    status: 401,
    level: 'debug',
    title: 'Please sign in',
    text: 'You are not signed in, or your session has ended. Sign in, then do it again.',
    remedy: 'Normal: there was no live session, and the request could not be redirected to a sign-in page.',
  },
  context_required: {
    kind: 'refusal',
    status: 401,
    level: 'info',
    title: 'Please confirm that it is you',
    text: 'You are signed in, but this needs a stronger proof of who you are. Confirm it, then do it again.',
    remedy:
      'The route has an `authContext` that the session has not satisfied, or not within `authContextAge`; a page that is opened is led through it, and this request could not be redirected. Programs find what is missing in WWW-Authenticate, and in `loginUrl` where to send the person.',
  },
  sign_in_too_old: {
    kind: 'refusal',
    status: 401,
    level: 'info',
    title: 'Please confirm that it is you',
    text: 'You are signed in, but you signed in too long ago for this. Sign in once more, then do it again.',
    remedy:
      'The route has a `maxAge`, and the person proved who they are longer ago than that; a page that is opened is led through the sign-in, and this request could not be redirected.',
  },
  form_not_kept: {
    kind: 'refusal',
    status: 401,
    level: 'info',
    title: 'Nothing was sent yet',
    text: 'You have to sign in first, or to confirm who you are. What you typed is still on the page before this one: sign in in a new window, come back to this one, then go back to that page and send it again.',
    remedy:
      'Somebody sent a form without a live session, or had to prove something first, and it was not kept. `detail`: `off` (`keepForms`, or the route leads to no application), `too-large` (`keepForms`), `full` (`server.limits.keptForms`, or a quarter of it by one caller, or twelve forms of one browser), `store-down`, `encoding`, `address` (no browser sends such), `broken-off`.',
  },
  form_gone: {
    kind: 'refusal',
    status: 410,
    level: 'info',
    title: 'What you typed is not here any more',
    text: 'Nothing was sent. It is kept for twenty minutes, in the browser where it was typed, until somebody signs out there. Look whether it is still on the page where you typed it.',
    remedy:
      'A kept form was asked for that has expired, was discarded, belongs to another browser, or was for another address; or the cookie `__Host-form` is blocked.',
  },
  form_sent: {
    kind: 'refusal',
    status: 409,
    level: 'info',
    title: 'This has been sent already',
    text: 'What you typed was sent once, and is not sent a second time. Open the application and look there for what has become of it.',
    remedy: 'Normal: the back button, a reload or another window asked for a kept form that has been sent.',
  },
  form_of_another: {
    kind: 'refusal',
    status: 403,
    level: 'warn',
    title: 'Somebody else has typed this',
    text: 'In this browser, another person typed something that was to be sent. It is not sent in your name, and not shown. If you have two accounts, sign in with the one that you used.',
    remedy:
      'A kept form was asked for by another person than the one whose session it came with, or who has first come back to it.',
  },
  role_missing: {
    kind: 'refusal',
    status: 403,
    level: 'info',
    title: 'You may not open this page',
    text: 'You are signed in, but this page needs a role that you do not have. Ask for the role, or sign in with another account.',
    remedy: 'The route asks for one of several roles, and the groups and app roles of this person give none of them.',
  },
  no_role: {
    kind: 'refusal',
    status: 403,
    level: 'info',
    title: 'You have no access to this application yet',
    text: 'You are signed in, but nobody has given you a role in this application. Ask for access, or sign in with another account.',
    remedy:
      'The person matches none of the tenant’s `roles`. Add the person to one of the groups or app roles, or set `noRole`. The log line `signed_in` names what the directory said.',
  },
  transaction_missing: {
    kind: 'refusal',
    status: 400,
    level: 'info',
    title: 'This sign-in cannot be finished',
    text: 'The sign-in did not begin in this browser, or it began too long ago. Please start again.',
    remedy:
      'The callback came without `state`, with one that we did not make, or without the cookie `__Host-login`: a bookmarked sign-in page, an answer pasted into another browser, blocked cookies, or a forged callback. It was begun anew once by itself before this page. The field `cause` of the log line says what can be told.',
  },
  transaction_used: {
    kind: 'refusal',
    status: 400,
    level: 'info',
    title: 'This sign-in was already finished',
    text: 'The page was opened a second time, perhaps with the back button. Please start again.',
    remedy:
      'The answer came again after the sign-in had been begun anew by itself. Many of them from one address are replays.',
  },
  login_loop: {
    kind: 'refusal',
    status: 400,
    level: 'warn',
    title: 'Signing in does not last',
    text: 'You have signed in several times, but your browser did not keep it. Allow cookies for this site, or delete those that it has, and sign in again.',
    remedy:
      'The browser finished three sign-ins for one address within a minute, and each time came back without a session: the cookie `__Host-sid` is blocked or there twice, or the session store loses what was written. The field `cause` of the log line says which. Or it keeps the session, and yet is sent to prove something for the fourth time within a minute: `__Host-login` is blocked.',
  },
  login_cancelled: {
    kind: 'refusal',
    status: 403,
    level: 'info',
    title: 'You did not sign in',
    text: 'The sign-in was cancelled, or you did not agree to what was asked. You can start again at any time.',
    remedy:
      'The provider answered `access_denied`: mostly the person cancelled. The field `providerCode` of the log line has the code, if there is one; `/.auth/help/<code>` says what it means.',
  },
  provider_refused: {
    kind: 'refusal',
    status: 403,
    level: 'warn',
    title: 'The sign-in service said no',
    text: 'The sign-in service did not let you in. Try again; if it happens again, give the details below to the people who run this application.',
    remedy:
      'The fields `providerError` and `providerCode` (AADSTS…) of the log line say why, with trace and correlation id; `/.auth/help/<code>` says who has to act, and the fix.',
  },
  identity_refused: {
    kind: 'refusal',
    status: 403,
    level: 'warn',
    title: 'This account cannot be used here',
    text: 'You signed in with an account that this application does not accept. Sign in with another account.',
    remedy:
      'The ID token is valid, but not for us: another directory (`tid`) or issuer, or a needed claim is missing. The log line `identity_refused` beside it names the rule (`detail`) and whose account it was.',
  },
  other_person: {
    kind: 'refusal',
    status: 403,
    level: 'warn',
    title: 'This was another account',
    text: 'You were asked to confirm who you are, but did it with another account than the one you are signed in with. You are still signed in with the first. Try again with that one, or sign out first.',
    remedy:
      'A sign-in that was to prove something of a signed-in person was answered for another person. Nothing has changed.',
  },
  context_unmet: {
    kind: 'refusal',
    status: 403,
    level: 'warn',
    title: 'The sign-in service did not confirm this',
    text: 'This page needs a stronger or more recent proof of who you are, and the sign-in service did not give it. If it happens again, ask the people who run this application.',
    remedy:
      'The ID token lacks what the route asks for. `detail` is `acrs`: the authentication context of `authContexts` is not published in the directory, or has another ID; elsewhere, the provider does not send this `acr`. `auth-time`: the provider does not say when the person proved who they are, or did not ask them again.',
  },
  guest_refused: {
    kind: 'refusal',
    status: 403,
    level: 'info',
    title: 'Guests cannot use this application',
    text: 'Your account is a guest in this organisation, and this application is for its own people. Sign in with another account, or ask for access.',
    remedy:
      'The tenant has `guests: deny`, and the ID token shows a guest: `acct` is not 0, `idp` is another directory, or the user name has `#EXT#` in it.',
  },
  email_refused: {
    kind: 'refusal',
    status: 403,
    level: 'info',
    title: 'This account cannot be used here',
    text: 'This application is for people whose verified e-mail address is of certain organisations, and that of your account is not. Sign in with another account, or ask for access.',
    remedy:
      'The tenant has `require.emailDomains`. The ID token has no `email` of one of them, or nobody vouches for it: a guest without `xms_edov`, `xms_edov` or `email_verified` that is not true.',
  },
  profile_incomplete: {
    kind: 'refusal',
    status: 403,
    level: 'info',
    title: 'Something is missing from your account',
    text: 'This application cannot be used without it. Ask the people who look after your account to add it, then sign out and in again.',
    remedy:
      'The tenant has `require.claims`, and the ID token lacks one of them, or it is empty: the page names it. At Entra most must be added as optional claims of the app registration first.',
  },
  consent_refused: {
    kind: 'refusal',
    status: 403,
    level: 'warn',
    title: 'Consent has not been given',
    text: 'An administrator was asked to let the people of a directory use this application, and it did not work. Nothing has changed.',
    remedy:
      'What came back from `/.auth/admin-consent` was no consent: declined, or opened by somebody who may not give it. The fields `providerError` and `providerCode` of the log line say which.',
  },
  groups_unknown: {
    kind: 'refusal',
    status: 403,
    level: 'error',
    title: 'Your groups could not be read',
    text: 'The sign-in service does not tell us all of your groups, so we cannot know your role. The people who run this application have to change a setting.',
    remedy:
      'Entra left the groups out because there are more than 200 (overage), and Microsoft Graph may not be asked for them: the provider has `overage: refuse` or `groupNames: emitted`. Or it left out roles that Graph cannot tell. Set the groups claim of the app registration to “Groups assigned to the application”, or use app roles. With another provider, the claim named in `groupsClaim` or `appRolesClaim` is no list of texts.',
  },
  provider_unreachable: {
    kind: 'fault',
    status: 503,
    level: 'error',
    title: 'The sign-in service cannot be reached',
    text: 'Signing in does not work at the moment. Please try again in a minute. Who is signed in already is not affected.',
    remedy:
      'Discovery, keys or the token endpoint of the provider do not answer. Check DNS, egress rules and proxy; the log line `provider_unreachable` has the cause. Where the discovery document “answered 400 with AADSTS90002”, there is no such directory: `tenantId` or `cloud` is wrong.',
  },
  provider_fault: {
    kind: 'fault',
    status: 502,
    level: 'error',
    title: 'The sign-in service gave a wrong answer',
    text: 'Signing in does not work at the moment. Please try again; if it happens again, give the details below to the people who run this application.',
    remedy:
      'The answer of the provider failed a check (signature, issuer, audience, nonce, time), or was no answer of the protocol. The log line has the cause.',
  },
  graph_unreachable: {
    kind: 'fault',
    status: 503,
    level: 'error',
    title: 'Your details cannot be read at the moment',
    text: 'You have signed in, but Microsoft does not tell us now which groups you are in, or what else this application has to know. Please try again in a minute. Who is signed in already is not affected.',
    remedy:
      'Microsoft Graph did not answer, was busy (429, 5xx) or gave an answer that makes no sense. It is asked for people with more than 200 groups, and for `{graph.…}` in headers. Check DNS, egress rules and proxy for its host; the log line has the cause, with the `request-id` for Microsoft’s support.',
  },
  graph_refused: {
    kind: 'fault',
    status: 502,
    level: 'error',
    title: 'Your details could not be read',
    text: 'You have signed in, but Microsoft does not let us read which groups you are in, or what else this application has to know. The people who run this application have to change a setting.',
    remedy:
      'Microsoft Graph refused the question. 401 or 403: consent for the delegated permission `User.Read` is missing; grant it in the app registration, under API permissions. 400: a header asks for a property that Graph does not have (`{graph.…}`). The log line has the code, with the `request-id` for Microsoft’s support.',
  },
  client_refused: {
    kind: 'fault',
    status: 502,
    level: 'error',
    title: 'This application cannot sign anybody in',
    text: 'The sign-in service does not accept this application. The people who run it have to correct a setting.',
    remedy:
      'The provider refused our credential (`invalid_client`, `unauthorized_client`): client secret expired, mistyped, or the secret’s ID in place of its value; a certificate that is not registered; a federated credential that does not match. Or the credential was not to be had: the token file, the machine’s identity service. The log line `credential_refused` says which, `/.auth/help/<code>` has the fix for its `providerCode`, and who is signed in stays so.',
  },
  access_token_unavailable: {
    kind: 'fault',
    status: 502,
    level: 'error',
    title: 'This application cannot be opened at the moment',
    text: 'It needs a permission from the sign-in service that could not be had. Please try again in a minute; if it happens again, sign in anew, or tell the people who run this application.',
    remedy:
      'The provider gave no access token for `headers.accessToken.scope`: the log line has its code. Grant the permission to the app registration with admin consent; at other providers, `scopes` must have `offline_access` and what the scope names.',
  },
  session_store_down: {
    kind: 'fault',
    status: 503,
    level: 'error',
    title: 'Please try again in a moment',
    text: 'We cannot look up your session just now. You stay signed in; please try again in a moment.',
    remedy: 'The session store does not answer. Nobody was logged out, and nobody unknown was let in.',
  },
  sign_out_unfinished: {
    kind: 'fault',
    status: 503,
    level: 'error',
    title: 'You are signed out in this browser only',
    text: 'This browser has forgotten your session, but we cannot end it everywhere just now, and the sign-in service may still know you. If other people use this device, sign out of your account there too, or close all windows of this browser.',
    remedy:
      'The session store did not answer a sign-out. The gateway that was asked refuses the session from now on and ends it in the store when that is back; until then other gateways may accept a copy of the cookie. If this gateway is restarted before, the session lives on until its idle time or lifetime ends.',
  },
  upstream_unreachable: {
    kind: 'fault',
    status: 502,
    level: 'error',
    title: 'The application does not answer',
    text: 'The application behind this page cannot be reached. Please try again in a minute.',
    remedy:
      'The connection to `upstream.url` was refused, or ended before an answer began. The log line names the upstream and the cause, such as an expired certificate.',
  },
  upstream_timeout: {
    kind: 'fault',
    status: 504,
    level: 'error',
    title: 'The application takes too long',
    text: 'The application behind this page did not answer in time. Please try again in a minute.',
    remedy: 'No connection within `upstream.timeouts.connect`, or no answer within `upstream.timeouts.firstByte`.',
  },
  internal_error: {
    kind: 'bug',
    status: 500,
    level: 'error',
    title: 'Something went wrong here',
    text: 'This is a mistake of ours, not of yours. Please try again; if it happens again, give the request id below to the people who run this application.',
    remedy: 'A defect in the gateway. The log line has the stack; please report it.',
  },
} as const satisfies Record<string, Outcome>

export type OutcomeCode = keyof typeof outcomes
type CodeOf<K extends OutcomeKind> = {
  [C in OutcomeCode]: (typeof outcomes)[C]['kind'] extends K ? C : never
}[OutcomeCode]
export type RefusalCode = CodeOf<'refusal'>
export type FaultCode = CodeOf<'fault'>
