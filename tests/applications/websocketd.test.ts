import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { attack } from '../attacks/attack.ts'
import { hostileNames } from '../corpus/headers.ts'
import { bytesOf, handshake, speak } from '../http/wire.ts'
import { startBrowser, type TestBrowser } from '../journeys/browser.ts'
import { reads, signIn as signInWithBrowser, uwe } from '../journeys/steps.ts'
import { until } from '../redis.ts'
import { type Stage, startStage } from '../stage.ts'
import { type Daemon, programMissing } from './daemon.ts'
import { tenantOf } from './page.ts'
import { cookieLine } from './signed-in.ts'
import { programs, startWebsocketd, websocketdPath } from './websocketd.ts'

describe.skipIf(programMissing(websocketdPath, 'websocketd'))('websocketd behind the gateway', () => {
  let application: Daemon
  let stage: Stage
  let browser: TestBrowser
  let cookie: string

  beforeAll(async () => {
    application = await startWebsocketd()
    stage = await startStage({ ...tenantOf('websocketd'), routes, upstreamUrl: application.origin })
    cookie = (await cookieLine(stage, uwe.username, '/')).slice('Cookie: '.length)
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await stage?.close()
    await application?.stop()
  })

  /** The first three lines that the program says to a WebSocket with these headers. */
  function firstLines(origin: string, headers: Record<string, string>): Promise<readonly string[]> {
    const socket = new WebSocket(origin.replace('http', 'ws'), { headers, origin: stage.origin })
    const lines: string[] = []
    return new Promise((resolve, reject) => {
      socket.on('error', reject)
      socket.on('message', (data) => {
        lines.push(String(data))
        if (lines.length < 3) return
        socket.close()
        resolve(lines)
      })
    })
  }

  async function say(tab: Page, words: string, answer: string): Promise<void> {
    await tab.locator('.send-input').fill(words)
    await tab.locator('.send-input').press('Enter')
    await tab.getByText(answer, { exact: true }).waitFor()
  }

  attack('T101', 'knows in a browser who is signed in, hears what is typed, and is cut off by signing out', () =>
    browser.visit(async ({ context, tab }) => {
      await signInWithBrowser(tab, `${stage.origin}/`, uwe)
      await tab.locator('button.connect').click()
      await tab.getByText('You are uwe@contoso.example.').waitFor()
      await say(tab, 'Grüße, 山田', 'uwe@contoso.example: Grüße, 山田')
      const [ended, closed] = [programs('ended', application), tab.locator('.type-onclose:not(.template)')]
      expect(await closed.count()).toBe(0)
      const other = await context.newPage()
      await other.goto(`${stage.origin}/.auth/logout`)
      await other.getByRole('button', { name: 'Sign out' }).click()
      await reads(other, 'You are signed out')
      await closed.waitFor({ timeout: 2_000 })
      await until('the program has ended', () => programs('ended', application) === ended + 1)
    }),
  )

  attack(['T25', 'T102'], 'never sees a forged name on a handshake, in any spelling', async () => {
    for (const name of ['X-Remote-User', 'X_Remote_User', 'X-Remote_User', 'x_remote-user', ...hostileNames]) {
      if (/^x.account$/i.test(name)) continue
      expect(await firstLines(stage.origin, { cookie, [name]: 'forged' }), name).toEqual([
        'You are uwe@contoso.example.',
        '0',
        'Proxy: ',
      ])
    }
  })

  test('believes a forged name when it is asked past the gateway', async () => {
    const headers = { 'X-Remote-User': 'forged', host: new URL(stage.origin).host }
    expect((await firstLines(application.origin, headers))[0]).toBe('You are forged.')
  })

  attack(
    ['T99', 'T100'],
    'is not reached without a session, nor from another site, nor with the wrong Origin',
    async () => {
      const before = programs('begun', application)
      for (const [lines, status] of [
        [handshake(stage.origin), 401],
        [[...handshake(stage.origin), 'X-Remote-User: uwe@contoso.example'], 401],
        [[...handshake(stage.origin), 'Cookie: __Host-sid=s%3Aforged.forged'], 401],
        [[...handshake('https://evil.example'), `Cookie: ${cookie}`], 403],
        [[...handshake(stage.origin.replace('localhost', 'evil.localhost')), `Cookie: ${cookie}`], 403],
      ] as const) {
        expect((await speak(stage.origin, bytesOf(stage.origin, 'GET /', lines)))?.status).toBe(status)
      }
      expect(programs('begun', application)).toBe(before)
    },
  )

  test('never lets a caller choose the proxy of a program (CVE-2016-5385)', async () => {
    const lines = await firstLines(stage.origin, { cookie, Proxy: 'http://proxy.example:3128' })
    expect(lines[2]).toBe('Proxy: ')
  })
})

const routes = '- { path: /, access: signed-in }'
