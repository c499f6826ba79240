/** An application with two ways to sign in, as a person meets it: with the mouse, the keyboard, and an e-mail address. */
import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, test } from 'vitest'
import { startApplication } from '../../src/emulator/application.ts'
import { personas } from '../../src/emulator/people.ts'
import { type Stage, startStage } from '../stage.ts'
import { startBrowser, type TestBrowser } from './browser.ts'
import { arriveAt, choose, logOut, reads, uwe } from './steps.ts'

const felix = { name: 'Felix Foreign', username: 'felix@fabrikam.example' }
const fabrikam = 'd94e1c37-6a5b-4f02-8e71-b3c0a9d85f16'

let application: Awaited<ReturnType<typeof startApplication>>
let stage: Stage
let browser: TestBrowser

beforeAll(async () => {
  application = await startApplication({ port: 0 })
  stage = await startStage({
    people: personas,
    application: { audience: 'organizations' },
    upstreamUrl: application.origin,
    directory:
      'tenantId: 0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30\nlabel: Sign in as staff\nemailDomains: [contoso.example]',
    providers: '[contoso, partners]',
    provider: ({ authority }) => `
  - name: partners
    label: Sign in as a partner
    tenantId: ${fabrikam}
    clientId: 6d1f0c52-3b7e-4a98-8c15-f0e2d4b6a791
    credential: { secret: pretend-secret-for-the-demo-only }
    authority: ${authority}
    emailDomains: [fabrikam.example]`,
    tenant: 'noRole: allow',
    routes: '- { path: /, access: signed-in }',
  })
  browser = await startBrowser()
})

afterAll(async () => {
  await browser?.close()
  await stage?.close()
  await application?.close()
})

const at = (path: string) => `${stage.origin}${path}`

async function openChoice(tab: Page, path: string): Promise<void> {
  await tab.goto(at(path))
  await reads(tab, 'How do you want to sign in?')
}

test('a person chooses once, and is led there at once from then on', () =>
  browser.visit(async ({ tab }) => {
    await openChoice(tab, '/payslips?year=2024&q=%20a')
    await tab.getByRole('link', { name: 'Sign in as a partner' }).click()
    await choose(tab, felix)
    await arriveAt(tab, at('/payslips?year=2024&q=%20a'))
    await logOut(tab, stage.origin)
    await tab.getByRole('link', { name: 'Sign in again' }).click()
    // Whoever comes next may want the other way.
    await reads(tab, 'How do you want to sign in?')
  }))

test('a person who states an e-mail address is led to the right provider, by the keyboard alone', () =>
  browser.visit(async ({ tab }) => {
    await openChoice(tab, '/form')
    for (const name of ['Sign in as staff', 'Sign in as a partner']) {
      await tab.keyboard.press('Tab')
      assert.match((await tab.locator(':focus').innerText()).trim(), new RegExp(`${name}$`))
    }
    await tab.keyboard.press('Tab')
    await tab.keyboard.type('somebody@nowhere.example')
    await tab.keyboard.press('Enter')
    await reads(tab, 'That e-mail address is not known here')
    await tab.getByLabel('Or state your e-mail address').fill(uwe.username)
    // The policy of the page must let the form be answered by a redirect to the provider.
    await tab.keyboard.press('Enter')
    await tab.waitForURL((url) => url.origin === stage.emulator.origin)
  }))
