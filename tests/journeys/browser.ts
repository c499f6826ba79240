/** A real browser for a test file: a fresh context per story, watched for complaints, with pictures of what went wrong. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'

const pictures = fileURLToPath(new URL('../.artifacts/', import.meta.url))

const quietly = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
]

/** A person at their browser: nothing is shared with any other visit. */
export interface Visit {
  readonly context: BrowserContext
  readonly tab: Page
}

export interface TestBrowser {
  /**
   * Lives a story in a fresh context, and throws if the browser complained: script and policy errors, dialogs, failed
   * loads, requests that left this machine. That a document itself was refused is the story's business.
   */
  visit(story: (visit: Visit) => Promise<void>, options?: BrowserContextOptions): Promise<void>
  close(): Promise<void>
}

/**
 * @param options.cookies `framed`: unpartitioned cookies are sent from frames of other sites too, as many browsers do; a fresh
 *   context does not. `off`: none is kept.
 * @param options.history keeps pages alive for the back button, as a person's browser does; by default Playwright's does not.
 */
export async function startBrowser(
  options: { readonly history?: boolean; readonly cookies?: 'framed' | 'off' } = {},
): Promise<TestBrowser> {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: quietly,
    ...(options.history ? { ignoreDefaultArgs: ['--disable-back-forward-cache'] } : {}),
  })
  return {
    async visit(story, contextOptions) {
      const context =
        options.cookies !== undefined
          ? await withProfile(profiles[options.cookies])
          : await browser.newContext(contextOptions)
      context.setDefaultTimeout(15_000)
      const complaints = listen(context)
      try {
        await story({ context, tab: await context.newPage() })
        assert.deepEqual(complaints(), [])
      } catch (error) {
        await takePictures(context)
        throw error
      } finally {
        await context.close()
      }
    },
    close: () => browser.close(),
  }
}

const profiles = {
  framed: { cookie_controls_mode: 0, block_third_party_cookies: false },
  off: { default_content_setting_values: { cookies: 2 } },
} as const

/** A browser of its own, because such settings belong to a profile. */
async function withProfile(profile: object): Promise<BrowserContext> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-profile-'))
  mkdirSync(join(folder, 'Default'))
  writeFileSync(join(folder, 'Default/Preferences'), JSON.stringify({ profile }))
  // Playwright's own headless mode reads no preferences.
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: '/usr/bin/chromium',
    headless: false,
    args: ['--headless=new', ...quietly],
  })
  context.on('close', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return context
}

/** Begins to listen to everything in the context. Returns what the browser has complained about so far. */
function listen(context: BrowserContext): () => readonly string[] {
  const complaints: string[] = []
  const documents = new Set<string>()
  const failed: { readonly address: string; readonly text: string }[] = []
  context.on('response', (response) => {
    if (response.request().isNavigationRequest()) documents.add(withoutFragment(response.url()))
  })
  context.on('request', (request) => {
    if (!staysHere(request.url())) complaints.push(`left this machine: ${request.url()}`)
  })
  context.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return
    const address = message.location().url
    // The query of a sign-in fills the screen and says nothing.
    const text = `${message.text()} (${address.split('?')[0]})`
    if (message.text().startsWith('Failed to load resource')) failed.push({ address: withoutFragment(address), text })
    else complaints.push(text)
  })
  context.on('weberror', (error) => complaints.push(String(error.error())))
  context.on('dialog', (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  context.on('page', (tab) => {
    tab.on('websocket', (socket) => {
      if (!staysHere(socket.url())) complaints.push(`left this machine: ${socket.url()}`)
    })
  })
  // A document that was refused is an error to the browser; the event that tells it from an image may come later.
  return () => [...complaints, ...failed.filter(({ address }) => !documents.has(address)).map(({ text }) => text)]
}

/** Entra ends its redirects with an empty one, which the browser reports in one place and not in the other. */
function withoutFragment(address: string): string {
  return address.replace(/#.*$/, '')
}

function staysHere(address: string): boolean {
  const { protocol, hostname } = new URL(address)
  if (protocol === 'data:' || protocol === 'about:' || protocol === 'blob:') return true
  return /(^|\.)localhost$/.test(hostname) || hostname === '127.0.0.1' || hostname === '[::1]'
}

async function takePictures(context: BrowserContext): Promise<void> {
  mkdirSync(pictures, { recursive: true })
  const name = (expect.getState().currentTestName ?? 'journey').replace(/\W+/g, '-').slice(0, 100)
  for (const [index, tab] of context.pages().entries()) {
    // A tab that cannot be photographed must not hide what went wrong.
    await tab.screenshot({ path: join(pictures, `${name}-${index + 1}.png`), timeout: 5_000 }).catch(() => {})
  }
}
