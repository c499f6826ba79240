/** What the catalogue says of a code, in the words of our pages: who has to act, what to do, and whether anything else helps. */
import type { Actor } from '../core/identity/aadsts-catalogue.ts'
import type { SignInError } from '../core/identity/sign-in-error.ts'
import type { Term, TextPart } from './view.ts'

const actors: Readonly<Record<Actor, string>> = {
  person: 'The person who signs in',
  operator: 'The people who run this application',
  administrator: 'An administrator of the directory',
  nobody: 'Nobody: it passes by itself',
}

const advice: Readonly<Record<Actor, string>> = {
  person: 'You can do something about it yourself.',
  operator: 'You have done nothing wrong. The people who run this application have to act: show them this page.',
  administrator:
    'An administrator of your organisation has to act. Show this page to the people who run this application: they know whom to ask.',
  nobody: 'Nobody has to do anything about it.',
}

/** What to tell a person who has met the error, before anything else. */
export function adviceFor({ who }: SignInError): string {
  return advice[who[0]]
}

/** The terms that every page shows. */
export function termsOf(error: SignInError): readonly Term[] {
  const again = error.helps === 'again' || error.helps === 'both'
  const account = error.helps === 'account' || error.helps === 'both'
  const terms = [
    ['Who has to act', error.who.map((actor) => actors[actor]).join('; or: ')],
    ['What to do', error.fix],
    ['Does trying again help?', again ? 'It may.' : 'No, not before that is done.'],
    ['Does another account help?', account ? 'It may.' : 'No.'],
  ] as const
  return terms.map(([term, text]) => ({ term, parts: partsOf(text) }))
}

/** The texts of the catalogue put what is to be typed between back quotes. */
function partsOf(text: string): readonly TextPart[] {
  return text.split('`').flatMap((part, at) => (part === '' ? [] : [{ text: part, code: at % 2 === 1 }]))
}
