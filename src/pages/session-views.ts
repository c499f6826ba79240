/** The pages around signing in and out: signed out, whether to sign out, and the one for a frame. */
import { causes } from '../core/answer/causes.ts'
import { outcomes } from '../core/answer/outcomes.ts'
import { displayText } from './display-text.ts'
import { pathLink, siteLink } from './links.ts'
import type { ConsentPage, FragmentPage, FramePage, SignedInPage, SignedOutPage, SignOutPage } from './page.ts'
import { blankView, personView, type View } from './view.ts'

/** Says honestly how far the sign-out went. Throws a TypeError for a link that is not allowed, as all of these do. */
export function signedOutView(page: SignedOutPage): View {
  const application = displayText(page.applicationName)
  return {
    ...blankView(page),
    title: page.complete ? 'You are signed out' : 'Your session here has ended',
    text: page.complete
      ? [`You are signed out of ${application} and of the sign-in service. You can close this window.`]
      : [
          `You are signed out of ${application}, but the sign-in service may still know you and let you in again without a password.`,
          'If other people use this device, sign out of your account there too, or close all windows of this browser.',
        ],
    actions: [{ label: 'Sign in again', href: siteLink(page.loginUrl, 'loginUrl') }],
  }
}

/** Asks before it ends a session. */
export function signOutView(page: SignOutPage): View {
  return {
    ...blankView(page),
    title: 'Do you want to sign out?',
    text: [`This ends your session in ${displayText(page.applicationName)}, in all windows of this browser.`],
    person: personView(page.person),
    formAction: siteLink(page.actionUrl, 'actionUrl'),
    actions: [{ label: 'Stay signed in', href: pathLink('/', 'startUrl') }],
  }
}

/** Leads out of a frame: sign-in services do not let themselves be framed. */
export function frameView(page: FramePage): View {
  const { apart = null, againUrl = null, cause = null } = page
  const login = siteLink(page.loginUrl, 'loginUrl')
  const again = againUrl === null ? '' : pathLink(againUrl, 'againUrl')
  const apartAction = apart === null ? null : { label: 'Open it in a new window', href: pathLink(apart.url, 'apart') }
  if (apart?.only && apartAction !== null) {
    return {
      ...blankView(page),
      title: 'This opens in a window of its own',
      text: [
        'It is part of a page of another site, and there your browser does not tell us who you are. So it cannot be shown here.',
      ],
      actions: [apartAction],
    }
  }
  return {
    ...blankView(page),
    again,
    title: outcomes[page.code].title,
    text: [
      page.code === 'login_required'
        ? 'You are not signed in, and signing in does not work inside another page.'
        : `${outcomes[page.code].text} That does not work inside another page.`,
      'Open the sign-in in a window of its own. Then come back and show this part again.',
      ...(cause === null ? [] : [causes[cause].text]),
      ...(apartAction === null ? [] : ['If it asks you again after that, open this part in a window of its own.']),
    ],
    actions: [{ label: 'Open the sign-in', href: login }, ...(apartAction === null ? [] : [apartAction])],
  }
}

/** Seen for a moment, or by whose browser runs no scripts: then the link leads on, without the fragment. */
export function fragmentView(page: FragmentPage): View {
  return {
    ...blankView(page),
    title: outcomes.login_required.title,
    text: ['You are taken to the sign-in. If nothing happens, choose “Sign in”.'],
    actions: [{ label: 'Sign in', href: pathLink(page.loginUrl, 'loginUrl') }],
  }
}

/** Sends the person back to the page with the frame: no script of ours closes the window, or tells the other one. */
export function signedInView(page: SignedInPage): View {
  if (page.goesOn === true) {
    return {
      ...blankView(page),
      title: 'You are signed in',
      text: [`You are taken to ${displayText(page.applicationName)}. If nothing happens, choose “Continue”.`],
      actions: [{ label: 'Continue', href: pathLink(page.startUrl, 'startUrl') }],
    }
  }
  return {
    ...blankView(page),
    title: 'You are signed in',
    text: [
      'You can close this window.',
      'Go back to the page that you came from: choose “Show this part again” there, or go back once more and send what you typed.',
    ],
    actions: [{ label: 'Go to the start page', href: pathLink(page.startUrl, 'startUrl') }],
  }
}

/** Tells whoever has consented what that was for. */
export function consentView(page: ConsentPage): View {
  const application = displayText(page.applicationName)
  const directory = page.directoryId === null ? 'your directory' : `the directory ${displayText(page.directoryId)}`
  return {
    ...blankView(page),
    title: 'Consent has been given',
    text: [
      `The people of ${directory} can sign in to ${application} without being asked for consent.`,
      'You can close this window.',
    ],
    actions: [{ label: 'Go to the start page', href: pathLink(page.startUrl, 'startUrl') }],
  }
}
