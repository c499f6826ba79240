import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attack } from '../attacks/attack.ts'
import { bytesOf, handshake, openWire, speak } from '../http/wire.ts'
import { startBrowser, type TestBrowser } from '../journeys/browser.ts'
import { ada, reads, signIn as signInWithBrowser } from '../journeys/steps.ts'
import { type Stage, startStage } from '../stage.ts'
import type { Daemon } from './daemon.ts'
import { tenantOf } from './page.ts'
import { cookieLine } from './signed-in.ts'
import { startTtyd, ttydMissing } from './ttyd.ts'

describe.skipIf(ttydMissing())('ttyd behind the gateway', () => {
  let ttyd: Daemon
  let stage: Stage
  let browser: TestBrowser
  const cookies = { ada: '', uwe: '' }

  beforeAll(async () => {
    ttyd = await startTtyd()
    stage = await startStage({ ...tenantOf('ttyd'), upstreamUrl: ttyd.origin })
    for (const person of ['ada', 'uwe'] as const) {
      cookies[person] = await cookieLine(stage, `${person}@contoso.example`, '/')
    }
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await stage?.close()
    await ttyd?.stop()
  })

  const shows = (tab: Page, text: string) => tab.locator('.xterm-rows').getByText(text).waitFor()
  const terminal = (origin: string) => [...handshake(origin), 'Sec-WebSocket-Protocol: tty']

  attack('T101', 'knows in a browser who is signed in, takes what is typed, and is cut off by signing out', () =>
    browser.visit(async ({ context, tab }) => {
      // Its page names a picture that ttyd does not have.
      await context.route('**/favicon.png', (route) => route.fulfill({ status: 204 }))
      const closed = tab.waitForEvent('websocket').then((socket) => socket.waitForEvent('close'))
      await signInWithBrowser(tab, `${stage.origin}/`, ada)
      await shows(tab, 'You are ada@contoso.example.')
      await tab.locator('.xterm-helper-textarea').pressSequentially('Grüße aus München\n')
      await shows(tab, 'ada@contoso.example said Grüße aus München')
      const other = await context.newPage()
      await other.goto(`${stage.origin}/.auth/logout`)
      await other.getByRole('button', { name: 'Sign out' }).click()
      await reads(other, 'You are signed out')
      await closed
      await tab.getByText('Press ⏎ to Reconnect').waitFor()
    }),
  )

  test('is open to administrators alone', async () => {
    for (const line of ['GET /', 'GET /token', 'GET /ws']) {
      expect((await speak(stage.origin, bytesOf(stage.origin, line, [cookies.uwe])))?.status, line).toBe(403)
    }
    expect((await speak(stage.origin, bytesOf(stage.origin, 'GET /token', [cookies.ada])))?.status).toBe(200)
  })

  /** What the terminal says first on a WebSocket with these header lines. */
  async function greeting(origin: string, lines: readonly string[]): Promise<string> {
    const wire = await openWire(origin)
    wire.send(bytesOf(origin, 'GET /ws', [...terminal(stage.origin), ...lines]))
    const answer = await wire.answer({ toHead: true })
    if (answer?.status !== 101) {
      wire.end()
      return String(answer?.status)
    }
    wire.send(masked('{"AuthToken":"","columns":80,"rows":24}'))
    try {
      await expect.poll(wire.rest, { timeout: 5_000 }).toContain('You are ')
      return /You are [^\r]*/.exec(wire.rest())?.[0] ?? ''
    } finally {
      wire.end()
    }
  }

  attack(['T25', 'T102'], 'never sees a forged name on a handshake', async () => {
    for (const name of ['X-Remote-User', 'x-remote-user', 'X_Remote_User', 'X-Remote_User']) {
      expect(await greeting(stage.origin, [`${name}: forged`, cookies.ada])).toBe('You are ada@contoso.example.')
    }
  })

  test('believes a forged name when it is asked past the gateway, and nobody without a name', async () => {
    const host = `Host: ${new URL(stage.origin).host}`
    expect(await greeting(ttyd.origin, [host, 'X-Remote-User: forged'])).toBe('You are forged.')
    expect((await speak(ttyd.origin, bytesOf(ttyd.origin, 'GET /')))?.status).toBe(407)
  })

  attack(['T99', 'T100'], 'is not reached without a session, nor without the role, nor from another site', async () => {
    for (const [lines, status] of [
      [terminal(stage.origin), 401],
      [[...terminal(stage.origin), 'X-Remote-User: ada@contoso.example'], 401],
      [[...terminal(stage.origin), cookies.uwe], 403],
      [[...terminal('https://evil.example'), cookies.ada], 403],
    ] as const) {
      expect((await speak(stage.origin, bytesOf(stage.origin, 'GET /ws', lines)))?.status).toBe(status)
    }
  })
})

/** A text as one masked frame (RFC 6455 section 5.2), short enough for its length to fit into seven bits. */
function masked(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from([0x82, 0x80 | bytes.length, 0, 0, 0, 0]), bytes])
}
