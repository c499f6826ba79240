import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'vitest'
import type { Page } from '../../src/pages/page.ts'
import { createPages } from '../../src/pages/render.ts'
import {
  everyPage,
  explainedPage,
  fragmentPage,
  framePage,
  helpPage,
  hostileTexts,
  outcomePage,
  signedOutPage,
  signOutPage,
  unserved,
} from './samples.ts'

const pages = createPages()
const nameOf = (page: Page) =>
  page.page === 'outcome'
    ? page.code
    : page.page === 'help' && page.topic.about === 'known'
      ? `help ${page.topic.error.code}`
      : page.page
/** The document without the style, which is static. */
const markup = (page: Page) => pages.render(page).replace(/<style>[\s\S]*<\/style>/, '')
/** Tags and attribute names alone: what no text may change. */
const skeleton = (html: string) =>
  [...html.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replaceAll(/"[^"]*"/g, '""')).join('\n')

for (const page of everyPage) {
  describe(nameOf(page), () => {
    const html = markup(page)

    test('render makes a whole document with one heading and its landmark', () => {
      assert.ok(html.startsWith('<!doctype html>\n<html lang="en">'))
      assert.ok(html.trimEnd().endsWith('</html>'))
      assert.equal(html.match(/<h1>/g)?.length, 1)
      assert.equal(html.match(/<main>/g)?.length, 1)
      assert.match(html, /<title>[^<]+ · Payroll<\/title>/)
    })

    test('render shows the request id', () => assert.match(html, /<code>01JDZ7Q8V3M4<\/code>/))

    test('render leaves no hole where a value is missing', () => {
      assert.doesNotMatch(html, /\bundefined\b|\bnull\b|\bNaN\b|\[object/)
    })

    test('render uses no script, no inline handler or style, and nothing of another site (T91)', () => {
      assert.doesNotMatch(html, /<script|<iframe|<object|<embed|<base|\son\w+=|\sstyle=|javascript:|@import|url\(/i)
      const own = html
        .replaceAll("xmlns='http://www.w3.org/2000/svg'", '')
        // A link that a person may follow; nothing is loaded from there.
        .replace(/<a href="https:\/\/login\.microsoftonline\.com\/error\?code=\d{5,7}">/, '')
      assert.doesNotMatch(own, /(?:https?:)?\/\/[\w[]/)
    })

    test('render has at most one primary button', () => {
      const primary = html.match(/class="button primary"/g)?.length ?? 0
      assert.equal(primary, unserved.has(nameOf(page)) ? 0 : 1)
    })
  })
}

describe('hostile texts', () => {
  const benign = 'plain'
  const fields: readonly (readonly [string, (value: string) => Page])[] = [
    ['outcome requestId', (value) => ({ ...outcomePage, requestId: value })],
    ['outcome applicationName', (value) => ({ ...outcomePage, applicationName: value })],
    ['outcome support', (value) => ({ ...outcomePage, support: `desk ${value}` })],
    ['outcome name', (value) => ({ ...outcomePage, person: { name: `N ${value}`, username: 'u' } })],
    ['outcome username', (value) => ({ ...outcomePage, person: { name: 'n', username: `u ${value}` } })],
    ['outcome detail label', (value) => ({ ...outcomePage, details: [{ label: value, value: 'x' }] })],
    ['outcome detail value', (value) => ({ ...outcomePage, details: [{ label: 'x', value }] })],
    ['signed-out applicationName', (value) => ({ ...signedOutPage, applicationName: `P ${value}` })],
    ['signed-out requestId', (value) => ({ ...signedOutPage, requestId: value })],
    ['sign-out applicationName', (value) => ({ ...signOutPage, applicationName: `P ${value}` })],
    ['sign-out name', (value) => ({ ...signOutPage, person: { name: `N ${value}`, username: 'u' } })],
    ['frame applicationName', (value) => ({ ...framePage, applicationName: `P ${value}` })],
    ['frame requestId', (value) => ({ ...framePage, requestId: value })],
    ['help applicationName', (value) => ({ ...helpPage, applicationName: `P ${value}` })],
    ['help support', (value) => ({ ...helpPage, support: `desk ${value}` })],
    ['help requestId', (value) => ({ ...helpPage, requestId: value })],
    ['help loginUrl', (value) => ({ ...helpPage, loginUrl: `/?q=${pathText(value)}` })],
    ['help otherAccountUrl', (value) => ({ ...helpPage, otherAccountUrl: `/?q=${pathText(value)}` })],
    ['help searchUrl', (value) => ({ ...helpPage, searchUrl: `/?q=${pathText(value)}` })],
    ['outcome returnTo', (value) => ({ ...outcomePage, code: 'internal_error', returnTo: `/?q=${pathText(value)}` })],
    ['outcome loginUrl', (value) => ({ ...outcomePage, loginUrl: `/?q=${pathText(value)}` })],
    ['sign-out actionUrl', (value) => ({ ...signOutPage, actionUrl: `/?q=${pathText(value)}` })],
  ]
  for (const [field, make] of fields) {
    test(`render lets no text in ${field} change the document (T91)`, () => {
      const expected = skeleton(markup(make(benign)))
      for (const text of hostileTexts) {
        // An application without a visible name is an application without a name line.
        if (field === 'outcome applicationName' && text.trim() === '') continue
        const html = markup(make(text))
        assert.equal(skeleton(html), expected, text.slice(0, 60))
        // A link stays as it came, whatever its characters: the browser encodes them, and nobody reads an attribute.
        if (/Url$|returnTo/.test(field)) continue
        assert.doesNotMatch(html, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
        assert.ok(html.length < 12_000)
      }
    })
  }

  test('render never runs what a text looks like to the template engine', () => {
    const html = markup({ ...outcomePage, applicationName: '<%= 7 * 7 %>' })
    assert.match(html, /&lt;%= 7 \* 7 %&gt;/)
    assert.doesNotMatch(html, /\b49\b/)
  })

  test('render refuses a link that leads astray, and its error does not repeat it (T36, T39)', () => {
    for (const link of ['javascript:alert(1)', '//evil.example', '/\\evil.example', '/\t/evil.example', 'data:,x']) {
      for (const page of [
        { ...outcomePage, returnTo: link },
        { ...outcomePage, loginUrl: link },
        { ...outcomePage, startUrl: link },
        { ...signedOutPage, loginUrl: link },
        { ...signOutPage, actionUrl: link },
        { ...framePage, loginUrl: link },
        { ...helpPage, loginUrl: link },
        { ...helpPage, otherAccountUrl: link },
        { ...helpPage, startUrl: link },
        { ...helpPage, searchUrl: link },
        { ...explainedPage, explained: { error: explainedPage.explained?.error ?? assert.fail(), helpUrl: link } },
      ]) {
        assert.throws(
          () => pages.render(page),
          (error) => error instanceof TypeError && !error.message.includes(link),
        )
      }
    }
  })

  /** A link must be a path already; what it carries may still try to leave its attribute. */
  function pathText(value: string): string {
    return value.replace(/[\x00-\x1f\x7f]/g, '')
  }
})

describe('contentSecurityPolicy', () => {
  test('contentSecurityPolicy names the style of every page by its hash, and allows nothing else', () => {
    for (const page of everyPage) {
      const style = pages.render(page).match(/<style>([\s\S]*?)<\/style>/)?.[1] ?? ''
      const hash = createHash('sha256').update(style).digest('base64')
      assert.equal(
        pages.contentSecurityPolicy,
        `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
      )
    }
  })

  test('contentSecurityPolicyFor gives every outcome and the signed-out page the strictest policy', () => {
    for (const page of everyPage) {
      if (page.page === 'frame' || page.page === 'sign-in' || page.page === 'kept-form') continue
      assert.equal(pages.contentSecurityPolicyFor(page), pages.contentSecurityPolicy)
    }
  })

  test('contentSecurityPolicyFor lets the page that keeps a fragment run its one script, by its hash, and nothing else', () => {
    const html = pages.render(fragmentPage)
    const [, script = '', ...more] = html.split(/<script>|<\/script>/)
    assert.equal(more.length, 1)
    const hash = createHash('sha256').update(script).digest('base64')
    const expected = pages.contentSecurityPolicy.replace('; img-src', `; script-src 'sha256-${hash}'; img-src`)
    assert.equal(pages.contentSecurityPolicyFor(fragmentPage), expected)
    // The same for everybody, whatever was asked for.
    const other = pages.render({
      ...fragmentPage,
      loginUrl: '/.auth/login?return_to=%2F%3C%2Fscript%3E',
      requestId: 'x',
    })
    assert.equal(other.split(/<script>|<\/script>/)[1], script)
    assert.throws(() => pages.render({ ...fragmentPage, loginUrl: 'https://evil.example/' }), TypeError)
  })

  test('contentSecurityPolicyFor lets a refusal inside a frame be seen there, by our own site and those that are named', () => {
    const policyFor = (framedBy: readonly string[]) => pages.contentSecurityPolicyFor({ ...outcomePage, framedBy })
    assert.match(policyFor([]), /frame-ancestors 'self'$/)
    assert.match(policyFor(['https://portal.example']), /frame-ancestors 'self' https:\/\/portal\.example$/)
    assert.throws(() => policyFor(['*']), TypeError)
  })

  test('contentSecurityPolicyFor lets only the page for frames be framed', () => {
    const expected = pages.contentSecurityPolicy.replace("frame-ancestors 'none'", 'frame-ancestors *')
    assert.equal(pages.contentSecurityPolicyFor(framePage), expected)
  })

  test('contentSecurityPolicyFor lets the sign-out form end at the provider, and where that leads on to', () => {
    const policy = pages.contentSecurityPolicyFor({ ...signOutPage, formOrigins: ['http://login.example'] })
    assert.ok(policy.includes("; form-action 'self' https: http://login.example; "))
    assert.throws(
      () => pages.contentSecurityPolicyFor({ ...signOutPage, formOrigins: ["x; script-src 'self'"] }),
      TypeError,
    )
  })
})

test('createPages makes the same document for the same page every time', () => {
  for (const page of everyPage) assert.equal(createPages().render(page), pages.render(page))
})
