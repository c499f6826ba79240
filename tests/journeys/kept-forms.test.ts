/** A person who has written for an hour, and whose session ended meanwhile: nothing of it is lost, and nothing sent twice. */
import assert from 'node:assert/strict'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, test } from 'vitest'
import { type Stage, startStage } from '../stage.ts'
import { startBrowser, type TestBrowser } from './browser.ts'
import { arriveAt, choose, reads, sessionCookie, signIn, uwe } from './steps.ts'

let stage: Stage
let browser: TestBrowser
/** What reached the application by POST, as Latin-1. */
let arrived: string[] = []

/** A careful application: its forms may lead nowhere but to itself. */
const policy = "default-src 'none'; form-action 'self'; img-src data:"
const page = `<!doctype html><title>Write</title><link rel="icon" href="data:,"><h1>Write</h1>
<form method="post" action="/save?draft=%2F7" enctype="multipart/form-data">
<label>Note <textarea name="note"></textarea></label><label>File <input type="file" name="file"></label>
<button>Send</button></form>
<form method="post" action="/pay"><button>Pay</button></form>`

beforeAll(async () => {
  ;[stage, browser] = await Promise.all([
    startStage({
      provider: () => '\n    authContexts: { approved: c1 }',
      routes: `- { path: /pay, access: signed-in, authContext: approved }
- { path: /, access: signed-in }`,
    }),
    startBrowser({ history: true }),
  ])
  stage.upstream.handle((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      response.setHeader('content-type', 'text/html; charset=utf-8')
      response.setHeader('content-security-policy', policy)
      if (request.method !== 'POST') return void response.end(request.url === '/write' ? page : '<h1>Done</h1>')
      arrived.push(`${request.url}\n${Buffer.concat(chunks).toString('latin1')}`)
      response.writeHead(303, { location: '/done' }).end()
    })
    return true
  })
})
afterAll(async () => {
  await browser?.close()
  await stage?.close()
})
beforeEach(() => {
  arrived = []
})

const at = (path: string) => stage.origin + path
const note = 'Zoë schreibt: „äöü“ 山田 <script>alert(1)</script>\r\n'.repeat(1_000)
const file = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 31) % 256))

async function write(tab: Page, bytes: Buffer = file): Promise<void> {
  await signIn(tab, at('/write'), uwe)
  await tab.getByLabel('Note').fill(note)
  await tab.getByLabel('File').setInputFiles({ name: 'bytes.bin', mimeType: 'application/x-bytes', buffer: bytes })
}

/** As if it had run out; the provider forgets the person too. */
async function endSession(context: BrowserContext): Promise<void> {
  await context.clearCookies()
}

const question = 'Do you want to send what you typed?'
const occurrences = (text: string, part: string) => text.split(part).length - 1

test('a long form survives the end of the session, with its file, and arrives once', () =>
  browser.visit(async ({ context, tab }) => {
    await write(tab)
    await endSession(context)
    await tab.getByRole('button', { name: 'Send' }).click()
    await choose(tab, uwe)
    await reads(tab, question)
    assert.deepEqual(arrived, [])
    assert.match(await tab.locator('main').innerText(), /You are signed in as\s+Uwe Müller/)
    await tab.getByRole('button', { name: 'Send it now' }).click()
    await arriveAt(tab, at('/done'))
    assert.equal(arrived.length, 1)
    const [body = ''] = arrived
    assert.ok(body.startsWith('/save?draft=%2F7\n'))
    assert.ok(body.includes(file.toString('latin1')))
    assert.equal(occurrences(body, Buffer.from('山田').toString('latin1')), 1_000)
    // Back, where the browser may show the page from its memory, and once more.
    await tab.goBack({ waitUntil: 'commit' })
    await tab.reload()
    await reads(tab, 'This has been sent already')
    assert.equal(arrived.length, 1)
  }))

test('a form that needs a second factor waits for it', () =>
  browser.visit(async ({ tab }) => {
    await signIn(tab, at('/write'), uwe)
    await tab.getByRole('button', { name: 'Pay' }).click()
    await reads(tab, 'Approve the sign-in')
    await tab.getByRole('button', { name: 'Approve' }).click()
    await reads(tab, question)
    await tab.getByRole('button', { name: 'Send it now' }).click()
    await arriveAt(tab, at('/done'))
    assert.deepEqual(arrived, ['/pay\n'])
  }))

test('whoever did not type it discards it, and nothing is sent', () =>
  browser.visit(async ({ context, tab }) => {
    await write(tab)
    await endSession(context)
    await tab.getByRole('button', { name: 'Send' }).click()
    await choose(tab, uwe)
    await reads(tab, question)
    const { href } = new URL(tab.url())
    await tab.getByRole('button', { name: 'Discard it' }).click()
    await arriveAt(tab, at('/'))
    await tab.goto(href)
    await reads(tab, 'What you typed is not here any more')
    assert.deepEqual(arrived, [])
  }))

test('a form that is too large is not lost: a sign-in beside it, one page back, and it is sent', () =>
  browser.visit(async ({ context, tab }) => {
    const large = Buffer.alloc(5 * 1_024 * 1_024, 'large')
    await write(tab, large)
    await context.clearCookies({ name: sessionCookie })
    await tab.getByRole('button', { name: 'Send' }).click()
    await reads(tab, 'Nothing was sent yet')
    assert.deepEqual(arrived, [])
    const [beside] = await Promise.all([
      context.waitForEvent('page'),
      tab.getByRole('link', { name: 'Sign in in a new window' }).click(),
    ])
    await reads(beside, 'You are signed in')
    await beside.close()
    await tab.goBack({ waitUntil: 'commit' })
    await reads(tab, 'Write')
    assert.equal(await tab.getByLabel('Note').inputValue(), note.replaceAll('\r\n', '\n'))
    await tab.getByRole('button', { name: 'Send' }).click()
    await arriveAt(tab, at('/done'))
    assert.equal(arrived.length, 1)
    assert.ok(arrived.join().includes(large.toString('latin1')))
  }))
