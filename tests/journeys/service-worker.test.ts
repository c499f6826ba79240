/** What a browser lets an application’s service worker have of the origin that it shares with us. */
import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { attack } from '../attacks/attack.ts'
import { type Stage, startStage } from '../stage.ts'
import { startBrowser, type TestBrowser } from './browser.ts'

let stage: Stage
let browser: TestBrowser
beforeAll(async () => {
  ;[stage, browser] = await Promise.all([
    startStage({ routes: '- { path: /app, access: public }\n- { path: /, access: signed-in }' }),
    startBrowser(),
  ])
  stage.upstream.handle((request, response) => {
    const isScript = request.url?.endsWith('.js') === true
    response.writeHead(200, {
      'Content-Type': isScript ? 'text/javascript' : 'text/html',
      ...(isScript ? { 'Service-Worker-Allowed': request.url === '/app/own.js' ? '/app' : '/' } : {}),
    })
    response.end(isScript ? '' : '<!doctype html><link rel="icon" href="data:,"><title>Application</title>')
    return true
  })
})
afterAll(async () => {
  await browser?.close()
  await stage?.close()
})

/** @returns the path of the scope, or the name of the error. */
async function register(tab: Page, script: string, scope: string | undefined): Promise<string> {
  return await tab.evaluate(
    async ([address, within]) => {
      try {
        const options = within === undefined ? {} : { scope: within }
        const { scope } = await navigator.serviceWorker.register(String(address), options)
        return new URL(scope).pathname
      } catch (error) {
        return (error as Error).name
      }
    },
    [script, scope],
  )
}

attack('T118', 'has a service worker for its own part of the origin, and none for our addresses', async () => {
  const found: string[] = []
  const story = browser.visit(async ({ tab }) => {
    await tab.goto(`${stage.origin}/app/page`)
    for (const [script, scope] of [
      ['/app/worker.js', undefined],
      ['/app/own.js', '/app'],
      ['/app/worker.js', '/'],
      ['/app/worker.js', '/.auth/'],
    ] as const) {
      found.push(await register(tab, script, scope))
    }
  })
  // The browser complains of the two that it refused.
  await assert.rejects(story, (error: { readonly actual?: unknown }) => /max scope allowed/.test(String(error.actual)))
  assert.deepEqual(found, ['/app/', '/app', 'SecurityError', 'SecurityError'])
})
