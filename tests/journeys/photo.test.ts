/** An application that shows who is signed in: a photo, or initials, and never those of the person before. */
import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, test } from 'vitest'
import { type Stage, startStage } from '../stage.ts'
import { startBrowser, type TestBrowser } from './browser.ts'
import { ada, signIn, uwe } from './steps.ts'

let stage: Stage
let browser: TestBrowser

beforeAll(async () => {
  ;[stage, browser] = await Promise.all([startStage({ tenant: 'photo: true' }), startBrowser()])
  stage.upstream.handle((_request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><link rel="icon" href="data:,"><img alt="you" src="/.auth/me/photo?size=48">')
    return true
  })
})
afterAll(async () => {
  await browser?.close()
  await stage?.close()
})

/** How wide the picture is on its own; it is broken where it has no width. */
async function widthOf(tab: Page): Promise<number> {
  return await tab.getByAltText('you').evaluate(async (image) => {
    const picture = image as unknown as { decode(): Promise<void>; readonly naturalWidth: number }
    await picture.decode()
    return picture.naturalWidth
  })
}

/** A JPEG of 77 pixels, as base64. */
async function draw(tab: Page): Promise<string> {
  const address: string = await tab.evaluate(`(() => {
    const canvas = document.createElement('canvas')
    canvas.width = canvas.height = 77
    return canvas.toDataURL('image/jpeg')
  })()`)
  return address.replace(/^[^,]*,/, '')
}

test('people see their photo, or their initials, also after somebody else in the same browser', () =>
  browser.visit(async ({ context, tab }) => {
    stage.emulator.control.changePerson(ada.username, { photo: await draw(tab) })
    await signIn(tab, `${stage.origin}/`, ada)
    assert.equal(await widthOf(tab), 77)
    await context.clearCookies()
    await signIn(tab, `${stage.origin}/`, uwe)
    assert.equal(await widthOf(tab), 48)
    // Each by itself in a window, under its own policy.
    const answer = await tab.goto(`${stage.origin}/.auth/me/photo`)
    assert.equal(answer?.headers()['content-type'], 'image/svg+xml')
    assert.equal(await tab.locator('text').textContent(), 'UM')
  }))
