/** `/.auth/help`: what a code of Entra means, who has to act, and what to do. Public, since many are met before anybody is signed in. */
import type { Answer } from '../core/answer/answer.ts'
import { codeName, oftenSeen, readCode, signInError } from '../core/identity/sign-in-error.ts'
import { endpoints, helpAddress } from '../core/request/addresses.ts'
import type { HelpTopic } from '../pages/page.ts'
import type { Answers } from './answers.ts'
import { loginAddress } from './login-address.ts'
import { onceEach } from './query.ts'
import type { Refuse } from './refusals.ts'
import type { Walk } from './walk.ts'

interface HelpParts {
  readonly answers: Answers
  readonly refuse: Refuse
}

/** The page with the search field; whoever comes from there with a code is sent to the address of its help. */
export function helpAnswer({ answers, refuse }: HelpParts, walk: Walk, query: string): Answer {
  const asked = onceEach(query, ['code'])
  if (asked === null) return refuse(walk, 'request_malformed')
  const sought = (asked.code ?? '').trim()
  if (sought === '') return answerFor(answers, walk, { about: 'front' })
  const code = readCode(sought)
  return code === null ? answerFor(answers, walk, { about: 'unread' }) : answers.redirect(helpAddress(code))
}

/** @param segment what stands for the code, as it was sent. It is read and never repeated: an answer says numbers of ours (T91). */
export function helpWithCodeAnswer(answers: Answers, walk: Walk, segment: string): Answer {
  const code = readCode(segment)
  if (code === null) return answerFor(answers, walk, { about: 'unread' })
  const error = signInError(code)
  return answerFor(answers, walk, error === null ? { about: 'unknown', code } : { about: 'known', error })
}

function answerFor(answers: Answers, walk: Walk, topic: HelpTopic): Answer {
  const { facts, tenant, requestId } = walk
  const status = topic.about === 'unread' || topic.about === 'unknown' ? 404 : 200
  if (facts.kind === 'data') return answers.problem(status, problemOf(walk, topic, status))
  const often = topic.about === 'known' ? [] : oftenSeen.flatMap((code) => signInError(code) ?? [])
  return answers.page(status, {
    page: 'help',
    applicationName: tenant.branding.name,
    support: tenant.branding.support,
    topic,
    searchUrl: endpoints.help,
    loginUrl: loginAddress('/'),
    otherAccountUrl: loginAddress('/', { otherAccount: true }),
    startUrl: '/',
    often: often.map((error) => ({ error, helpUrl: helpAddress(error.code) })),
    requestId,
  })
}

/** RFC 9457: the address of the help is the type of the problem. Without `status` where all is well: there it is no problem of ours. */
function problemOf({ tenant, requestId }: Walk, topic: HelpTopic, status: number): object {
  const typeOf = (code: number) => tenant.publicUrl.origin + helpAddress(code)
  switch (topic.about) {
    case 'front':
      return { title: 'Help with sign-in errors', detail: `Ask for ${endpoints.helpWithCode}.`, requestId }
    case 'unread':
      return { title: 'There is no error code in this', status, detail: 'A code has five to seven digits.', requestId }
    case 'unknown':
      return {
        type: typeOf(topic.code),
        title: `${codeName(topic.code)} is not known here`,
        status,
        detail: 'It may be new, or mistyped.',
        code: codeName(topic.code),
        requestId,
      }
    case 'known': {
      const { code, happened, fix, who, helps, shown } = topic.error
      return {
        type: typeOf(code),
        title: happened,
        detail: fix,
        code: codeName(code),
        whoMustAct: who,
        tryingAgainHelps: helps === 'again' || helps === 'both',
        anotherAccountHelps: helps === 'account' || helps === 'both',
        shownByMicrosoft: shown !== 'here',
        requestId,
      }
    }
    default:
      return topic satisfies never
  }
}
