/** People without a mouse, with a small screen, or without JavaScript. */
import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, test } from 'vitest'
import { startBrowser, type TestBrowser } from './browser.ts'
import { type Demo, startDemo } from './demo.ts'
import { ada, arriveAt, arriveAtPicker, logOut, reads, sendMessage, signIn, uwe, zoe } from './steps.ts'

let demo: Demo
let browser: TestBrowser

beforeAll(async () => {
  ;[demo, browser] = await Promise.all([startDemo(), startBrowser()])
})

afterAll(async () => {
  await browser?.close()
  await demo?.stop()
})

const at = (path: string) => `${demo.origin}${path}`

test('with the keyboard alone, on a phone, a person signs in, reads a refusal and signs out', () =>
  browser.visit(
    async ({ tab }) => {
      await tab.goto(at('/admin'))
      await arriveAtPicker(tab)
      await fits(tab)
      await press(tab, uwe.name)
      await arriveAt(tab, at('/admin'))
      await reads(tab, 'You may not open this page')
      await fits(tab)
      await press(tab, 'Go to the start page')
      await reads(tab, `Welcome, ${uwe.name}`)
      await fits(tab)
      await press(tab, 'Log out')
      await reads(tab, 'You are signed out')
      await fits(tab)
      await press(tab, 'Sign in again')
      await arriveAtPicker(tab)
    },
    { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  ))

test('on a phone, no page of the application and of the gateway is wider than the screen', () =>
  browser.visit(
    async ({ tab }) => {
      await signIn(tab, at('/'), zoe)
      for (const path of ['/', '/payslips', '/form', '/chat', '/admin', '/.auth/logout', '/.auth/nowhere']) {
        await tab.goto(at(path))
        await fits(tab)
      }
    },
    { viewport: { width: 390, height: 844 }, isMobile: true },
  ))

test('without JavaScript the whole sign-in, the refusal and the sign-out work', () =>
  browser.visit(
    async ({ tab }) => {
      const deep = at('/payslips?month=10&q=%C3%BC')
      await signIn(tab, deep, uwe)
      assert.deepEqual(await sendMessage(tab, demo.origin, 'Grüße', 'ohne Skript'), ['Grüße', 'ohne Skript'])
      await tab.goto(at('/admin'))
      await reads(tab, 'You may not open this page')
      await tab.getByRole('link', { name: 'Sign in with another account' }).click()
      await tab.getByRole('button', { name: ada.username }).click()
      await reads(tab, 'Administration')
      await tab.goto(at('/.auth/logout'))
      await tab.getByRole('button', { name: 'Sign out' }).click()
      await reads(tab, 'You are signed out')
      // Only Ada was signed out: the provider still knows Uwe, and asks nothing.
      await tab.goto(deep)
      await arriveAt(tab, deep)
      await logOut(tab, demo.origin)
    },
    { javaScriptEnabled: false },
  ))

/** Goes from control to control until one has the label, sees that the focus shows, and presses Enter. */
async function press(tab: Page, label: string): Promise<void> {
  for (let tabs = 0; tabs < 30; tabs += 1) {
    await tab.keyboard.press('Tab')
    const focused = await tab.evaluate(() => {
      const element = document.activeElement
      const { outlineStyle = '', outlineWidth = '' } = element === null ? {} : getComputedStyle(element)
      return { text: element?.textContent ?? '', outline: `${outlineStyle} ${outlineWidth}` }
    })
    if (!focused.text.includes(label)) continue
    assert.match(focused.outline, /^solid [23]px$/)
    await tab.keyboard.press('Enter')
    return
  }
  assert.fail(`The keyboard does not reach ${label} at ${tab.url()}`)
}

async function fits(tab: Page): Promise<void> {
  const wide = await tab.evaluate(() => document.documentElement.scrollWidth)
  assert.ok(wide <= 390, `${wide} px at ${tab.url()}`)
}
