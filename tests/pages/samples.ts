/** One page of each kind, harmless and complete, for the tests of this room to vary. */
import { type OutcomeCode, outcomes } from '../../src/core/answer/outcomes.ts'
import { catalogue } from '../../src/core/identity/aadsts-catalogue.ts'
import { signInError } from '../../src/core/identity/sign-in-error.ts'
import type {
  AccessPage,
  FormWaitsPage,
  FragmentPage,
  FramePage,
  HelpPage,
  KeptFormPage,
  OutcomePage,
  Page,
  SignedOutPage,
  SignInPage,
  SignOutPage,
} from '../../src/pages/page.ts'

export const codes = Object.keys(outcomes) as OutcomeCode[]

/** After these nothing can be offered: there is no application to go to. */
export const unserved: ReadonlySet<string> = new Set<OutcomeCode>([
  'tenant_unknown',
  'tenant_off',
  'tenant_broken',
  'https_required',
])

const person = { name: 'Zoë Björkqvist', username: 'zoe@contoso.com' }

export const outcomePage: OutcomePage = {
  page: 'outcome',
  code: 'no_role',
  requestId: '01JDZ7Q8V3M4',
  applicationName: 'Payroll',
  support: 'it@contoso.com',
  returnTo: '/reports?year=2024',
  loginUrl: '/.auth/login?return_to=%2Freports',
  startUrl: '/',
  person,
  details: [{ label: 'Error code', value: 'AADSTS50105' }],
}

export const signedOutPage: SignedOutPage = {
  page: 'signed-out',
  applicationName: 'Payroll',
  loginUrl: '/.auth/login',
  complete: true,
  requestId: '01JDZ7Q8V3M4',
}

export const signOutPage: SignOutPage = {
  page: 'sign-out',
  applicationName: 'Payroll',
  actionUrl: '/.auth/logout',
  person,
  requestId: '01JDZ7Q8V3M4',
}

export const signInPage: SignInPage = {
  page: 'sign-in',
  applicationName: 'Payroll',
  ways: [
    { label: 'Sign in with Contoso', loginUrl: '/.auth/login?return_to=%2Freports&provider=contoso' },
    { label: 'Sign in with Fabrikam', loginUrl: '/.auth/login?return_to=%2Freports&provider=fabrikam' },
  ],
  form: {
    actionUrl: '/.auth/login',
    kept: [['return_to', '/reports?year=2024']],
    formOrigins: ['https://login.microsoftonline.com'],
  },
  unknownEmail: false,
  requestId: '01JDZ7Q8V3M4',
}

export const framePage: FramePage = {
  page: 'frame',
  code: 'login_required',
  applicationName: 'Payroll',
  loginUrl: '/.auth/login',
  requestId: '01JDZ7Q8V3M4',
}

/** Not among the others: it leads away by itself. */
export const fragmentPage: FragmentPage = {
  page: 'fragment',
  applicationName: 'Payroll',
  loginUrl: '/.auth/login?return_to=%2F',
  requestId: '01JDZ7Q8V3M4',
}

/** Neither. */
export const formWaitsPage: FormWaitsPage = {
  page: 'form-waits',
  applicationName: 'Payroll',
  loginUrl: 'https://login.example/authorize?state=a;b&nonce=c',
  isProof: false,
  requestId: '01JDZ7Q8V3M4',
}

export const keptFormPage: KeptFormPage = {
  page: 'kept-form',
  applicationName: 'Payroll',
  sendUrl: '/save?draft=7',
  discardUrl: '/.auth/form',
  field: ['sallyport-form', 'aaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbb'],
  person,
  isKnown: false,
  wasTried: false,
  requestId: '01JDZ7Q8V3M4',
}

export const accessPage: AccessPage = {
  page: 'access',
  applicationName: 'Payroll',
  support: 'it@contoso.com',
  person: {
    ...person,
    directoryId: '11111111-2222-3333-4444-555555555555',
    objectId: '71f8d2b5-0e4c-4936-a6d7-9b3c5f1e2a48',
    provider: 'Sign in with Microsoft',
  },
  times: { signedInAt: 1_800_000_000, checkedAt: 1_800_000_600, endsAt: 1_800_036_000, idleEndsAt: 1_800_003_600 },
  roles: ['user'],
  admitted: true,
  matched: [
    { role: 'user', by: 'group', value: 'bbbbbbbb-1111-2222-3333-444444444444' },
    { role: 'user', by: 'app-role', value: 'Payroll.User' },
  ],
  unmatched: { groups: 1, appRoles: 2 },
  request: {
    method: 'GET',
    kind: 'navigation',
    tenant: 'payroll',
    readings: ['/Admin;x=1', '/Admin'],
    located: {
      at: 'route',
      route: { path: '/admin', exact: false, methods: ['GET'], act: 'forward' },
      asks: {
        ...{ level: 'signed-in', everyOf: [['admin'], ['user', 'auditor']] },
        ...{ contexts: [{ name: 'approved', withinSeconds: 36_000 }], maxAgeSeconds: 600 },
      },
    },
    verdict: { act: 'refuse', reason: 'role_missing', identity: false },
  },
  askUrl: '/.auth/explain',
  startUrl: '/',
  otherAccountUrl: '/.auth/login?prompt=select_account',
  requestId: '01JDZ7Q8V3M4',
}

const errorOf = (code: number) => {
  const error = signInError(code)
  if (error === null) throw new Error(`${code} is not in the catalogue`)
  return error
}

/** Refused with a code that the catalogue has. */
export const explainedPage: OutcomePage = {
  ...outcomePage,
  code: 'provider_refused',
  explained: { error: errorOf(50105), helpUrl: '/.auth/help/50105' },
}

export const helpPage: HelpPage = {
  page: 'help',
  applicationName: 'Payroll',
  support: 'it@contoso.com',
  topic: { about: 'known', error: errorOf(50105) },
  searchUrl: '/.auth/help',
  loginUrl: '/.auth/login',
  otherAccountUrl: '/.auth/login?prompt=select_account',
  startUrl: '/',
  often: [],
  requestId: '01JDZ7Q8V3M4',
}

const often = [{ error: errorOf(50011), helpUrl: '/.auth/help/50011' }]

export const everyPage: readonly Page[] = [
  ...codes.map((code) => ({ ...outcomePage, code })),
  explainedPage,
  ...catalogue.map(({ codes: [code = 0] }) => ({
    ...helpPage,
    topic: { about: 'known', error: errorOf(code) } as const,
  })),
  { ...helpPage, topic: { about: 'unknown', code: 51999 }, often },
  { ...helpPage, topic: { about: 'unread' }, often },
  { ...helpPage, topic: { about: 'front' }, often },
  signInPage,
  { ...signInPage, unknownEmail: true },
  signedOutPage,
  { ...signedOutPage, complete: false },
  signOutPage,
  keptFormPage,
  { ...keptFormPage, isKnown: true, wasTried: true },
  framePage,
  { ...framePage, againUrl: '/reports', cause: 'no_cookies' },
  { ...framePage, apart: { url: '/reports', only: true } },
  { ...framePage, apart: { url: '/reports', only: false } },
  { page: 'signed-in', applicationName: 'Payroll', startUrl: '/', requestId: '01JDZ7Q8V3M4' },
  accessPage,
  { ...accessPage, request: null },
  { ...accessPage, roles: [], admitted: false, matched: [], support: null },
]

/** Texts that try to break out of their place, or to deceive the eye. */
export const hostileTexts: readonly string[] = [
  '"><script>alert(1)</script>',
  "'><img src=x onerror=alert(1)>",
  '</title></style></pre><script>alert(1)</script>',
  '" onmouseover="alert(1)" autofocus onfocus="alert(1)',
  '<%= 7 * 7 %><%~ it.style %>{{7*7}}',
  '&lt;script&gt;&#x3c;b&#x3e;&amp;amp;',
  '<!-- --!><svg/onload=alert(1)>',
  'javascript:alert(1)',
  'https://evil.example/',
  'gro.live@\u202enimda\u202c \u2066x\u2069\u200e\u200f\u061c',
  'zero\u200bwidth\ufeff\u2060\u00ad\u{e0041}',
  'nul\u0000bell\u0007\r\nSet-Cookie: a=b\u2028line\u2029\u0085next\u001b[31m',
  'lone \ud800 surrogate \udc00',
  'A'.repeat(10_240),
  '\u{1f468}\u200d\u{1f469}'.repeat(2_000),
  '',
  '   ',
]
