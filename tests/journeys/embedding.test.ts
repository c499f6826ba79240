/** The application in a frame of another site: signed in there without a word where that may be, and never shown or served to others. */
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { BrowserContext, Frame, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { attack } from '../attacks/attack.ts'
import { type Stage, startStage } from '../stage.ts'
import { startBrowser, type TestBrowser } from './browser.ts'
import { arriveAt, choose, reads, signIn, uwe } from './steps.ts'

/** To a browser `127.0.0.1` and `localhost` are two sites, and both may have Secure cookies. */
let portal: string
let stranger: string
const servers: Server[] = []
let browser: TestBrowser
/** One that keeps the cookies of other sites out of frames, as private windows do. */
let strictBrowser: TestBrowser

beforeAll(async () => {
  ;[portal, stranger, browser, strictBrowser] = await Promise.all([
    startSite(),
    startSite(),
    startBrowser({ cookies: 'framed' }),
    startBrowser(),
  ])
})
afterAll(async () => {
  await browser?.close()
  await strictBrowser?.close()
  for (const server of servers) server.closeAllConnections()
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
})

/** A site whose pages show whatever address stands in their query. */
async function startSite(): Promise<string> {
  const server = createServer((request, response) => {
    const shown = new URL(request.url ?? '/', 'http://x').searchParams.get('shows') ?? 'about:blank'
    response.setHeader('content-type', 'text/html')
    response.end(
      `<!doctype html><link rel="icon" href="data:,"><title>Portal</title><iframe src="${shown}" width=900 height=700></iframe>`,
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push(server)
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function startApplication(tenant: string): Promise<Stage> {
  return startStage({ tenant }).then((stage) => {
    stage.upstream.handle((request, response) => {
      response.setHeader('content-type', 'text/html')
      const name = request.headers['x-forwarded-preferred-username'] ?? 'nobody'
      response.end(
        `<!doctype html><link rel="icon" href="data:,"><p>${request.method} by ${name}</p><form method="post" action="/save"><button>Save</button></form>`,
      )
      return true
    })
    return stage
  })
}

const showing = (site: string, address: string) => `${site}/?shows=${encodeURIComponent(address)}`

/** The frame of the page, once it has an address of this host. */
async function frameOf(tab: Page): Promise<Frame> {
  const [, frame] = tab.frames()
  assert.ok(frame !== undefined)
  return frame
}

/** Whether the browser refused to show what came. */
async function isBlocked(tab: Page): Promise<boolean> {
  await tab.waitForLoadState('networkidle')
  return (await frameOf(tab)).url().startsWith('chrome-error:')
}

async function clickAndOpen(context: BrowserContext, tab: Page, label: string): Promise<Page> {
  const opening = context.waitForEvent('page')
  await tab.frameLocator('iframe').getByRole('link', { name: label }).click()
  return await opening
}

describe('a tenant that lets a portal embed it', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await startApplication(`cookie: { sameSite: none, embeddedBy: ['${portal}'] }`)
  })
  afterAll(() => stage?.close())

  test('a person signs in once in a window, and the frame goes on by itself from then on', () =>
    browser.visit(async ({ context, tab }) => {
      await tab.goto(showing(portal, `${stage.origin}/a?x=1`))
      const frame = tab.frameLocator('iframe')
      await frame.getByRole('heading', { name: 'Please sign in' }).waitFor()
      const opened = await clickAndOpen(context, tab, 'Open the sign-in')
      await choose(opened, uwe)
      await reads(opened, 'You are signed in')
      await opened.close()
      await frame.getByRole('link', { name: 'Show this part again' }).click()
      await frame.getByText(`GET by ${uwe.username}`).waitFor()
      assert.equal((await frameOf(tab)).url(), `${stage.origin}/a?x=1`)
      // What the person does inside the frame is the application's own doing.
      await frame.getByRole('button', { name: 'Save' }).click()
      await frame.getByText(`POST by ${uwe.username}`).waitFor()
      const cookies = (await context.cookies()).filter(({ name }) => name === '__Host-sid')
      assert.deepEqual(
        cookies.map(({ sameSite, secure }) => [sameSite, secure]),
        [
          ['None', true],
          ['None', true],
        ],
      )
      assert.notEqual(cookies[0]?.value, cookies[1]?.value)
    }))

  test('whoever is known to the sign-in service already is signed in inside the frame without a word', () =>
    browser.visit(async ({ tab }) => {
      await signIn(tab, `${stage.origin}/b`, uwe)
      await tab.goto(showing(portal, `${stage.origin}/c`))
      await tab.frameLocator('iframe').getByText(`GET by ${uwe.username}`).waitFor()
    }))

  attack(
    'T52',
    'a browser that keeps the sign-in service out of frames is led to a window, and is not sent round',
    () =>
      strictBrowser.visit(async ({ context, tab }) => {
        await signIn(tab, `${stage.origin}/b`, uwe)
        const before = stage.emulator.control.requests('authorize')
        await tab.goto(showing(portal, `${stage.origin}/c`))
        await tab.frameLocator('iframe').getByRole('heading', { name: 'This opens in a window of its own' }).waitFor()
        assert.equal(stage.emulator.control.requests('authorize') - before, 1)
        const opened = await clickAndOpen(context, tab, 'Open it in a new window')
        await opened.getByText(`GET by ${uwe.username}`).waitFor()
      }),
  )

  attack('T82', 'no other site shows it, nor acts for the person', async () => {
    const methods: string[] = []
    stage.upstream.server.on('request', ({ method }) => methods.push(method ?? ''))
    await browser.visit(async ({ tab }) => {
      await signIn(tab, `${stage.origin}/b`, uwe)
      await tab.goto(`${stranger}/`)
      await tab.evaluate((action) => {
        const form = document.createElement('form')
        document.body.append(Object.assign(form, { method: 'post', action }))
        form.submit()
      }, `${stage.origin}/save`)
      await reads(tab, 'This has to be done here')
      assert.deepEqual(
        methods.filter((method) => method !== 'GET'),
        [],
      )
    })
  })

  test('the browser keeps every site but the portal from showing it', async () => {
    const complaints = await browser
      .visit(async ({ tab }) => {
        await signIn(tab, `${stage.origin}/b`, uwe)
        await tab.goto(showing(stranger, `${stage.origin}/c`))
        assert.equal(await isBlocked(tab), true)
      })
      .then(() => '', String)
    assert.match(complaints, /frame-ancestors/)
  })
})

describe('a tenant as it is by default', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await startApplication('')
  })
  afterAll(() => stage?.close())

  test('a frame of another site says so and opens the very part in a window', () =>
    browser.visit(async ({ context, tab }) => {
      await signIn(tab, `${stage.origin}/b`, uwe)
      await tab.goto(showing(portal, `${stage.origin}/c?x=1`))
      const frame = tab.frameLocator('iframe')
      await frame.getByRole('heading', { name: 'This opens in a window of its own' }).waitFor()
      assert.equal(await frame.getByRole('link', { name: 'Show this part again' }).count(), 0)
      const opened = await clickAndOpen(context, tab, 'Open it in a new window')
      await arriveAt(opened, `${stage.origin}/c?x=1`)
      await opened.getByText(`GET by ${uwe.username}`).waitFor()
    }))
})
