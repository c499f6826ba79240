/** The pages around forms whose senders have to sign in first: on the way to the sign-in, and back from it. */
import { displayText } from './display-text.ts'
import { siteLink } from './links.ts'
import type { FormWaitsPage, KeptFormPage } from './page.ts'
import { blankView, personView, type View } from './view.ts'

/** Seen for a moment: it leads on by itself, and by its link. Throws a TypeError for a link that is not allowed. */
export function formWaitsView(page: FormWaitsPage): View {
  const login = siteLink(page.loginUrl, 'loginUrl')
  return {
    ...blankView(page),
    title: 'What you typed is kept',
    text: [
      `Nothing was sent to ${displayText(page.applicationName)} yet, because you have to ${page.isProof ? 'confirm that it is you' : 'sign in'} first. After that you are asked whether to send it.`,
      'You are taken to the sign-in. If nothing happens, choose “Go on”.',
    ],
    refresh: `0; url=${login}`,
    actions: [{ label: 'Go on', href: login }],
  }
}

/** Asks before it is sent: who is signed in now need not be who typed it. Nothing of it is shown. */
export function keptFormView(page: KeptFormPage): View {
  const application = displayText(page.applicationName)
  return {
    ...blankView(page),
    title: 'Do you want to send what you typed?',
    text: [
      page.wasTried
        ? `It was sent to ${application}, but no answer came. It may have arrived all the same: look there before you send it again.`
        : `What you typed before you signed in was kept. It has not been sent to ${application} yet.`,
      ...(page.isKnown ? [] : ['It is sent in your name. If it was not you who typed it, discard it.']),
    ],
    person: personView(page.person),
    kept: {
      send: siteLink(page.sendUrl, 'sendUrl'),
      discard: siteLink(page.discardUrl, 'discardUrl'),
      field: page.field,
    },
  }
}
