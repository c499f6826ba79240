/**
 * Turns a page, as data, into a whole HTML document: no script but one, nothing loaded from anywhere, works with links
 * and forms alone.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Eta } from 'eta/core'
import { accessView } from './access-view.ts'
import { breakGlassView } from './break-glass-view.ts'
import { formWaitsView, keptFormView } from './form-views.ts'
import { fragmentScript } from './fragment-script.ts'
import { helpView } from './help-view.ts'
import { policyOrigin } from './links.ts'
import { outcomeView } from './outcome-view.ts'
import type { Page } from './page.ts'
import { consentView, fragmentView, frameView, signedInView, signedOutView, signOutView } from './session-views.ts'
import { signInView } from './sign-in-view.ts'
import type { View } from './view.ts'

export interface Pages {
  /**
   * The document of a page, in UTF-8 text. Throws a TypeError for a link that is no path of ours and no http or https URL
   * (T36, T39); the message names the field only.
   */
  render(page: Page): string
  /** The policy of a page that needs nothing more; the strictest. */
  readonly contentSecurityPolicy: string
  /** The policy that a page needs. Throws for a form origin that is none. */
  contentSecurityPolicyFor(page: Page): string
}

const parts = ['layout', 'person', 'actions', 'help-line', 'explanation', 'more'] as const
/** The pages themselves, and the parts that they include. */
const templates = [
  ...['outcome', 'sign-in', 'signed-in', 'signed-out', 'sign-out', 'frame', 'fragment', 'help', 'access', 'consent'],
  'break-glass',
  ...['form-waits', 'kept-form'],
  ...parts,
] as const

/** Reads and compiles every template once. `eta/core` has no file access of its own, so nothing is read later. */
export function createPages(): Pages {
  const eta = new Eta({ autoEscape: true, cache: true })
  for (const name of templates) eta.loadTemplate(name, readText(`${name}.eta`))
  const style = readText('style.css')
  const hash = sha256(style)
  const script = sha256(fragmentScript)
  const strictest = policy({ hash, formTargets: [], frameAncestors: "'none'" })
  return {
    contentSecurityPolicy: strictest,
    contentSecurityPolicyFor(page) {
      // The password goes nowhere else, and whoever is let in to that one application.
      if (page.page === 'break-glass')
        return policy({ hash, formTargets: [policyOrigin(page.returnOrigin)], frameAncestors: "'none'" })
      const origins = formOrigins(page)
      if (page.page === 'kept-form') return policy({ hash, formTargets: ['https:'], frameAncestors: "'none'" })
      if (origins.length > 0) return policy({ hash, formTargets: formTargets(origins), frameAncestors: "'none'" })
      // This page exists to be seen in a frame. It names nobody and changes nothing: its links open windows, or the
      // frame anew, which any site can do by itself, so there is nothing to gain from luring a click onto it.
      if (page.page === 'frame') return policy({ hash, formTargets: [], frameAncestors: '*' })
      if (page.page === 'fragment') return policy({ hash, script, formTargets: [], frameAncestors: "'none'" })
      const framedBy = page.page === 'outcome' || page.page === 'signed-out' ? page.framedBy : null
      if (framedBy === undefined || framedBy === null) return strictest
      // In a part of a page of the application itself. What can be clicked on there are links, which change nothing.
      const frameAncestors = ["'self'", ...framedBy.map(policyOrigin)].join(' ')
      return policy({ hash, formTargets: [], frameAncestors })
    },
    render(page) {
      return eta.render(page.page, { ...viewOf(page), style, script: fragmentScript })
    },
  }
}

function viewOf(page: Page): View {
  switch (page.page) {
    case 'outcome':
      return outcomeView(page)
    case 'sign-in':
      return signInView(page)
    case 'signed-out':
      return signedOutView(page)
    case 'signed-in':
      return signedInView(page)
    case 'sign-out':
      return signOutView(page)
    case 'frame':
      return frameView(page)
    case 'fragment':
      return fragmentView(page)
    case 'form-waits':
      return formWaitsView(page)
    case 'kept-form':
      return keptFormView(page)
    case 'help':
      return helpView(page)
    case 'consent':
      return consentView(page)
    case 'access':
      return accessView(page)
    case 'break-glass':
      return breakGlassView(page)
    default:
      return page satisfies never
  }
}

interface PolicyParts {
  readonly hash: string
  /** Of the one script that the page has, if it has one. */
  readonly script?: string
  readonly formTargets: readonly string[]
  readonly frameAncestors: string
}

/**
 * Browsers hold every redirect after a form to the policy of the form's page. Ours leads to the provider, and that may lead on
 * to whatever federates the account, which nobody here can list: so any https site may follow, as soon as one must.
 */
function formTargets(origins: readonly string[]): readonly string[] {
  return ['https:', ...origins.map(policyOrigin)]
}

/** Where the answers to the page's form may lead. */
function formOrigins(page: Page): readonly string[] {
  if (page.page === 'sign-out') return page.formOrigins ?? []
  return page.page === 'sign-in' ? (page.form?.formOrigins ?? []) : []
}

/** CSP Level 3. The style stands in the page and is named by its hash, so an injected one does nothing (T91). */
function policy({ hash, script, formTargets, frameAncestors }: PolicyParts): string {
  return [
    "default-src 'none'",
    `style-src 'sha256-${hash}'`,
    ...(script === undefined ? [] : [`script-src 'sha256-${script}'`]),
    'img-src data:',
    ["form-action 'self'", ...formTargets].join(' '),
    "base-uri 'none'",
    `frame-ancestors ${frameAncestors}`,
  ].join('; ')
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}

/** A file beside this one. A browser reads CRLF as LF before it hashes a style, so a checkout with CRLF must too. */
function readText(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8').replaceAll('\r\n', '\n')
}
