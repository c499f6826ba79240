/** Somebody who was refused on a page of the sign-in service looks up what its code means: by hand, on a phone, without script. */
import assert from 'node:assert/strict'
import { afterAll, beforeAll, test } from 'vitest'
import { type Stage, startStage } from '../stage.ts'
import { startBrowser, type TestBrowser } from './browser.ts'

let stage: Stage
let browser: TestBrowser

beforeAll(async () => {
  ;[stage, browser] = await Promise.all([startStage(), startBrowser()])
})

afterAll(async () => {
  await browser?.close()
  await stage?.close()
})

for (const colorScheme of ['light', 'dark'] as const) {
  test(`a code of Microsoft’s own page is found from the page of a cancelled sign-in (${colorScheme})`, () =>
    browser.visit(
      async ({ tab }) => {
        await tab.goto(`${stage.origin}/reports`)
        await tab.getByRole('button', { name: 'Cancel' }).click()
        await tab.getByRole('heading', { name: 'You did not sign in' }).waitFor()
        await tab.getByRole('link', { name: 'Look up an error code' }).click()
        await tab.getByLabel('Error code').fill('what?')
        await tab.getByRole('button', { name: 'Explain' }).click()
        await tab.getByRole('heading', { name: 'There is no error code in this' }).waitFor()
        assert.equal(await tab.getByLabel('Error code').inputValue(), '')
        await tab.getByLabel('Error code').fill('aadsts50105')
        await tab.keyboard.press('Enter')
        await tab.getByRole('heading', { name: 'AADSTS50105: You are not assigned to this application' }).waitFor()
        assert.equal(new URL(tab.url()).pathname, '/.auth/help/50105')
        await tab.getByText('send nobody back').waitFor()
        await tab.getByText('An administrator of the directory', { exact: true }).waitFor()
        await tab.getByRole('link', { name: 'Sign in with another account' }).click()
        await tab.getByRole('heading', { name: 'Choose an account' }).waitFor()
      },
      { javaScriptEnabled: false, colorScheme, viewport: { width: 320, height: 640 } },
    ))
}
