/** The form on the console's origin, where somebody signs in with an account of the gateway itself. */
import { displayText } from './display-text.ts'
import { pathLink } from './links.ts'
import type { BreakGlassPage } from './page.ts'
import { blankView, type View } from './view.ts'

/** Works out the page. Throws a TypeError for a link that is not allowed. */
export function breakGlassView(page: BreakGlassPage): View {
  const { actionUrl, state, token, failed } = page
  return {
    ...blankView(page),
    title: 'Emergency sign-in',
    text: [
      `This is for people with an emergency account for ${displayText(page.applicationName)}, while the usual sign-in is not available. Your usual account and password have no place here.`,
      'Every sign-in here, and every attempt, is recorded and reported.',
    ],
    credentials: { action: pathLink(actionUrl, 'actionUrl'), state, token, failed },
  }
}
