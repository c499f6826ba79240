/** The provider does not answer, and somebody has to get in: the whole way, in a browser. */
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, test } from 'vitest'
import { type GlassScene, password, startGlass } from '../http/glass-scene.ts'
import { until } from '../redis.ts'
import { startBrowser, type TestBrowser } from './browser.ts'

const pictures = fileURLToPath(new URL('../.artifacts/break-glass/', import.meta.url))
const page = (text: string) => `<!doctype html><link rel="icon" href="data:,"><title>Old application</title><h1>${text}`
let scene: GlassScene
let browser: TestBrowser

beforeAll(async () => {
  ;[scene, browser] = await Promise.all([startGlass(), startBrowser()])
  mkdirSync(pictures, { recursive: true })
  scene.upstream.handle((request, response) => {
    response.setHeader('content-type', 'text/html')
    // Old applications send people about, also to other hosts: no policy of ours may get in the way of that.
    if (request.url === '/admin?of=2026') {
      response.writeHead(302, { location: `${scene.upstream.origin}/elsewhere` }).end()
    } else if (request.url === '/elsewhere') response.end(page('Elsewhere'))
    else response.end(page(`Hello ${request.headers['x-forwarded-user']}`))
    return true
  })
  await until('the provider is known', async () => (await fetch(`${scene.gateway.origin}/`)).status !== 500)
  await scene.stopProvider()
  await until('it opens', () => {
    scene.gateway.forward(60)
    return scene.logged('break_glass_opened').length > 0
  })
})
afterAll(async () => {
  await browser?.close()
  await scene?.close()
})

async function typeIn(tab: Page, name: string, typed: string): Promise<void> {
  await tab.getByLabel('Name of the emergency account').fill(name)
  await tab.getByLabel('Password').fill(typed)
  await tab.getByRole('button', { name: 'Sign in' }).click()
}

const looks: readonly (readonly [string, BrowserContextOptions])[] = [
  ['light', { colorScheme: 'light', viewport: { width: 1000, height: 800 } }],
  ['dark', { colorScheme: 'dark', viewport: { width: 1000, height: 800 } }],
  ['phone', { colorScheme: 'light', viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }],
]

for (const [look, options] of looks) {
  test(`people with an emergency account get in while the provider is away, and out again (${look})`, () =>
    browser.visit(async ({ tab }) => {
      const picture = (name: string) => tab.screenshot({ path: `${pictures}${look}-${name}.png`, fullPage: true })
      await tab.goto(`${scene.origin}/admin`)
      await picture('1-outage')
      await tab.getByRole('link', { name: 'Emergency sign-in' }).click()
      await tab.getByRole('heading', { name: 'Emergency sign-in' }).waitFor()
      assert.equal(new URL(tab.url()).origin, scene.console)
      await picture('2-form')
      assert.equal(await tab.locator(':focus').getAttribute('name'), 'name')
      await typeIn(tab, 'anna', 'not the right password')
      await tab.getByRole('alert').waitFor()
      await picture('3-wrong')
      await typeIn(tab, 'Anna', password)
      await tab.getByRole('heading', { name: 'Hello break-glass:anna' }).waitFor()
      assert.equal(tab.url(), `${scene.origin}/admin`)
      await tab.goto(`${scene.origin}/.auth/explain?path=/admin`)
      await picture('4-explained')
      await tab.goto(`${scene.origin}/.auth/logout`)
      await tab.getByRole('button', { name: 'Sign out' }).click()
      await tab.getByRole('heading', { name: 'You are signed out' }).waitFor()
      await picture('5-out')
      await tab.goto(`${scene.origin}/admin`)
      await tab.getByRole('link', { name: 'Emergency sign-in' }).waitFor()
    }, options))
}

test('people come back to a page that sends them on to another host', () =>
  browser.visit(async ({ tab }) => {
    await tab.goto(`${scene.origin}/admin?of=2026`)
    await tab.getByRole('link', { name: 'Emergency sign-in' }).click()
    await typeIn(tab, 'anna', password)
    await tab.getByRole('heading', { name: 'Elsewhere' }).waitFor()
    await tab.goto(`${scene.origin}/admin`)
    await tab.getByRole('heading', { name: 'Hello break-glass:anna' }).waitFor()
  }))
