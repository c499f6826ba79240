/** The session as a browser keeps it: one cookie, which nothing disturbs but a new sign-in; and what a frame shows without it. */
import assert from 'node:assert/strict'
import type { Cookie, Page } from 'playwright-core'
import { afterAll, beforeAll, test } from 'vitest'
import { startBrowser, type TestBrowser } from './browser.ts'
import { type Demo, startDemo } from './demo.ts'
import { ada, arriveAt, choose, cookieOf, logOut, reads, sessionCookie, signIn, uwe } from './steps.ts'

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

test('the session is one small cookie that no script and no other host or path sees', () =>
  browser.visit(async ({ context, tab }) => {
    await signIn(tab, at('/payslips'), ada)
    const cookie = await cookieOf(context, sessionCookie)
    assert.ok(cookie !== null)
    const { name, value, ...attributes } = cookie
    const expected = { domain: 'localhost', path: '/', expires: -1, httpOnly: true, secure: true, sameSite: 'Lax' }
    assert.deepEqual(attributes, expected)
    assert.ok(name.length + 1 + value.length <= 100, `${name.length + 1 + value.length} bytes`)
    assert.doesNotMatch(await tab.evaluate(() => document.cookie), /__Host/)
  }))

test('a new sign-in, of the same person or another, has a new cookie, and the old one ends (T42, T50)', () =>
  browser.visit(async ({ context, tab }) => {
    await signIn(tab, at('/payslips'), ada)
    const first = await sessionIn()
    await tab.goto(at('/.auth/login?prompt=select_account&return_to=/form'))
    await choose(tab, ada)
    await arriveAt(tab, at('/form'))
    const second = await sessionIn()
    await tab.goto(at('/.auth/login?prompt=select_account&return_to=/form'))
    await choose(tab, uwe)
    await arriveAt(tab, at('/form'))
    const third = await sessionIn()
    assert.equal(new Set([first.value, second.value, third.value]).size, 3)
    for (const ended of [first, second]) {
      await context.addCookies([ended])
      assert.equal((await context.request.get(at('/payslips'), { maxRedirects: 0 })).status(), 401)
    }
    await context.addCookies([third])
    assert.equal((await context.request.get(at('/payslips'), { maxRedirects: 0 })).status(), 200)

    async function sessionIn(): Promise<Cookie> {
      const cookie = await cookieOf(context, sessionCookie)
      assert.ok(cookie !== null)
      return cookie
    }
  }))

test('reloading, HEAD and prefetching change nothing in a session', () =>
  browser.visit(async ({ context, tab }) => {
    await signIn(tab, at('/payslips'), ada)
    const before = await context.cookies()
    await tab.reload()
    assert.equal(await tab.evaluate(async () => (await fetch('/form', { method: 'HEAD' })).status), 200)
    assert.equal(await prefetch(tab, '/form?prefetched'), 200)
    await tab.goto(at('/.auth/login?return_to=/payslips'))
    await arriveAt(tab, at('/payslips'))
    assert.deepEqual(await context.cookies(), before)
  }))

test('prefetching without a session begins no sign-in (T53)', () =>
  browser.visit(async ({ context, tab }) => {
    await signIn(tab, at('/payslips'), ada)
    await context.clearCookies()
    assert.equal(await prefetch(tab, '/payslips'), 401)
    assert.deepEqual(await context.cookies(), [])
  }))

/** Lets the page prefetch the path. @returns the status of the answer. */
async function prefetch(tab: Page, path: string): Promise<number> {
  const answered = tab.context().waitForEvent('response', (response) => response.url() === at(path))
  await tab.evaluate((href) => {
    const link = document.createElement('link')
    document.head.append(Object.assign(link, { rel: 'prefetch', href }))
  }, path)
  return (await answered).status()
}

test('a part of a page that has lost its session opens the sign-in in a window, and can then be shown again', () =>
  browser.visit(async ({ context, tab }) => {
    await signIn(tab, at('/chat'), ada)
    await context.clearCookies({ name: sessionCookie })
    await tab.evaluate(() => {
      const frame = document.createElement('iframe')
      document.body.append(Object.assign(frame, { src: '/payslips', width: 700, height: 500 }))
    })
    const frame = tab.frameLocator('iframe')
    await frame.getByRole('heading', { name: 'Please sign in' }).waitFor()
    const opening = context.waitForEvent('page')
    await frame.getByRole('link', { name: 'Open the sign-in' }).click()
    const opened = await opening
    await arriveAt(opened, at('/chat'))
    assert.equal(await opened.evaluate(() => window.opener === null), true)
    await frame.getByRole('link', { name: 'Show this part again' }).click()
    await frame.getByText(`${ada.name}: the last three months`).waitFor()
  }))

test('nobody who goes to the sign-in by a bookmark loses a session or sees an error', () =>
  browser.visit(async ({ tab }) => {
    await signIn(tab, at('/payslips'), ada)
    await tab.goto(at('/.auth/login'))
    await reads(tab, `Welcome, ${ada.name}`)
    await tab.goto(at('/.auth/callback?code=x&state=y'))
    await reads(tab, `Welcome, ${ada.name}`)
    await logOut(tab, demo.origin)
    await tab.goto(at('/.auth/callback?code=x&state=y'))
    await reads(tab, 'This sign-in cannot be finished')
    await tab.getByRole('link', { name: 'Sign in' }).click()
    await choose(tab, uwe)
    await arriveAt(tab, at('/'))
  }))
