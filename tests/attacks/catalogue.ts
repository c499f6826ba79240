/**
 * The attacks that have hit gateways of this kind, each reduced to its mechanism. Every one of them is carried out
 * against the running gateway by a test, here or beside its kind, or says here why it cannot be yet. `npm run generate` makes the
 * table in SECURITY.md of it.
 */

interface Threat {
  /** What goes wrong elsewhere. */
  readonly mechanism: string
  /** Public advisories, pull requests and issues: pointers to the mechanism, not statements about current versions. */
  readonly seenIn: string
  /** Why nothing can be attacked yet. */
  readonly notYet?: string
}

export const threats = {
  // Request target and host
  T1: {
    mechanism: 'Policy looks at one spelling of the path, routing or upstream at another (`/public/../admin`)',
    seenIn: 'Oathkeeper CVE-2026-33494, Pomerium CVE-2023-33189',
  },
  T2: {
    mechanism: 'Encoded separators survive matching or prefix stripping (`%2f`, `%2e%2e`)',
    seenIn:
      'Traefik CVE-2025-66490, CVE-2025-47952, CVE-2025-32431, CVE-2026-48020, CVE-2026-40912, CVE-2026-65600, CVE-2026-65602, CVE-2026-67309',
  },
  T3: { mechanism: 'Empty segments (`//admin`) skip an anchored rule', seenIn: 'rou3 / better-auth CVE-2025-71399' },
  T4: {
    mechanism: 'Path parameters: Java servers drop `;…` per segment, then resolve dots (`/public/..;/admin`)',
    seenIn: '',
  },
  T5: { mechanism: 'Backslash as separator on Windows stacks (`%5c..%5cadmin`)', seenIn: '' },
  T6: {
    mechanism: '`#` or `%23`: the rule sees past it, the upstream cuts there',
    seenIn: 'oauth2-proxy CVE-2026-41059 / GHSA-pxq7-h93f-9jrg, Traefik CVE-2023-47106',
  },
  T7: {
    mechanism: 'Rule matched against path plus query',
    seenIn: 'oauth2-proxy CVE-2025-54576 / GHSA-7rh7-c77v-6434, Envoy Gateway PR #9008',
  },
  T8: { mechanism: 'NUL, CR, LF, DEL, overlong or broken UTF-8 escapes truncate or split later', seenIn: '' },
  T9: {
    mechanism: 'Targets without leading slash, absolute, asterisk or authority form',
    seenIn: 'gRPC CVE-2026-33186',
  },
  T10: {
    mechanism: 'Host compared case-sensitively, with port, with trailing dot',
    seenIn: 'Authelia CVE-2026-48794, Caddy CVE-2026-27587, CVE-2026-27588',
  },
  T11: {
    mechanism: 'Unusual methods fall outside a method rule; override headers change it',
    seenIn: 'Authelia (method syntax check)',
  },
  T12: { mechanism: 'Unanchored or substring patterns match more than meant', seenIn: '' },
  T13: { mechanism: 'Upstream folds what we do not: case, trailing dot or blank, alternate streams', seenIn: '' },
  T14: { mechanism: 'Double decoding (`%252e%252e%252f`)', seenIn: '' },
  T15: { mechanism: 'Unknown host falls into a default tenant', seenIn: '' },
  // Forwarded metadata
  T16: {
    mechanism: 'Client-sent original-URL header decides in forward-auth mode',
    seenIn: 'authentik GHSA-5wcc-hf24-rf5h (CVSS 10)',
    notYet: 'forward-auth mode, which there is not yet; the same headers are tried where the gateway is the proxy',
  },
  T17: {
    mechanism: 'Forwarded headers honoured from any peer',
    seenIn:
      'oauth2-proxy CVE-2026-40575 / GHSA-7x63-xv5r-3p2x (9.1), Oathkeeper CVE-2026-33495, authentik CVE-2023-36456, caddy-security CVE-2024-21494',
  },
  T18: { mechanism: 'Leftmost X-Forwarded-For taken as client address', seenIn: 'oauth2-proxy PR #3478' },
  T19: { mechanism: 'Unparsable metadata raises, the stage is skipped', seenIn: 'authentik CVE-2024-47070' },
  T20: { mechanism: 'Trust default is "everyone"', seenIn: '' },
  T21: {
    mechanism: 'Lesser members of the family survive',
    seenIn: 'Traefik CVE-2026-35051, CVE-2026-54764 (Prefix, Port)',
  },
  T22: {
    mechanism: 'Forwarded proto/host copied into headers or outgoing URLs',
    seenIn: 'caddy-security CVE-2024-21499, CVE-2024-21498',
  },
  T23: {
    mechanism: "One endpoint guesses among several proxies' contracts",
    seenIn: '',
    notYet: 'the endpoints of forward-auth mode, which there is not yet; that none of them answers is tried',
  },
  T24: { mechanism: 'Client values appended to instead of replaced on the way up', seenIn: '' },
  // Identity headers
  T25: {
    mechanism: '`X-Forwarded_User`: WSGI, CGI, PHP fold `_` and `-`',
    seenIn:
      'oauth2-proxy CVE-2025-64484 / GHSA-vjrc-mh2v-45x6, Traefik CVE-2026-39858, CVE-2026-33433, CVE-2026-54763, Caddy CVE-2026-52845',
  },
  T26: {
    mechanism: '`Connection: x-forwarded-user` removes the header after we set it',
    seenIn: 'Oathkeeper GHSA-w9mr-28mw-j8hg, Traefik CVE-2024-45410, CVE-2026-29054 (lower case)',
  },
  T27: {
    mechanism: 'Not stripped when we have no value, or on side paths',
    seenIn: 'Caddy CVE-2026-30851, mod_auth_openidc CVE-2017-6062, CVE-2017-6413',
  },
  T28: {
    mechanism: 'CR, LF, NUL or non-latin1 in a claim',
    seenIn: 'mod_auth_openidc changelog (bare CR); Node ERR_INVALID_CHAR',
  },
  T29: { mechanism: 'Delimiter inside a value (`a,admin`) creates a group', seenIn: '' },
  T30: {
    mechanism: 'Own session cookie or Authorization reaches upstream or error backend',
    seenIn: 'Traefik CVE-2026-41181; oauth2-proxy #388, #644, #1388',
  },
  T31: { mechanism: 'Repeated headers flattened with commas, corrupting `Cookie`', seenIn: '' },
  T32: {
    mechanism: 'A protocol detour bypasses the injection hook (`Expect: 100-continue`)',
    seenIn: 'a trap of http-proxy-middleware',
  },
  T33: { mechanism: 'Two copies of one identity header, upstream picks the other', seenIn: '' },
  // Redirects
  T34: {
    mechanism: '`//evil`, `/\\evil`, blank, tab or newline between slashes',
    seenIn:
      'oauth2-proxy CVE-2017-1000070, GHSA-qqxw-m5fj-f7gv (CVE-2020-5233), GHSA-j7px-6hwj-hpjg (CVE-2020-11053), GHSA-5m6c-jp6f-2vcv (CVE-2020-4037); mod_auth_openidc CVE-2019-14857, CVE-2019-20479, CVE-2021-32786, CVE-2022-23527',
  },
  T35: {
    mechanism: 'Suffix or prefix compare of hosts',
    seenIn:
      'oauth2-proxy GHSA-4mf2-f3wh-gvf2 (CVE-2021-21291), authentik CVE-2024-52289 (unescaped dot), CVE-2026-41569 (startsWith)',
  },
  T36: {
    mechanism: 'A forgotten entry point',
    seenIn:
      'traefik-forward-auth PR #77, caddy-security CVE-2024-21497, Pomerium CVE-2021-29651, mod_auth_openidc CVE-2021-39191',
  },
  T37: { mechanism: 'Return URL travels inside `state`', seenIn: '' },
  T38: {
    mechanism: 'Over-strict filter rejects honest URLs, or cuts at `&`',
    seenIn: 'oauth2-proxy #3404, #1169, #1570',
  },
  T39: { mechanism: '`javascript:`, `data:`, custom schemes', seenIn: '' },
  T40: { mechanism: 'A token is placed in a URL chosen by the request', seenIn: '' },
  // Login flow
  T41: {
    mechanism: 'Callback not bound to the browser that started (login CSRF)',
    seenIn: 'oauth2-proxy CVE-2017-1000069',
  },
  T42: { mechanism: 'Session id survives login (fixation)', seenIn: 'express-openid-connect CVE-2021-41246' },
  T43: { mechanism: 'PKCE downgrade', seenIn: 'authentik CVE-2024-23647' },
  T44: { mechanism: 'Missing, duplicated or foreign `state`, `code`, `iss`; error without state', seenIn: '' },
  T45: {
    mechanism: 'One shared transaction cookie breaks parallel tabs; one per attempt piles up to 431',
    seenIn: 'oauth2-proxy #1283, #2163; mod_auth_openidc #331; lua-resty-openidc #482; traefik-forward-auth #238',
  },
  T46: { mechanism: 'Unsigned or replayable hand-off between hosts', seenIn: 'Pomerium CVE-2021-29652' },
  T47: { mechanism: 'Query parameters injected into the authorize request', seenIn: '' },
  T48: {
    mechanism: 'Two bodies: login page followed by protected content',
    seenIn: 'mod_auth_openidc CVE-2025-31492 / GHSA-59jp-rwph-878r',
  },
  T49: {
    mechanism: 'POST preservation: empty body crashes, stage skipped, stored body becomes XSS',
    seenIn: 'mod_auth_openidc CVE-2025-3891, CVE-2021-32792; authentik CVE-2026-49443',
  },
  T50: {
    mechanism: 'The old session survives a sign-out or a new sign-in (shared workstation)',
    seenIn: 'oauth2-proxy CVE-2026-34454 / GHSA-f24x-5g9q-753f',
  },
  T51: {
    mechanism: 'An authorization option is accepted but not enforced',
    seenIn: 'oauth2-proxy GHSA-652x-m2gr-hppm (CVE-2021-21411), #854',
  },
  T52: { mechanism: 'Redirect loop hammers the IdP', seenIn: 'Envoy Gateway #7315; Entra 50196' },
  T53: { mechanism: 'Background requests start logins', seenIn: 'oauth2-proxy #822' },
  T54: {
    mechanism: 'Unlimited guesses at local login; weak randomness',
    seenIn: 'caddy-security CVE-2024-21500, CVE-2024-21495; Authelia CVE-2025-24806',
  },
  // Tokens and crypto
  T55: { mechanism: 'Presence of a token counts as authentication', seenIn: 'Envoy CVE-2022-29226' },
  T56: { mechanism: 'MAC over concatenated fields: shift the boundary', seenIn: 'Envoy CVE-2023-35941' },
  T57: { mechanism: 'Comparison not constant-time', seenIn: 'Envoy PR #45125, Traefik CVE-2026-41263, CVE-2026-32595' },
  T58: {
    mechanism: '`alg:none`, HS/RS confusion, unknown alg accepted; `jku`, `jwk`, `x5u` honoured',
    seenIn: 'lua-resty-openidc accept_unsupported_alg',
  },
  T59: { mechanism: '`kid` flood makes us hammer the JWKS', seenIn: '' },
  T60: { mechanism: 'Compressed JWE or JSON bomb', seenIn: 'mod_auth_openidc (10 MB cap)' },
  T61: { mechanism: 'Bearer accepted without iss/aud/exp; ID token used as bearer', seenIn: 'GHSA-wcvh-g65p-v576' },
  T62: {
    mechanism: "Cache, lock or single-flight key too coarse: another's result",
    seenIn: 'Oathkeeper CVE-2026-33496, CVE-2021-32701; Traefik CVE-2026-71326',
  },
  T63: {
    mechanism: 'Cookie of tenant A accepted at tenant B, or across instances sharing a secret',
    seenIn: 'lua-resty-openidc #526, oauth2-proxy #693',
  },
  T64: { mechanism: 'Constant IV or AAD in AES-GCM', seenIn: 'mod_auth_openidc CVE-2021-32791' },
  T65: {
    mechanism: 'Signed assertion verified without audience',
    seenIn: 'AWS ALB ("ALBeast")',
    notYet: 'a signed assertion of ours, which there is not yet; that nobody’s is given out or taken is tried',
  },
  T66: {
    mechanism: 'Own token too powerful, or tokens shown to people',
    seenIn: 'Pomerium CVE-2024-47616, CVE-2024-39315',
  },
  T67: { mechanism: 'Refresh returns another subject', seenIn: '' },
  // Sessions and logout
  T68: { mechanism: 'Rights frozen at login', seenIn: 'Pomerium CVE-2021-41230, Authelia GHSA-x883-2vmg-xwf7' },
  T69: { mechanism: 'Logout only clears the browser', seenIn: 'caddy-security CVE-2024-21492' },
  T70: { mechanism: 'Cookie not cleared because attributes differ', seenIn: 'Envoy CVE-2025-55162, PR #44104' },
  T71: { mechanism: 'Index with one slot loses newer sessions', seenIn: 'mod_auth_openidc changelog' },
  T72: { mechanism: 'Logout token without `iat`, `jti`, `events`, with `nonce`, or replayed', seenIn: '' },
  T73: { mechanism: 'Front-channel logout abused', seenIn: '' },
  T74: { mechanism: 'In-flight request resurrects the session', seenIn: 'expressjs/session#632, connect-redis#328' },
  T75: { mechanism: 'Refresh stampede; lock expires mid-redeem', seenIn: 'oauth2-proxy #1992, PR #3456; Envoy #41902' },
  T76: { mechanism: 'A store outage logs everybody out', seenIn: '' },
  T77: {
    mechanism: 'Cookie parts: stale, missing, surplus or huge part numbers',
    seenIn: 'mod_auth_openidc CVE-2024-24814; oauth2-proxy PR #3491',
  },
  T78: { mechanism: 'Planted cookie from a sibling host (same name twice)', seenIn: '' },
  T79: { mechanism: 'Set-Cookie on a cacheable response', seenIn: '' },
  T80: { mechanism: 'A store dump is enough to log in', seenIn: '' },
  T81: { mechanism: 'No idle or absolute limit', seenIn: 'oauth2-proxy #1156' },
  T82: { mechanism: 'Logout forced across sites', seenIn: '' },
  T83: { mechanism: 'Disabled principal still passes on a second path', seenIn: 'authentik CVE-2025-64521' },
  // Fail-open and robustness
  T84: {
    mechanism: 'Missing secret or unreadable CA file switches the check off',
    seenIn: 'Traefik CVE-2026-54762, Caddy CVE-2026-27586',
  },
  T85: { mechanism: 'Malformed cookie or failed session load → 200', seenIn: 'authentik CVE-2026-25748, #18063' },
  T86: {
    mechanism: 'Health-check exception by User-Agent',
    seenIn: 'oauth2-proxy CVE-2026-34457 / GHSA-5hvv-m4w4-gf6v',
  },
  T87: { mechanism: '"No session" or "no decision" read as allow', seenIn: '' },
  T88: {
    mechanism: 'Unbounded input',
    seenIn: 'Traefik CVE-2026-26998, mod_auth_openidc CVE-2023-28625, caddy-security CVE-2024-21493',
  },
  T89: { mechanism: 'User data in regexps, keys or format strings', seenIn: 'mod_auth_openidc CVE-2021-32785' },
  T90: { mechanism: 'Admin API or read-only admin reads secrets', seenIn: 'authentik CVE-2026-40166' },
  T91: {
    mechanism: 'XSS or text injection in own pages',
    seenIn: 'mod_auth_openidc CVE-2019-1010247, Authelia CVE-2026-33525, authentik CVE-2026-42849',
  },
  T92: {
    mechanism: 'E-mail rules: `a@evil@corp.com`, quoted, trailing dot, case, Unicode',
    seenIn: 'oauth2-proxy CVE-2026-40574 / GHSA-c5c4-8r6x-56w3',
  },
  T93: { mechanism: 'Request smuggling', seenIn: 'http-proxy CVE-2026-29057 class' },
  T94: { mechanism: 'Secrets or personal data in logs', seenIn: 'oauth2-proxy #3431, #3264' },
  T95: { mechanism: 'Anonymous traffic fills the store', seenIn: '' },
  T96: { mechanism: 'Upstream sets or clears our cookie', seenIn: '' },
  T97: { mechanism: 'Operator fault logs everyone out (secret expired)', seenIn: '' },
  T98: { mechanism: 'IdP down at start or metadata gone', seenIn: 'oauth2-proxy #3487' },
  // WebSockets
  T99: { mechanism: 'Upgrade forwarded without authentication', seenIn: 'a trap of http-proxy-middleware' },
  T100: { mechanism: 'Cross-site WebSocket hijack', seenIn: '' },
  T101: { mechanism: 'Connection survives logout, expiry, revocation', seenIn: 'Pomerium #1279' },
  T102: { mechanism: 'Identity headers and hop-by-hop rules differ on upgrade', seenIn: '' },
  T103: { mechanism: '`Upgrade: h2c` or other protocols tunnel past policy', seenIn: '' },
  T104: { mechanism: 'Large cookie breaks only the handshake', seenIn: '' },
  T105: { mechanism: 'Drain or reload drops or leaks sockets', seenIn: '' },
  // Entra-specific
  T106: { mechanism: 'Tenant allow-list checked on one entry path only', seenIn: '' },
  T107: {
    mechanism: 'Issuer check off or templated',
    seenIn: 'mod_auth_openidc OIDCValidateIssuer Off, Easy Auth multi-tenant mode',
  },
  T108: { mechanism: 'nOAuth: account matched by mutable e-mail', seenIn: 'Microsoft guidance (nOAuth)' },
  T109: { mechanism: 'Overage read as "no groups"', seenIn: 'oauth2-proxy #3230' },
  T110: { mechanism: 'Overage endpoint from the token dereferenced (SSRF)', seenIn: '' },
  T111: { mechanism: 'Step-up believed because it was requested', seenIn: 'oauth2-proxy PR #2861' },
  T112: { mechanism: 'Group names used for rules: anyone may create a twin', seenIn: '' },
  T113: { mechanism: 'Guest carries a trusted-looking address', seenIn: '' },
  T114: {
    mechanism: 'v1 token, other cloud, Graph token, other audience as bearer',
    seenIn: '',
    notYet: 'bearer tokens, which no route takes yet; that each of them is nobody is tried',
  },
  T115: {
    mechanism: 'App-only token where a user is expected (and reverse)',
    seenIn: '',
    notYet: 'routes for programs with tokens of their own, which there are not yet; that both are nobody is tried',
  },
  T116: { mechanism: 'Federated token file cached', seenIn: '' },
  T117: { mechanism: 'Key roll', seenIn: '' },
  // Further mechanisms
  T118: {
    mechanism:
      "Same-origin application code (XSS, hostile tenant app, service worker at `/`) drives our endpoints with the visitor's cookie",
    seenIn: '',
  },
  T119: {
    mechanism: 'NTLM/Negotiate binds one person to a pooled upstream connection',
    seenIn: 'haproxy #581, Traefik PR #13914',
  },
  T120: { mechanism: 'Upstream ignores a body and reads it as the next request (CL.0, early response)', seenIn: '' },
  T121: { mechanism: 'Web cache deception: `/api/me/x.css` cached by a CDN', seenIn: '' },
  T122: { mechanism: 'Store with write access: record swap, rollback to an older sealed record', seenIn: '' },
  T123: { mechanism: 'Lost update between replicas brings a removed role back', seenIn: '' },
  T124: { mechanism: 'Revocation walks an index while a new session is born or an id rotates', seenIn: '' },
  T125: {
    mechanism:
      "Configuration author of one tenant reads the gateway's secrets (`${file:}`), reaches metadata addresses, claims another's host, overrides templates",
    seenIn: '',
  },
  T126: {
    mechanism:
      'Policy change without revalidation: removed role, denied guest, disabled provider, changed preset stay in stored conclusions',
    seenIn: '',
  },
  T127: {
    mechanism:
      'Kept form bodies launder CSRF: a cross-site post arrives without the Lax cookie, is kept, silent sign-in follows, it is replayed with the session',
    seenIn: '',
  },
  T128: {
    mechanism: "The application's own session outlives ours: the next person in the browser continues the last one's",
    seenIn: '',
  },
  T129: { mechanism: 'Open WebSocket or stream without further requests is never checked again', seenIn: '' },
  T130: { mechanism: 'Step-up by another account, or an `acrs` kept for ever', seenIn: '' },
  T131: { mechanism: 'Polling endpoints keep a session alive for ever', seenIn: '' },
  T132: { mechanism: 'The upgrade socket errors while the gate awaits: process ends', seenIn: '' },
  T133: { mechanism: 'SNI names one tenant, Host another', seenIn: '' },
  T134: { mechanism: 'An edge that passes client `X-Forwarded-Host` on picks the tenant', seenIn: '' },
} as const satisfies Readonly<Record<string, Threat>>

export type ThreatId = keyof typeof threats
