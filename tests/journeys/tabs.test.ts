/** A browser that restores twenty tabs in the morning. */
import assert from 'node:assert/strict'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, test } from 'vitest'
import { startBrowser, type TestBrowser } from './browser.ts'
import { type Demo, startDemo } from './demo.ts'
import { ada, arriveAt, arriveAtPicker, choose, cookieOf, sessionCookie } from './steps.ts'

let demo: Demo
let browser: TestBrowser

beforeAll(async () => {
  ;[demo, browser] = await Promise.all([startDemo(), startBrowser()])
})

afterAll(async () => {
  await browser?.close()
  await demo?.stop()
})

test(
  'twenty tabs opened at once each end at their own address after one sign-in, and again without their session (T45)',
  () =>
    browser.visit(async ({ context, tab }) => {
      const addresses = Array.from({ length: 20 }, (_, index) => `${demo.origin}/payslips?tab=${index}&q=%20a`)
      const tabs = [tab]
      while (tabs.length < addresses.length) tabs.push(await context.newPage())
      const everywhere = (step: (tab: Page, address: string) => Promise<unknown>) =>
        Promise.all(tabs.map((each, index) => step(each, addresses[index] ?? '')))

      await everywhere((each, address) => each.goto(address))
      await everywhere(arriveAtPicker)
      assert.deepEqual(await ownCookies(context), ['__Host-login'])
      await choose(tab, ada)
      await arriveAt(tab, addresses[0] ?? '')
      // The provider knows the person now; the other tabs still show its question.
      await everywhere((each) => (each === tab ? Promise.resolve() : each.reload()))
      await everywhere(hasArrived)

      assert.notEqual(await cookieOf(context, sessionCookie), null)
      await context.clearCookies({ name: sessionCookie })
      await everywhere((each) => each.reload())
      await everywhere(hasArrived)
      assert.deepEqual(await ownCookies(context), ['__Host-login', '__Host-sid'])
    }),
  90_000,
)

async function hasArrived(tab: Page, address: string): Promise<void> {
  await arriveAt(tab, address)
  await tab.getByText(`${ada.name}: the last three months`).waitFor()
}

async function ownCookies(context: BrowserContext): Promise<readonly string[]> {
  const names = (await context.cookies()).map(({ name }) => name)
  return names.filter((name) => name.startsWith('__Host-')).sort()
}
