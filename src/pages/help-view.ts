/** The page about a code of the sign-in service: what it means, who has to act; also for codes that nobody here knows. */
import { codeName, familyOf, microsoftAbout, type SignInError } from '../core/identity/sign-in-error.ts'
import { displayText } from './display-text.ts'
import { adviceFor, termsOf } from './explanation.ts'
import { pathLink, siteLink, supportLink } from './links.ts'
import type { HelpPage } from './page.ts'
import { type Action, blankView, type HelpLine, type View } from './view.ts'

/** Where the code was met: from a page of Microsoft's nobody is sent back, and what helps to find the sign-in stands only there. */
const seenWhere = {
  here: [],
  there: [
    'Microsoft shows this on a page of its own and sends nobody back from there, so this application does not hear of it. Copy the Request Id, the Correlation Id and the Timestamp from that page: with them, the sign-in is found in the logs of the directory.',
  ],
  both: [
    'Microsoft may show this on a page of its own and send nobody back from there: then this application does not hear of it. Copy the Request Id, the Correlation Id and the Timestamp from that page: with them, the sign-in is found in the logs of the directory.',
  ],
} as const satisfies Record<SignInError['shown'], readonly string[]>

/** Works out the page. Throws a TypeError for a link that is not allowed. */
export function helpView(page: HelpPage): View {
  const actions = actionsFor(page)
  return {
    ...blankView(page),
    ...wordsFor(page),
    actions,
    help: helpLine(page),
    search: {
      action: pathLink(page.searchUrl, 'searchUrl'),
      primary: actions.length === 0,
      often: page.often.map(({ error, helpUrl }) => ({
        label: `${codeName(error.code)}: ${error.happened}`,
        href: pathLink(helpUrl, 'helpUrl'),
      })),
    },
  }
}

function wordsFor({ topic }: HelpPage): Pick<View, 'title' | 'text' | 'explanation' | 'more'> {
  switch (topic.about) {
    case 'front':
      return {
        title: 'What went wrong when you signed in?',
        text: ['When Microsoft does not let you in, its page names a code that begins with AADSTS. Enter it here.'],
        explanation: null,
        more: null,
      }
    case 'unread':
      return {
        title: 'There is no error code in this',
        text: [
          'A code of Microsoft’s has five to seven digits, mostly with AADSTS before them. Look for it and try again.',
        ],
        explanation: null,
        more: null,
      }
    case 'unknown':
      return {
        title: `${codeName(topic.code)} is not known here`,
        text: unknownText(topic.code),
        explanation: null,
        more: atMicrosoft(topic.code),
      }
    case 'known': {
      const { error } = topic
      return {
        title: `${codeName(error.code)}: ${error.happened}`,
        text: [adviceFor(error), ...seenWhere[error.shown]],
        explanation: termsOf(error),
        more: atMicrosoft(error.code),
      }
    }
    default:
      return topic satisfies never
  }
}

/** Says what can be said, and no more. */
function unknownText(code: number): readonly string[] {
  const family = familyOf(code)
  return [
    'It may be new, or mistyped. We cannot say what it means or who has to act.',
    ...(family === null ? [] : [`Codes that begin like this one are mostly about ${family}.`]),
    'Show the page on which you saw it to the people who run this application, with Request Id, Correlation Id and Timestamp.',
  ]
}

function atMicrosoft(code: number): Action {
  return {
    label: `What Microsoft says about ${codeName(code)}`,
    href: siteLink(microsoftAbout(code), 'microsoftAbout'),
  }
}

/** Only what may help is offered; whoever only looks something up needs no button. */
function actionsFor(page: HelpPage): readonly Action[] {
  const { topic } = page
  const login = { label: 'Sign in again', href: siteLink(page.loginUrl, 'loginUrl') }
  const other = { label: 'Sign in with another account', href: siteLink(page.otherAccountUrl, 'otherAccountUrl') }
  const start = { label: 'Go to the start page', href: pathLink(page.startUrl, 'startUrl') }
  if (topic.about !== 'known') return []
  switch (topic.error.helps) {
    case 'again':
      return [login, start]
    case 'account':
      return [other, start]
    case 'both':
      return [login, other]
    default:
      return [start]
  }
}

function helpLine(page: HelpPage): HelpLine | null {
  const contact = displayText(page.support ?? '').replace(/^mailto:/i, '')
  if (contact === '') return null
  const { topic } = page
  const code = topic.about === 'known' ? topic.error.code : topic.about === 'unknown' ? topic.code : null
  const subject = `Help with ${displayText(page.applicationName)}`
  const body = code === null ? '' : ['', '', `Code: ${codeName(code)}`].join('\r\n')
  return {
    before: 'If you need help, contact ',
    contact,
    href: supportLink(page.support ?? '', { subject, body }),
    after: code === null ? '.' : `, and name the code ${codeName(code)}.`,
  }
}
