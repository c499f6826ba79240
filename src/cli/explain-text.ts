/** What `sallyport explain` prints for people: a line per step, the verdict last. */
import { printable } from '../config/issues.ts'
import { type OutcomeCode, outcomes } from '../core/answer/outcomes.ts'
import type { Asks, Reasoning } from '../core/answer/reasoning.ts'
import { spanText } from '../core/answer/span.ts'
import type { OwnMatches } from '../core/identity/own-matches.ts'

/** @param person null where it is nobody. */
export function explainText(found: Reasoning, person: OwnMatches | null): string {
  const lines: readonly (readonly [string, string])[] = [
    ['tenant', found.tenant ?? 'none has this host'],
    ...readingLines(found),
    ...placeLines(found),
    ...(found.verdict === null ? [] : personLines(person)),
    ['verdict', verdict(found)],
  ]
  return lines.map(([name, text]) => `${name.padEnd(10)}${text}\n`).join('')
}

function readingLines({ readings }: Reasoning): readonly (readonly [string, string])[] {
  return readings.map((path, index) => [index === 0 ? 'path' : 'or', printable(path, 300)])
}

function placeLines({ located, method, kind }: Reasoning): readonly (readonly [string, string])[] {
  const asked = [
    'request',
    `${method}, ${kind === 'navigation' ? 'a page that a person opens' : 'not a page'}`,
  ] as const
  if (located.at !== 'route') return [asked]
  const { route, asks } = located
  const methods = route.methods === null ? '' : ` for ${route.methods.join(', ')}`
  return [
    asked,
    ['route', `${printable(route.path, 300)}${route.exact ? ' alone' : ' and below'}${methods}`],
    ['asks for', needs(asks)],
  ]
}

function needs({ level, everyOf, contexts, maxAgeSeconds }: Asks): string {
  const roles = everyOf.map((anyOf) => `${anyOf.length === 1 ? 'the role' : 'one of the roles'} ${anyOf.join(', ')}`)
  return [
    ...(roles.length > 0 ? roles : [levels[level]]),
    ...contexts.map(
      ({ name, withinSeconds }) => `the authentication context ${name}, at most ${spanText(withinSeconds)} old`,
    ),
    ...(maxAgeSeconds === null ? [] : [`a sign-in that is at most ${spanText(maxAgeSeconds)} old`]),
  ].join('; and ')
}

const levels = {
  public: 'nothing (public)',
  optional: 'nothing, and tells who is there (optional)',
  'signed-in': 'a sign-in',
} as const

function personLines(person: OwnMatches | null): readonly (readonly [string, string])[] {
  if (person === null) return [['person', 'nobody is signed in']]
  const { roles, matched, unmatched, admitted } = person
  const from = matched.map(
    ({ role, by, value }) => ['matched', `${by} ${printable(value)} → ${role}`.replace(/ {2,}/, ' ')] as const,
  )
  const { groups, appRoles } = unmatched
  return [
    ...from,
    ['unmatched', `groups: ${groups}, app roles: ${appRoles}`],
    ['roles', roles.length > 0 ? roles.join(', ') : admitted ? 'none, which is allowed here' : 'none'],
  ]
}

function verdict({ located, verdict: found }: Reasoning): string {
  switch (located.at) {
    case 'endpoint':
      return `the gateway answers by itself (${located.endpoint})`
    case 'alias':
      return `redirected to ${printable(located.location, 300)}`
    case 'refused':
      return `refused: ${withRemedy(located.reason, located.detail)}`
    case 'route':
      break
    default:
      return located satisfies never
  }
  if (found === null) return ''
  if (found.act === 'login') {
    const why = found.reason === 'login_required' ? '' : ` for more than a session (${found.reason})`
    return `sent to the sign-in${why}, and back afterwards`
  }
  if (found.act !== 'forward') return `${found.act}: ${withRemedy(found.reason)}`
  const { act } = located.route
  const passes = act === 'forward' ? 'forwarded' : act === 'redirect' ? 'answered with a redirect' : 'answered'
  return `open: ${passes}, ${found.identity ? 'with an identity' : 'without an identity'}`
}

function withRemedy(reason: string | null, detail: string | null = null): string {
  if (reason === null) return 'more is needed than the sign-in'
  const known = reason in outcomes ? outcomes[reason as OutcomeCode] : null
  const rule = detail === null ? '' : ` (${printable(detail)})`
  return known === null ? `${reason}${rule}` : `${reason}${rule}, ${known.status}\n${' '.repeat(10)}${known.remedy}`
}
