/** The pages in a real browser: without JavaScript, by keyboard, on a phone. */
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApplication } from '../../src/emulator/application.ts'
import { directoryId } from '../../src/emulator/directory.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { authorizeUrl } from './client.ts'

let emulator: Emulator
let application: Awaited<ReturnType<typeof startApplication>>
let browser: Browser
let tab: Page
beforeAll(async () => {
  emulator = await startEmulator()
  application = await startApplication()
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
  const phone = { viewport: { width: 390, height: 844 }, javaScriptEnabled: false }
  tab = await (await browser.newContext(phone)).newPage()
})
afterAll(() => Promise.all([emulator.close(), application.close(), browser.close()]))

/** An address of the application, so that there is somebody to come back to. */
const signInUrl = (changes: Record<string, string> = {}) =>
  authorizeUrl(emulator.origin, { redirect_uri: `${application.origin}/.auth/callback`, ...changes })

test('pickerPage signs in by keyboard alone, without JavaScript', async () => {
  await tab.goto(signInUrl())
  await tab.keyboard.press('Tab')
  await tab.keyboard.press('Tab')
  expect(await tab.locator(':focus strong').textContent()).toBe('Uwe Müller')
  await Promise.all([tab.waitForURL(`${application.origin}/.auth/callback?code=*`), tab.keyboard.press('Enter')])
  const cookies = await tab.context().cookies()
  expect([...new Set(cookies.map(({ name }) => name))]).toEqual(['pretend-sign-in'])
  expect(cookies.map(({ path }) => path)).toContain(`/${directoryId}`)
  expect(cookies.map(({ path }) => path)).not.toContain('/')
})

test('pickerPage gives the suggested person the focus', async () => {
  await tab.goto(signInUrl({ prompt: 'login', login_hint: 'nora@contoso.example' }))
  expect(await tab.locator(':focus strong').textContent()).toBe('Nora Nobody')
})

test('every page fits a phone, and says that it is not Microsoft', async () => {
  for (const url of [
    signInUrl({ prompt: 'login' }),
    signInUrl({ prompt: 'consent' }),
    signInUrl({ redirect_uri: `https://${'x'.repeat(150)}.example/` }),
    `${emulator.origin}/`,
    `${emulator.origin}/error?code=50011`,
    `${emulator.origin}/${directoryId}/oauth2/v2.0/logout`,
  ]) {
    await tab.goto(url)
    expect(await tab.locator('.banner').textContent()).toContain('This is not Microsoft')
    const width = await tab.evaluate(() => document.documentElement.scrollWidth)
    expect([url, width]).toEqual([url, 390])
  }
})

test('chatPage talks over its WebSocket', async () => {
  const page = await browser.newPage()
  await page.goto(`${application.origin}/chat`)
  await page.getByText('You are connected as a stranger.').waitFor()
  await page.getByLabel('Say something').fill('grüß dich')
  await page.getByRole('button', { name: 'Say' }).click()
  await page.getByText('a stranger: grüß dich').waitFor()
  await page.close()
})
