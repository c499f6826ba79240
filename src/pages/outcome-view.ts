/** The page of an outcome: what happened, who is signed in, what to do next, whom to ask. */
import { causes } from '../core/answer/causes.ts'
import { outcomes } from '../core/answer/outcomes.ts'
import { codeName } from '../core/identity/sign-in-error.ts'
import { displayText } from './display-text.ts'
import { adviceFor, termsOf } from './explanation.ts'
import { type Link, pathLink, siteLink, supportLink } from './links.ts'
import { asksForProof, mayHaveSeenCode, nextStepsFor, type Step, stepsAfter } from './next-steps.ts'
import type { OutcomePage } from './page.ts'
import { type Action, blankView, type HelpLine, personView, type View } from './view.ts'

/** Works out the page of an outcome. Throws a TypeError for a link that is not allowed, offered or not. */
export function outcomeView(page: OutcomePage): View {
  const { title, text } = wordsFor(page)
  const steps = stepsFor(page)
  const told = page.cause === undefined || page.cause === null ? [text] : [causes[page.cause].text]
  const cannotRepeat = steps[0] === 'again' && page.returnTo === null
  const support = page.support === null ? null : supportLink(page.support, supportMail(page))
  return {
    ...blankView(page),
    title,
    code: page.code,
    text: [
      ...told,
      ...(cannotRepeat ? ['Go back to the page before and do it again, or reload this page.'] : []),
      ...missingLine(page),
    ],
    explanation: page.explained === undefined || page.explained === null ? null : termsOf(page.explained.error),
    more: moreFor(page),
    person: personView(page.person),
    help: helpLine(page, support),
    actions: [...actionsFor(page, steps, support), ...emergencyAction(page)],
    details: detailLines(page),
  }
}

/** What the provider's code means says more than that it said no. */
function wordsFor({ code, explained }: OutcomePage): { readonly title: string; readonly text: string } {
  if (explained === undefined || explained === null) return outcomes[code]
  return { title: explained.error.happened, text: adviceFor(explained.error) }
}

function stepsFor({ code, explained }: OutcomePage): readonly Step[] {
  return explained === undefined || explained === null ? nextStepsFor(code).steps : stepsAfter(explained.error)
}

/** More about the code; or, where Microsoft may have shown one before it sent the person back, where to look it up. */
function moreFor({ code, explained, helpUrl, explainUrl }: OutcomePage): Action | null {
  if (explained !== undefined && explained !== null) {
    return { label: `More about ${codeName(explained.error.code)}`, href: pathLink(explained.helpUrl, 'helpUrl') }
  }
  const href = helpUrl === undefined || helpUrl === null ? null : pathLink(helpUrl, 'helpUrl')
  const why = explainUrl === undefined || explainUrl === null ? null : pathLink(explainUrl, 'explainUrl')
  if (asksForAccess(code)) {
    return why === null ? null : { label: 'See who you are here, and why this is not open to you', href: why }
  }
  return href === null || !mayHaveSeenCode(code)
    ? null
    : { label: 'Look up an error code of the sign-in service', href }
}

/** Names what an account lacks: in words where there are some, else as the claim is called. */
function missingLine({ missing = [] }: OutcomePage): readonly string[] {
  if (missing.length === 0) return []
  return [`Missing: ${missing.map((name) => displayText(claimWords.get(name) ?? name)).join(', ')}.`]
}

const claimWords: ReadonlyMap<string, string> = new Map([
  ['email', 'e-mail address'],
  ['employeeid', 'employee number'],
  ['family_name', 'last name'],
  ['given_name', 'first name'],
  ['name', 'name'],
  ['preferred_username', 'user name'],
])

/** The steps that have an address; two steps to one address are one. */
function actionsFor(page: OutcomePage, steps: readonly Step[], support: Link | null): readonly Action[] {
  const login = page.loginUrl === null ? null : siteLink(page.loginUrl, 'loginUrl')
  const offers = {
    again: { label: 'Try again', href: page.returnTo === null ? null : pathLink(page.returnTo, 'returnTo') },
    login: { label: loginLabel(page.code), href: login, apart: page.code === 'form_not_kept' },
    'other-account': { label: 'Sign in with another account', href: login },
    start: { label: 'Go to the start page', href: page.startUrl === null ? null : pathLink(page.startUrl, 'startUrl') },
    contact: { label: asksForAccess(page.code) ? 'Ask for access' : 'Ask for help', href: support },
  } satisfies Record<Step, { readonly label: string; readonly href: Link | null; readonly apart?: boolean }>
  const actions = new Map<Link, Action>()
  for (const step of steps) {
    const { href, ...action } = offers[step]
    if (href !== null && !actions.has(href)) actions.set(href, { ...action, href })
  }
  return [...actions.values()]
}

/** For the few who have such an account, after everything that is for everybody. */
function emergencyAction({ emergencyUrl }: OutcomePage): readonly Action[] {
  if (emergencyUrl === undefined || emergencyUrl === null) return []
  return [{ label: 'Emergency sign-in', href: pathLink(emergencyUrl, 'emergencyUrl') }]
}

function loginLabel(code: OutcomePage['code']): string {
  // Beside this page, from which the way back leads to what was typed.
  if (code === 'form_not_kept') return 'Sign in in a new window'
  return asksForProof(code) ? 'Confirm that it is you' : 'Sign in'
}

function asksForAccess(code: OutcomePage['code']): boolean {
  return nextStepsFor(code).help === 'access'
}

function helpLine(page: OutcomePage, href: Link | null): HelpLine | null {
  const contact = displayText(page.support ?? '').replace(/^mailto:/i, '')
  switch (nextStepsFor(page.code).help) {
    case 'access':
      return {
        before: 'To ask for access, contact ',
        contact: contact === '' ? 'the people who run this application' : contact,
        href,
        after: ', and tell them which account you use.',
      }
    case 'help':
      // Where nobody is named, the texts of the outcomes say already when to turn to the people who run the application.
      if (contact === '') return null
      return {
        before: 'If you need help, contact ',
        contact,
        href,
        after: `, and give them the ${page.details.length === 0 ? 'request id' : 'details'} below.`,
      }
    case 'none':
      return null
  }
}

/** What a message to the support begins with. Line breaks in a mail are CRLF (RFC 6068 section 5). */
function supportMail(page: OutcomePage): { readonly subject: string; readonly body: string } {
  const { application, requestId, person } = { ...blankView(page), person: personView(page.person) }
  const wish = asksForAccess(page.code) ? 'Access to' : 'Help with'
  const account = person === null ? [] : [`Account: ${person.name} ${person.username}`.trim()]
  return {
    subject: `${wish} ${application === '' ? 'an application' : application}`,
    body: ['', '', ...account, `Request id: ${requestId}`, `Code: ${page.code}`].join('\r\n'),
  }
}

/** The block to copy has the request id too: one click takes everything that a helper needs. */
function detailLines(page: OutcomePage): readonly string[] {
  if (page.details.length === 0) return []
  const lines = page.details.map(({ label, value }) => `${displayText(label)}: ${displayText(value)}`)
  return [`Request id: ${displayText(page.requestId)}`, `Code: ${page.code}`, ...lines]
}
