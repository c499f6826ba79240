/** A person finds out why a page is closed to them; and somebody whose browser keeps nothing is told so. */
import assert from 'node:assert/strict'
import { afterAll, beforeAll, test } from 'vitest'
import { startBrowser, type TestBrowser } from './browser.ts'
import { type Demo, startDemo } from './demo.ts'
import { ada, arriveAt, choose, reads, signIn, uwe } from './steps.ts'

let demo: Demo
let browser: TestBrowser
/** One in which cookies are switched off. */
let forgetful: TestBrowser

beforeAll(async () => {
  ;[demo, browser, forgetful] = await Promise.all([startDemo(), startBrowser(), startBrowser({ cookies: 'off' })])
})
afterAll(async () => {
  await browser?.close()
  await forgetful?.close()
  await demo?.stop()
})
const at = (path: string) => `${demo.origin}${path}`

test('a refused person sees who they are and which role is missing, and asks about another page', () =>
  browser.visit(async ({ tab }) => {
    await signIn(tab, at('/payslips'), uwe)
    await tab.goto(at('/admin'))
    await reads(tab, 'You may not open this page')
    await tab.getByRole('link', { name: 'See who you are here' }).click()
    await reads(tab, 'Your access')
    await tab.getByText('This page is not open to you').waitFor()
    await tab.getByText(uwe.username).waitFor()
    assert.equal(await tab.getByText('the role admin').count(), 1)
    await tab.getByLabel('Address').fill(at('/payslips'))
    await tab.keyboard.press('Enter')
    await tab.getByText('This page is open to you').waitFor()
    assert.equal(new URL(tab.url()).pathname, '/.auth/explain')
    await tab.getByRole('link', { name: 'Sign in with another account' }).click()
    await choose(tab, ada)
    await arriveAt(tab, at('/'))
  }))

test('a person on a narrow screen, with large letters and in the dark can read it without scrolling aside', () =>
  browser.visit(
    async ({ tab }) => {
      await signIn(tab, at('/payslips'), uwe)
      await tab.goto(at(`/.auth/explain?path=/${'a'.repeat(300)}`))
      await reads(tab, 'Your access')
      assert.equal(await tab.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true)
    },
    { viewport: { width: 320, height: 700 }, colorScheme: 'dark' },
  ))

test('somebody whose browser keeps no cookies is told so, after one more try', () =>
  forgetful.visit(async ({ tab }) => {
    await tab.goto(at('/payslips'))
    // Once more, because the sign-in service has forgotten it too.
    for (const _ of [1, 2]) {
      const cameBack = tab.waitForResponse((response) => response.url().includes('/.auth/callback'))
      await choose(tab, uwe)
      await cameBack
    }
    await reads(tab, 'This sign-in cannot be finished')
    await tab.getByText('Your browser sent no cookie at all.').waitFor()
    await tab.getByRole('link', { name: 'Sign in', exact: true }).waitFor()
  }))

test('the back button after a sign-in leads back into the application, and ends nothing', () =>
  browser.visit(async ({ tab }) => {
    await tab.goto(at('/payslips'))
    await choose(tab, uwe)
    await arriveAt(tab, at('/payslips'))
    await tab.goBack({ waitUntil: 'commit' })
    await arriveAt(tab, at('/payslips'))
    await tab.getByText(uwe.name).first().waitFor()
  }))

test('a bookmarked page of the sign-in service still leads in, in another browser too', async () => {
  let bookmark = ''
  await browser.visit(async ({ tab }) => {
    await tab.goto(at('/form?from=bookmark'))
    await tab.getByRole('heading', { name: 'Choose an account' }).waitFor()
    bookmark = tab.url()
  })
  await browser.visit(async ({ tab }) => {
    await tab.goto(bookmark)
    await choose(tab, uwe)
    await arriveAt(tab, at('/form?from=bookmark'))
  })
})
