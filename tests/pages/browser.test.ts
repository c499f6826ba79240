/** The pages as a browser sees them: under their policy, by keyboard, in a frame, and with hostile texts. */
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, type BrowserContext, chromium, type Page as Tab } from 'playwright-core'
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { Page } from '../../src/pages/page.ts'
import { createPages } from '../../src/pages/render.ts'
import {
  everyPage,
  explainedPage,
  framePage,
  helpPage,
  hostileTexts,
  outcomePage,
  signedOutPage,
  signOutPage,
} from './samples.ts'

const pages = createPages()
const nameOf = (page: Page) => (page.page === 'outcome' ? page.code : page.page)

/** What the next answers of the servers are, and what they were asked. */
const shown: { page: Page; frame: Page | null } = { page: outcomePage, frame: null }
const asked: { method: string | undefined; url: string | undefined; origin: string | undefined }[] = []

let servers: readonly Server[] = []
let gateway = ''
let elsewhere = ''
let browser: Browser

beforeAll(async () => {
  const away = await listen(
    createServer((_request, response) => response.end('<!doctype html><title>Elsewhere</title>')),
  )
  elsewhere = originOf(away)
  const site = await listen(
    createServer((request, response) => {
      asked.push({ method: request.method, url: request.url, origin: request.headers.origin })
      if (request.method === 'POST') {
        response.writeHead(303, { location: `${elsewhere}/signed-out` }).end()
        return
      }
      if (request.url === '/outside') {
        response.end('<!doctype html><iframe src="/inside"></iframe>')
        return
      }
      const page = request.url === '/inside' && shown.frame !== null ? shown.frame : shown.page
      response.setHeader('content-type', 'text/html; charset=utf-8')
      response.setHeader('content-security-policy', pages.contentSecurityPolicyFor(page))
      response.setHeader('referrer-policy', 'no-referrer')
      response.end(pages.render(page))
    }),
  )
  gateway = originOf(site)
  servers = [away, site]
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
})

afterAll(async () => {
  await browser?.close()
  for (const server of servers) server.close()
})

/** Runs with a fresh tab, and fails if the browser had anything to complain about. */
async function inTab(run: (tab: Tab, context: BrowserContext) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  const complaints: string[] = []
  try {
    const tab = await context.newPage()
    tab.on('console', (message) => complaints.push(message.text()))
    tab.on('pageerror', (error) => complaints.push(String(error)))
    tab.on('dialog', (dialog) => complaints.push(dialog.message()))
    asked.length = 0
    await run(tab, context)
    assert.deepEqual(complaints, [])
  } finally {
    await context.close()
  }
}

/** One page about a code stands for all of them. */
const eachKind = everyPage.filter(
  (page) => page.page !== 'help' || page.topic.about !== 'known' || page.topic.error.code === 50105,
)

for (const page of eachKind) {
  test(`render makes a page of ${nameOf(page)} that obeys its own policy and is styled by it`, () =>
    inTab(async (tab) => {
      shown.page = page
      await tab.goto(gateway)
      assert.equal(await tab.evaluate(`getComputedStyle(document.querySelector('main')).maxWidth`), '576px')
      assert.deepEqual(
        asked.map(({ url }) => url),
        ['/'],
      )
    }))
}

describe('keyboard', () => {
  for (const page of [outcomePage, signedOutPage, signOutPage, framePage]) {
    test(`render puts the primary action of ${nameOf(page)} first, and shows where the focus is`, () =>
      inTab(async (tab) => {
        shown.page = page
        await tab.goto(gateway)
        await tab.keyboard.press('Tab')
        const focused = await tab.evaluate(`(() => {
          const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement)
          return { classes: document.activeElement.className, outline: outlineStyle + ' ' + outlineWidth }
        })()`)
        assert.deepEqual(focused, { classes: 'button primary', outline: 'solid 3px' })
      }))
  }
})

test('the sign-out form says which site it comes from, and may end at the provider', () =>
  inTab(async (tab) => {
    shown.page = { ...signOutPage, formOrigins: [elsewhere] }
    await tab.goto(gateway)
    await tab.keyboard.press('Tab')
    await Promise.all([tab.waitForURL(`${elsewhere}/signed-out`), tab.keyboard.press('Enter')])
    // Even where the header says no-referrer, which makes the browser send `Origin: null`.
    assert.deepEqual(asked.at(-1), { method: 'POST', url: '/.auth/logout', origin: gateway })
  }))

describe('frames', () => {
  test('the page for frames is seen in a frame, and opens the sign-in in a window that knows nothing of it', () =>
    inTab(async (tab, context) => {
      shown.page = signedOutPage
      shown.frame = framePage
      await tab.goto(`${gateway}/outside`)
      const frame = tab.frameLocator('iframe')
      const [opened] = await Promise.all([
        context.waitForEvent('page'),
        frame.getByRole('link', { name: 'Open the sign-in' }).click(),
      ])
      await opened.waitForURL(`${gateway}${framePage.loginUrl}`)
      assert.equal(await opened.evaluate('window.opener'), null)
    }))

  test('no other page is seen in a frame (clickjacking)', async () => {
    const context = await browser.newContext()
    const tab = await context.newPage()
    shown.frame = signOutPage
    await tab.goto(`${gateway}/outside`)
    assert.equal(await tab.frameLocator('iframe').getByRole('button').count(), 0)
    await context.close()
  })
})

interface Found {
  readonly elements: readonly string[]
  readonly attributes: readonly string[]
  readonly links: readonly string[]
  readonly wide: boolean
}

/** Runs in the page. */
const findEverything = `(() => {
  const all = [...document.querySelectorAll('*')]
  return {
    elements: [...new Set(all.map((element) => element.localName))],
    attributes: [...new Set(all.flatMap((element) => element.getAttributeNames()))],
    links: [...document.querySelectorAll('a')].map((link) => link.protocol),
    wide: document.documentElement.scrollWidth > window.innerWidth,
  }
})()`

test('render lets no hostile text become an element, an attribute or a link (T91)', () =>
  inTab(async (tab) => {
    for (const text of hostileTexts) {
      shown.page = {
        ...outcomePage,
        applicationName: text,
        requestId: text,
        support: text,
        person: { name: text, username: text },
        details: [{ label: text, value: text }],
      }
      await tab.goto(gateway)
      const found = await tab.evaluate<Found>(findEverything)
      const known =
        'html head meta title link style body main header svg path p bdi h1 a section h2 pre footer code'.split(' ')
      const harmless =
        'lang charset name content rel href class viewBox width height aria-hidden aria-labelledby focusable d id'.split(
          ' ',
        )
      assert.deepEqual(
        found.elements.filter((element) => !known.includes(element)),
        [],
        text.slice(0, 60),
      )
      assert.deepEqual(
        found.attributes.filter((attribute) => !harmless.includes(attribute)),
        [],
        text.slice(0, 60),
      )
      assert.ok(found.links.every((protocol) => ['http:', 'https:'].includes(protocol)))
      assert.equal(found.wide, false, `wider than the window: ${text.slice(0, 60)}`)
    }
  }))

for (const page of [
  ...eachKind.filter(({ page }) => page === 'help'),
  explainedPage,
  outcomePage,
  signedOutPage,
  signOutPage,
  framePage,
]) {
  test(`render fits ${nameOf(page)} on a narrow phone`, () =>
    inTab(async (tab) => {
      await tab.setViewportSize({ width: 320, height: 640 })
      shown.page = { ...page, applicationName: 'Donaudampfschifffahrtsgesellschaftskapitänsverwaltung' }
      await tab.goto(gateway)
      assert.equal(await tab.evaluate('document.documentElement.scrollWidth'), 320)
    }))
}

test('render gives a screen reader one heading, a landmark, and names for all controls', () =>
  inTab(async (tab) => {
    shown.page = outcomePage
    await tab.goto(gateway)
    const snapshot = await tab.locator('body').ariaSnapshot()
    assert.match(snapshot, /^- main:/)
    assert.equal(snapshot.match(/heading .* \[level=1\]/g)?.length, 1)
    assert.match(snapshot, /link "Sign in with another account"/)
    assert.doesNotMatch(snapshot, /- (link|button):?$/m)
  }))

for (const scheme of ['light', 'dark'] as const) {
  test(`render gives the search field a label, a hint and a visible frame in ${scheme} mode`, () =>
    inTab(async (tab) => {
      await tab.emulateMedia({ colorScheme: scheme })
      shown.page = { ...helpPage, topic: { about: 'front' } }
      await tab.goto(gateway)
      const field = tab.getByLabel('Error code')
      assert.equal(await field.getAttribute('aria-describedby'), 'hint')
      const [frame, ground] = await field.evaluate((element) => {
        const style = getComputedStyle(element)
        return [style.borderTopColor, style.backgroundColor]
      })
      assert.notEqual(frame, ground)
      await field.fill('AADSTS50011')
      await Promise.all([tab.waitForURL(`${gateway}/.auth/help?code=AADSTS50011`), tab.keyboard.press('Enter')])
    }))
}

test('one click selects the request id, and one the whole block of details', () =>
  inTab(async (tab) => {
    shown.page = outcomePage
    await tab.goto(gateway)
    await tab.locator('footer code').first().click()
    assert.equal(await tab.evaluate('String(getSelection()).trim()'), '01JDZ7Q8V3M4')
    await tab.locator('pre').click()
    const copied = await tab.evaluate('String(getSelection()).trim()')
    assert.equal(copied, 'Request id: 01JDZ7Q8V3M4\nCode: no_role\nError code: AADSTS50105')
  }))

async function listen(server: Server): Promise<Server> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

function originOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
