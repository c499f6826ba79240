/** What is left in a browser after a sign-out: nothing that works, in no tab. */
import assert from 'node:assert/strict'
import { afterAll, beforeAll, test } from 'vitest'
import { startBrowser, type TestBrowser } from './browser.ts'
import { type Demo, startDemo } from './demo.ts'
import {
  ada,
  arriveAt,
  arriveAtPicker,
  choose,
  cookieOf,
  joinChat,
  logOut,
  reads,
  sayInChat,
  sessionCookie,
  signIn,
  uwe,
} from './steps.ts'

let demo: Demo
let browser: TestBrowser

beforeAll(async () => {
  ;[demo, browser] = await Promise.all([startDemo(), startBrowser({ history: true })])
})

afterAll(async () => {
  await browser?.close()
  await demo?.stop()
})

const at = (path: string) => `${demo.origin}${path}`

test('signing out in one tab cuts the WebSocket of another within a second; the next click there leads to the sign-in (T101)', () =>
  browser.visit(async ({ context, tab }) => {
    await signIn(tab, at('/payslips'), ada)
    const other = await context.newPage()
    await joinChat(other, demo.origin, ada)
    await sayInChat(other, ada, 'still here')
    await logOut(tab, demo.origin)
    await other.getByText('The connection is closed.').waitFor({ timeout: 1_000 })
    await other.getByRole('link', { name: 'Pay slips' }).click()
    await choose(other, uwe)
    await arriveAt(other, at('/payslips'))
    await other.getByText(`${uwe.name}: the last three months`).waitFor()
  }))

test('signing out in one browser leaves the same person signed in in another', () =>
  browser.visit(async (one) => {
    await signIn(one.tab, at('/payslips'), ada)
    await browser.visit(async (other) => {
      await signIn(other.tab, at('/payslips'), ada)
      await joinChat(other.tab, demo.origin, ada)
      await logOut(one.tab, demo.origin)
      await sayInChat(other.tab, ada, 'I stay')
      await other.tab.goto(at('/admin'))
      await reads(other.tab, 'Administration')
    })
  }))

test('the old cookie is worth nothing after a sign-out (T50, T69, T70)', () =>
  browser.visit(async ({ context, tab }) => {
    await signIn(tab, at('/payslips'), ada)
    const old = await cookieOf(context, sessionCookie)
    assert.ok(old !== null)
    await logOut(tab, demo.origin)
    assert.equal(await cookieOf(context, sessionCookie), null)
    await context.addCookies([old])
    await tab.goto(at('/payslips'))
    await arriveAtPicker(tab)
  }))

test('the back button shows nothing of the application after a sign-out, but the page that was just left', () =>
  browser.visit(async ({ tab }) => {
    await signIn(tab, at('/payslips'), ada)
    await tab.goto(at('/admin'))
    await tab.goto(at('/form'))
    await logOut(tab, demo.origin)
    // The browser keeps the last page alive as a picture of itself, whatever anybody says; nothing in it works.
    await tab.goBack({ waitUntil: 'commit' })
    await tab.reload()
    await arriveAtPicker(tab)
    for (const _ of ['/form', '/admin', '/payslips']) {
      await tab.goBack({ waitUntil: 'commit' })
      assert.equal(await tab.locator('h1').innerText(), 'Choose an account')
    }
  }))
