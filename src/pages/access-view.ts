/**
 * The page that tells a person who they are here, what gave them their roles, and why a page is open to them or not.
 */
import { type OutcomeCode, outcomes } from '../core/answer/outcomes.ts'
import type { Asks, Reasoning } from '../core/answer/reasoning.ts'
import { spanText } from '../core/answer/span.ts'
import { displayText } from './display-text.ts'
import { pathLink, siteLink, supportLink } from './links.ts'
import type { AccessPage } from './page.ts'
import { type AccessView, blankView, type Term, type TextPart, type View } from './view.ts'

/** Works out the page. Throws a TypeError for a link that is not allowed. */
export function accessView(page: AccessPage): View {
  const contact = displayText(page.support ?? '').replace(/^mailto:/i, '')
  const subject = `Access to ${displayText(page.applicationName)}`
  const body = [
    '',
    '',
    `Account: ${displayText(page.person.username)}`,
    `Object ID: ${displayText(page.person.objectId)}`,
  ].join('\r\n')
  return {
    ...blankView(page),
    title: 'Your access',
    text: [
      'This is who you are here, and what that opens. It is shown to nobody but you; give it to the people who run this application when you ask for more.',
    ],
    access: {
      ...{ who: whoTerms(page), roles: roleTerms(page), others: othersText(page) },
      action: pathLink(page.askUrl, 'askUrl'),
      found: page.request === null ? null : foundOf(page.request),
    },
    actions: [
      { label: 'Go to the start page', href: pathLink(page.startUrl, 'startUrl') },
      { label: 'Sign in with another account', href: siteLink(page.otherAccountUrl, 'otherAccountUrl') },
    ],
    help:
      contact === ''
        ? null
        : {
            before: 'To ask for access, contact ',
            contact,
            href: supportLink(page.support ?? '', { subject, body }),
            after: '.',
          },
  }
}

const plain = (text: string): TextPart => ({ text, code: false })
const code = (text: string): TextPart => ({ text: displayText(text), code: true })
const term = (name: string, ...parts: readonly TextPart[]): Term => ({ term: name, parts })

function whoTerms({ person, times }: AccessPage): readonly Term[] {
  const terms: readonly (readonly [string, TextPart | null])[] = [
    ['Name', textOrNull(person.name)],
    ['Account', textOrNull(person.username)],
    ['Signed in by', textOrNull(person.provider)],
    ['Object ID', code(person.objectId)],
    ['Directory', code(person.directoryId)],
    ['Signed in', plain(timeText(times.signedInAt))],
    ['Last checked with the sign-in service', times.checkedAt === null ? null : plain(timeText(times.checkedAt))],
    ['Ends if you do nothing', plain(timeText(times.idleEndsAt))],
    ['Ends at the latest', plain(timeText(times.endsAt))],
  ]
  return terms.flatMap(([name, part]) => (part === null ? [] : [term(name, part)]))
}

function textOrNull(value: string): TextPart | null {
  const text = displayText(value)
  return text === '' ? null : plain(text)
}

/** `2030-01-31 09:05 UTC`: the same for everybody who reads it, wherever they are. */
function timeText(seconds: number): string {
  return `${new Date(seconds * 1_000).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

const ways = {
  group: 'from your group ',
  'app-role': 'from your app role ',
  'directory-role': 'from your directory role ',
  person: 'because you are named: ',
  claim: 'from what is known of you: ',
  'break-glass': 'by the emergency account ',
  'no-role': 'because nothing else matches',
} as const

/** Role by role. */
function roleTerms({ roles, matched }: AccessPage): readonly Term[] {
  return roles.map((role) => {
    const from = matched.filter((match) => match.role === role)
    const parts = from.flatMap(({ by, value }, index) => [
      plain(`${index === 0 ? '' : ', '}${ways[by]}`),
      ...(value === '' ? [] : [code(value)]),
    ])
    return term(displayText(role), ...parts)
  })
}

function othersText({ roles, admitted, unmatched: { groups, appRoles } }: AccessPage): string {
  const others = [
    ...(groups === 0 ? [] : [counted(groups, 'group')]),
    ...(appRoles === 0 ? [] : [counted(appRoles, 'app role')]),
  ].join(' and ')
  const none = roles.length > 0 ? '' : admitted ? 'You need no role here. ' : 'You have no role here. '
  const rest =
    others === '' ? '' : `This application knows ${others} more, which ${isOne(groups + appRoles)} not yours.`
  return `${none}${rest}`.trim()
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`
const isOne = (count: number) => (count === 1 ? 'is' : 'are')

function foundOf(found: Reasoning): NonNullable<AccessView['found']> {
  const { located, method, readings } = found
  const [literal, ...further] = readings
  const asked = term('You asked about', code(`${method} ${literal ?? ''}`.trim()))
  const alsoRead = further.length === 0 ? [] : [term('May also be read as', ...list(further))]
  switch (located.at) {
    case 'route': {
      const { path, exact, methods } = located.route
      return {
        title: verdictTitle(found),
        terms: [
          asked,
          ...alsoRead,
          term(
            'Route',
            code(path),
            plain(exact ? ', this address alone' : ' and below'),
            ...(methods === null ? [] : [plain(`, for ${methods.join(', ')}`)]),
          ),
          term('It asks for', ...asksParts(located.asks)),
          term('Result', plain(verdictText(found))),
        ],
      }
    }
    case 'endpoint':
      return { title: 'This address belongs to the sign-in service', terms: [asked] }
    case 'alias':
      return { title: 'This address leads to another one', terms: [asked] }
    case 'refused': {
      const { title, text } = outcomes[located.reason]
      const shown = literal === undefined ? [] : [asked, ...alsoRead]
      return { title, terms: [...shown, term('Result', plain(text), plain(' '), code(located.reason))] }
    }
    default:
      return located satisfies never
  }
}

function list(texts: readonly string[]): readonly TextPart[] {
  const shown = texts.slice(0, 8)
  const parts = shown.flatMap((each, index) => [...(index === 0 ? [] : [plain(', ')]), code(each)])
  return texts.length > shown.length ? [...parts, plain(` and ${texts.length - shown.length} more`)] : parts
}

const levels = {
  public: 'nothing: it is open to everybody',
  optional: 'nothing: it is open to everybody, and the application is told who is signed in',
  'signed-in': 'a sign-in',
} as const

function asksParts({ level, everyOf, contexts, maxAgeSeconds }: Asks): readonly TextPart[] {
  const roles = everyOf.map((anyOf) => [plain(anyOf.length === 1 ? 'the role ' : 'one of the roles '), ...list(anyOf)])
  const needs = [
    ...(roles.length > 0 ? roles : [[plain(levels[level])]]),
    ...contexts.map(({ name, withinSeconds }) => [
      plain('a stronger sign-in, '),
      code(name),
      plain(`, at most ${spanText(withinSeconds)} old`),
    ]),
    ...(maxAgeSeconds === null ? [] : [[plain(`a sign-in that is at most ${spanText(maxAgeSeconds)} old`)]]),
  ]
  return needs.flatMap((parts, index) => [...(index === 0 ? [] : [plain('; and ')]), ...parts])
}

function verdictTitle({ verdict }: Reasoning): string {
  return verdict?.act === 'forward' ? 'This page is open to you' : 'This page is not open to you'
}

function verdictText({ verdict }: Reasoning): string {
  if (verdict === null) return ''
  if (verdict.act === 'forward') {
    return verdict.identity
      ? 'You may pass, and the application is told who you are.'
      : 'You may pass, as nobody in particular.'
  }
  const known = verdict.reason !== null && verdict.reason in outcomes
  return known ? outcomes[verdict.reason as OutcomeCode].text : 'Something more is needed than your sign-in.'
}
