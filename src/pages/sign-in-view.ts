/** The page on which people choose how to sign in, where an application has several providers. */
import { displayText } from './display-text.ts'
import { pathLink } from './links.ts'
import type { SignInPage } from './page.ts'
import { blankView, type View } from './view.ts'

/** Works out the page. Throws a TypeError for a link that is not allowed. */
export function signInView(page: SignInPage): View {
  const { ways, form, unknownEmail } = page
  return {
    ...blankView(page),
    title: unknownEmail ? 'That e-mail address is not known here' : 'How do you want to sign in?',
    text: unknownEmail
      ? ['None of the ways to sign in is for that address. Check it for typing errors, or choose one of these.']
      : [],
    choice: {
      ways: ways.map(({ label, loginUrl }) => {
        const shown = displayText(label)
        return { label: shown, initial: initialOf(shown), href: pathLink(loginUrl, 'loginUrl') }
      }),
      form: form === null ? null : { action: pathLink(form.actionUrl, 'actionUrl'), kept: form.kept },
    },
  }
}

/** What stands in the badge of a button: the initial of its last word, since most labels begin alike. */
function initialOf(label: string): string {
  const word = label.split(' ').findLast((each) => /[\p{L}\p{N}]/u.test(each)) ?? ''
  return [...word.replace(/^[^\p{L}\p{N}]+/u, '')][0]?.toUpperCase() ?? ''
}
