/** A person whose provider is not Entra, in a real browser: in, to their pages, out through the form, and on to the provider. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApplication } from '../../src/emulator/application.ts'
import { type PlainStage, startPlainStage } from '../plain-stage.ts'
import { startBrowser, type TestBrowser } from './browser.ts'
import { arriveAt, cookieOf, reads, sessionCookie } from './steps.ts'

let browser: TestBrowser
let application: Awaited<ReturnType<typeof startApplication>>
let stage: PlainStage
beforeAll(async () => {
  ;[browser, application] = await Promise.all([startBrowser(), startApplication({ port: 0 })])
  stage = await startPlainStage({ upstreamUrl: application.origin })
})
afterAll(async () => {
  await stage?.close()
  await application?.close()
  await browser?.close()
})

test('a person signs in at a plain provider, works, and signs out of both', () =>
  browser.visit(async ({ context, tab }) => {
    await tab.goto(`${stage.origin}/payslips`)
    await reads(tab, 'Sign in to Example')
    await tab.getByLabel('Name').fill('auth0|anna')
    await tab.getByRole('button', { name: 'Sign in' }).click()
    await arriveAt(tab, `${stage.origin}/payslips`)
    await tab.getByText('Anna Ångström').first().waitFor()

    // An address typed in: the form's policy must let it go on to the provider.
    await tab.goto(`${stage.origin}/.auth/logout`)
    await reads(tab, 'Do you want to sign out?')
    await tab.getByRole('button', { name: 'Sign out' }).click()
    await reads(tab, 'Do you want to sign out of Example?')
    expect(await cookieOf(context, sessionCookie)).toBeNull()
    await tab.getByRole('button', { name: 'Yes, sign me out' }).click()
    await arriveAt(tab, `${stage.origin}/.auth/signed-out`)
    await reads(tab, 'Your session here has ended')

    await tab.getByRole('link', { name: 'Sign in again' }).click()
    await reads(tab, 'Sign in to Example')
  }))
