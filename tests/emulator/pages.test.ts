/** The pages in a real browser: without JavaScript, by keyboard, on a phone. */
import { createServer } from 'node:http'
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

test('passwordPage and stayPage are answered by keyboard alone, on a phone', async () => {
  const own = await startEmulator({
    people: [{ username: 'pia@contoso.example', name: 'Pia', password: 'swordfish' }],
    application: { asksToStay: true },
  })
  const redirect_uri = `${application.origin}/.auth/callback`
  await tab.goto(authorizeUrl(own.origin, { login_hint: 'pia@contoso.example', redirect_uri }))
  const type = async (password: string) => {
    await tab.locator('input[name=password]:focus').waitFor()
    await tab.keyboard.type(password)
    await tab.keyboard.press('Enter')
  }
  await tab.locator('button:focus').waitFor()
  await tab.keyboard.press('Enter')
  await type('wrong')
  await tab.getByRole('alert').getByText('AADSTS50126').waitFor()
  expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
  await type('swordfish')
  await tab.getByRole('heading', { name: 'Stay signed in?' }).waitFor()
  await tab.getByRole('button', { name: 'Yes' }).focus()
  await Promise.all([tab.waitForURL(`${application.origin}/.auth/callback?code=*`), tab.keyboard.press('Enter')])
  await own.close()
})

test('frontChannelPage calls the application in a frame, and then goes back', async () => {
  const called: string[] = []
  const listener = createServer((request, response) => {
    called.push(request.url ?? '')
    response.end('signed out')
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  const port = typeof address === 'object' ? address?.port : 0
  emulator.control.changeApplication({ logoutUrl: `http://localhost:${port}/gone` })
  const page = await browser.newPage()
  await page.goto(signInUrl())
  await page.getByRole('button', { name: /Nora/ }).click()
  await page.waitForURL(/callback/)
  const back = `${application.origin}/.auth/signed-out`
  await page.goto(`${emulator.origin}/${directoryId}/oauth2/v2.0/logout?post_logout_redirect_uri=${back}`)
  await page.waitForURL(back)
  expect(called).toEqual([expect.stringMatching(/^\/gone\?sid=[0-9a-f-]{36}$/)])
  emulator.control.changeApplication({ logoutUrl: null })
  await page.close()
  listener.closeAllConnections()
  listener.close()
})

test('formPostPage posts the answer to the application', async () => {
  const page = await browser.newPage()
  const posted = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/callback'))
  await page.goto(signInUrl({ response_mode: 'form_post' }))
  await page.getByRole('button', { name: /Nora/ }).click()
  const sent = new URLSearchParams((await posted).postData() ?? '')
  expect([...sent.keys()]).toEqual(['code', 'state', 'session_state'])
  await page.close()
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
