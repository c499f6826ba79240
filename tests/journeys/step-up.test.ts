/** A person who has signed in, and meets pages that need more than that. */
import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, test } from 'vitest'
import { startApplication } from '../../src/emulator/application.ts'
import { type Stage, startStage } from '../stage.ts'
import { startBrowser, type TestBrowser } from './browser.ts'
import { arriveAt, cookieOf, reads, sessionCookie, signIn, uwe } from './steps.ts'

let application: Awaited<ReturnType<typeof startApplication>>
let stage: Stage
let browser: TestBrowser

beforeAll(async () => {
  application = await startApplication({ port: 0 })
  stage = await startStage({
    upstreamUrl: application.origin,
    provider: () => '\n    authContexts: { approved: c1 }',
    routes: `- { path: /payslips, access: signed-in, authContext: approved }
- { path: /form, access: signed-in, methods: [GET] }
- { path: /form, access: signed-in, methods: [POST], authContext: approved }
- { path: /, access: signed-in }`,
  })
  browser = await startBrowser()
})

afterAll(async () => {
  await browser?.close()
  await stage?.close()
  await application?.close()
})

const at = (path: string) => `${stage.origin}${path}`

async function approve(tab: Page): Promise<void> {
  await reads(tab, 'Approve the sign-in')
  await tab.getByRole('button', { name: 'Approve' }).click()
}

test('a page that needs a second factor asks for it once, and opens where the person wanted to go', () =>
  browser.visit(async ({ context, tab }) => {
    await signIn(tab, at('/'), uwe)
    const before = await cookieOf(context, sessionCookie)
    await tab.goto(at('/payslips?year=2024&q=%20a'))
    await approve(tab)
    await arriveAt(tab, at('/payslips?year=2024&q=%20a'))
    assert.notEqual((await cookieOf(context, sessionCookie))?.value, before?.value)
    await tab.reload()
    await arriveAt(tab, at('/payslips?year=2024&q=%20a'))
  }))

test('a form that needs it is kept meanwhile, and then sent', () =>
  browser.visit(async ({ tab }) => {
    await signIn(tab, at('/form'), uwe)
    await tab.getByLabel('Subject').fill('Bank account')
    await tab.getByLabel('Message').fill('A new one')
    await tab.getByRole('button', { name: 'Send' }).click()
    await approve(tab)
    await reads(tab, 'Do you want to send what you typed?')
    await tab.getByRole('button', { name: 'Send it now' }).click()
    await arriveAt(tab, at('/form'))
    assert.equal(await tab.locator('#sent-message').innerText(), 'A new one')
  }))

test('whoever does not approve stays signed in, and is told what happened', () =>
  browser.visit(async ({ tab }) => {
    await signIn(tab, at('/'), uwe)
    await tab.goto(at('/payslips'))
    await reads(tab, 'Approve the sign-in')
    await tab.getByRole('button', { name: 'Cancel' }).click()
    await reads(tab, 'You did not sign in')
    await tab.goto(at('/'))
    await arriveAt(tab, at('/'))
    await reads(tab, `Welcome, ${uwe.name}`)
  }))
