/** An application that keeps its pages behind `#`: whoever signs in comes back to the very one. */
import assert from 'node:assert/strict'
import { afterAll, beforeAll, test } from 'vitest'
import { type Stage, startStage } from '../stage.ts'
import { startBrowser, type TestBrowser } from './browser.ts'
import { arriveAt, choose, reads, signIn, uwe } from './steps.ts'

let stage: Stage
let browser: TestBrowser

beforeAll(async () => {
  ;[stage, browser] = await Promise.all([startStage({ tenant: 'keepFragment: true' }), startBrowser()])
  stage.upstream.handle((_request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><link rel="icon" href="data:,"><p>here</p>')
    return true
  })
})
afterAll(async () => {
  await browser?.close()
  await stage?.close()
})

for (const address of ['/app?tab=1#/invoices/7?sort=a&b=%C3%A9', '/app#', '/app', '/app?x=%23#a#b', '/ä#ö']) {
  test(`a person comes back to ${address}`, () =>
    browser.visit(async ({ tab }) => {
      await tab.goto(stage.origin + address)
      await choose(tab, uwe)
      // An empty fragment is none.
      const expected = new URL(address.replace(/#$/, ''), stage.origin).href
      await arriveAt(tab, expected)
      await tab.goBack({ waitUntil: 'commit' })
      await tab.waitForURL((url) => url.href === expected)
    }))
}

test('whoever is signed in sees no page between', () =>
  browser.visit(async ({ context, tab }) => {
    await signIn(tab, `${stage.origin}/app`, uwe)
    const answers: number[] = []
    context.on('response', (response) => answers.push(response.status()))
    await tab.goto(`${stage.origin}/app?again#/x`)
    assert.deepEqual(answers, [200])
  }))

test('without scripts the page leads to the sign-in by a link', () =>
  browser.visit(
    async ({ tab }) => {
      await tab.goto(`${stage.origin}/app?x=1#/y`)
      await reads(tab, 'Please sign in')
      await tab.getByRole('link', { name: 'Sign in' }).click()
      await choose(tab, uwe)
      await tab.waitForURL((url) => url.pathname + url.search === '/app?x=1')
    },
    { javaScriptEnabled: false },
  ))
