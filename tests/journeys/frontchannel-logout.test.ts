/** One sign-out ends the sessions of all applications that share the registration: the provider tells us in a hidden frame. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTwoGateways, type TwoGateways } from '../http/two-gateways.ts'
import { redisMissing } from '../redis.ts'
import { startBrowser, type TestBrowser } from './browser.ts'
import { ada, arriveAt, arriveAtPicker, choose } from './steps.ts'

describe.skipIf(redisMissing())('signing out of one application', () => {
  let scene: TwoGateways
  let browser: TestBrowser
  beforeAll(async () => {
    // The provider has room for one address: that of the canteen stands for all.
    ;[scene, browser] = await Promise.all([startTwoGateways('wiki'), startBrowser()])
  })
  afterAll(async () => {
    await browser?.close()
    await scene?.close()
  })

  test('signs out of the others that share the registration, by a frame that its policy lets the provider show', () =>
    browser.visit(async ({ context, tab }) => {
      await tab.goto(`${scene.origin('payroll')}/x`)
      await choose(tab, ada)
      await arriveAt(tab, `${scene.origin('payroll')}/x`)
      const other = await context.newPage()
      await other.goto(`${scene.origin('canteen')}/x`)
      await arriveAt(other, `${scene.origin('canteen')}/x`)

      const called = context.waitForEvent('response', (response) => response.url().includes('frontchannel-logout'))
      await tab.goto(`${scene.origin('payroll')}/.auth/logout`)
      await tab.getByRole('button', { name: 'Sign out' }).click()
      expect((await called).status()).toBe(200)
      await arriveAt(tab, `${scene.origin('payroll')}/.auth/signed-out`)

      await other.goto(`${scene.origin('canteen')}/x`)
      await arriveAtPicker(other)
    }))
})
